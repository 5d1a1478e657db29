import type { Answer, Exchange, Side } from '../../src/model/exchange.ts';
import type { Pair } from '../../src/model/pair.ts';
import type { CompareRule } from '../../src/model/settings.ts';

/** An answer with this body; JSON unless headers say otherwise. */
export function answer(
  body: string | Uint8Array,
  headers: readonly string[] = ['content-type', 'application/json'],
  status = 200,
): Answer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return {
    status,
    statusMessage: 'OK',
    headers,
    trailers: [],
    body: bytes,
    bodyBytes: bytes.length,
    bodyHash: null,
  };
}

export function exchange(
  side: Side,
  given: Answer | null,
  isLive: boolean = side === 'legacy',
): Exchange {
  return {
    side,
    role: isLive ? 'live' : 'shadow',
    outcome: given === null ? 'timeout' : 'answered',
    answer: given,
    latencyUs: 1000,
    serviceUs: 900,
  };
}

/** A pair of GET answers with legacy live; null is a side that timed out. */
export function pair(
  legacy: Answer | null,
  candidate: Answer | null,
  changes: Partial<Pair> = {},
): Pair {
  return {
    route: 'GET /v1/users/:user/read-states',
    key: '1',
    liveSide: 'legacy',
    arrivedAtMs: Date.UTC(2026, 0, 15),
    request: { method: 'GET', target: '/v1/users/1/read-states', headers: [], body: null },
    legacy: exchange('legacy', legacy),
    candidate: exchange('candidate', candidate),
    ...changes,
  };
}

export function rule(
  as: CompareRule['as'],
  path: string,
  changes: Partial<CompareRule> = {},
): CompareRule {
  return { path, as, by: [], tolerance: 0, reason: '', owner: '', until: '', ...changes };
}
