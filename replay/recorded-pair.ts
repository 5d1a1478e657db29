import type { Exchange, Side } from '../src/model/exchange.ts';
import type { Pair } from '../src/model/pair.ts';
import type { RecordedExchange, RecordedPair } from '../src/recording/format.ts';

/**
 * The pair as it was, under this route and key; null where only one side was recorded.
 * `startedAtMs`: when the recording began, wall clock.
 */
export function recordedPair(
  record: RecordedPair,
  route: string,
  key: string | null,
  startedAtMs: number,
): Pair | null {
  const { legacy, candidate, liveSide, request, atUs } = record;
  if (legacy === null || candidate === null) return null;
  const exchange = (side: Side, recorded: RecordedExchange): Exchange => ({
    ...recorded,
    side,
    role: side === liveSide ? 'live' : 'shadow',
  });
  return {
    route,
    key,
    liveSide,
    arrivedAtMs: startedAtMs + atUs / 1000,
    request,
    legacy: exchange('legacy', legacy),
    candidate: exchange('candidate', candidate),
  };
}
