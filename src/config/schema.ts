/**
 * The configuration file's one source: what a file may hold, what each key means and what it is
 * when left out. Checked by check.ts, exported for editors as docs/crossfade.schema.json and
 * for people as docs/configuration.md.
 */
import { Type } from 'typebox';
import type { FileParts } from './file-parts.ts';
import { address, CLOSED, duration, file, type SchemaNode, size, valid } from './schema-forms.ts';
import { PORT, portOf } from './schema-port.ts';
import { climbOf, GATES, LADDER, MIRROR, NOISE, RESCUE } from './schema-rollout.ts';
import { COMPARE, KEY, keyOf, ROUTES, routesOf, rulesOf } from './schema-routes.ts';
import { OVERRIDES, overridesOf, upstreamNode, upstreamOf } from './schema-sides.ts';

const listen = address('Where clients connect.', '127.0.0.1:8080');

const workers = Type.Integer({
  minimum: 1,
  maximum: 256,
  description: 'Proxy processes. Default: one for each core, or 1 where a route mirrors writes.',
});

const state = Type.Enum(['shared', 'separate'], {
  description:
    'What both sides stand on. `shared`: one store; no route may mirror its writes, for they ' +
    'would be done twice. `separate`: each has its own; every write that a route names must be ' +
    'mirrored, for a rollback would lose the others. Required as soon as the canary can climb.',
});

const cookies = Type.Enum(['shared', 'separate'], {
  default: 'shared',
  description:
    "`shared`: cookies pass unchanged, and each side has to honour the other's: else a canary " +
    'user who is rolled back is signed out. `separate`: those that the candidate sets are kept ' +
    "under names of their own, so that legacy's session survives a rollback; the candidate " +
    "then never sees legacy's, and users sign in once more when they come to it.",
});

const timeouts = Type.Object(
  {
    live: Type.Optional(duration('Longest wait for a live answer; then 504.', '30s')),
    shadow: Type.Optional(duration('Longest wait for a shadow answer.', '10s')),
  },
  { ...CLOSED, description: 'Deadlines of the legs.' },
);

const record = Type.Object(
  {
    file: file('Where the recording is written.'),
    maxSize: Type.Optional(size('Recording stops at this size.', '1GiB')),
  },
  { ...CLOSED, description: 'Record requests and both answers, credentials replaced.' },
);

const store = Type.Object(
  {
    sqlite: Type.Optional(file('SQLite file; control.json stands beside it.', './crossfade.db')),
  },
  { ...CLOSED, description: 'Where the rollout and its event log are kept.' },
);

const control = Type.Object(
  { listen: Type.Optional(address('Control API; loopback only.', '127.0.0.1:8081')) },
  { ...CLOSED, description: 'The control API.' },
);

const schema = Type.Object(
  {
    listen: Type.Optional(listen),
    tls: Type.Optional(PORT.tls),
    proxyProtocol: Type.Optional(PORT.proxyProtocol),
    trustedHops: Type.Optional(PORT.trustedHops),
    limits: Type.Optional(PORT.limits),
    workers: Type.Optional(workers),
    legacy: upstreamNode('The old implementation.'),
    candidate: upstreamNode('The new implementation.'),
    twin: Type.Optional(
      upstreamNode(
        "A second instance of the old implementation, on legacy's own store. What the two answer " +
          'differently to the same read is noise. It is sent reads alone, marked as for a shadow.',
      ),
    ),
    noise: Type.Optional(NOISE),
    key: Type.Optional(KEY),
    routes: Type.Optional(ROUTES),
    compare: Type.Optional(COMPARE),
    state: Type.Optional(state),
    cookies: Type.Optional(cookies),
    ladder: Type.Optional(LADDER),
    gates: Type.Optional(GATES),
    mirror: Type.Optional(MIRROR),
    rescue: Type.Optional(RESCUE),
    timeouts: Type.Optional(timeouts),
    overrides: Type.Optional(OVERRIDES),
    record: Type.Optional(record),
    store: Type.Optional(store),
    control: Type.Optional(control),
  },
  { ...CLOSED, title: 'Crossfade configuration' },
);

/** The schema as plain JSON Schema. */
export const CONFIG_SCHEMA: SchemaNode = schema;

/** The parts of a file that fit the schema; the rest, which check.ts reports, is undefined. */
export function partsOf(given: Readonly<Record<string, unknown>>): FileParts {
  return {
    ...portOf(given),
    ...climbOf(given),
    listen: valid(listen, given['listen']),
    workers: valid(workers, given['workers']),
    legacy: upstreamOf(given['legacy']),
    candidate: upstreamOf(given['candidate']),
    twin: upstreamOf(given['twin']),
    isKeyGiven: given['key'] !== undefined,
    key: keyOf(given['key']),
    routes: routesOf(given['routes']),
    compare: rulesOf(given['compare']),
    isStateGiven: given['state'] !== undefined,
    state: valid(state, given['state']),
    cookies: valid(cookies, given['cookies']),
    timeouts: valid(timeouts, given['timeouts']),
    overrides: overridesOf(given['overrides']),
    record: valid(record, given['record']),
    store: storeOf(given),
    control: valid(control, given['control']),
  };
}

/** The store alone, of a file of which nothing else need be right. */
export function storeOf(given: Readonly<Record<string, unknown>>): FileParts['store'] {
  return valid(store, given['store']);
}
