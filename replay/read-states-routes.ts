/** How Crossfade is to look at the Read States API: for generated recordings and the demo. */
import type { KeySource, RouteSettings } from '../src/model/settings.ts';

/** Everything of one user belongs together. */
export const READ_STATES_KEY: readonly KeySource[] = [
  { from: 'path', pattern: '/v1/users/:user/*', name: 'user' },
];

function route(match: string, settings: Partial<RouteSettings> = {}): RouteSettings {
  const space = match.indexOf(' ');
  return {
    match,
    method: match.slice(0, space),
    pattern: match.slice(space + 1),
    safe: false,
    writes: 'never',
    isIdempotent: false,
    isVerifying: false,
    keys: null,
    compare: [],
    ...settings,
  };
}

const WRITE = { writes: 'mirror' } as const;

/** Queries are reads by POST; mentions belong to every user named in their body. */
export const READ_STATES_ROUTES: readonly RouteSettings[] = [
  route('GET /v1/users/:user/read-states'),
  route('GET /v1/users/:user/read-states/:channel'),
  route('POST /v1/users/:user/read-states/query', { safe: true }),
  route('POST /v1/users/:user/channels/:channel/messages/:message/ack', WRITE),
  route('POST /v1/users/:user/channels/:channel/pins/ack', WRITE),
  route('POST /v1/users/:user/read-states/ack-bulk', WRITE),
  route('POST /v1/channels/:channel/mentions', {
    ...WRITE,
    keys: [{ from: 'body', path: '/user_ids/*' }],
  }),
  route('DELETE /v1/users/:user/read-states/:channel', WRITE),
];
