import type { RecordedPair } from '../src/recording/format.ts';

/**
 * The records in the order in which they arrived; a recording holds them in the order in which
 * they ended. Holds back as much as lies within `horizonUs` of the newest arrival, and no more:
 * a record that comes later than that is given at once, out of order.
 */
export async function* inArrivalOrder(
  records: AsyncIterable<RecordedPair>,
  horizonUs: number,
): AsyncGenerator<RecordedPair> {
  let waiting: RecordedPair[] = [];
  let newestUs = -Infinity;
  let sortAfterUs = -Infinity;
  for await (const record of records) {
    waiting.push(record);
    newestUs = Math.max(newestUs, record.atUs);
    // Sorting once per horizon, not per record, keeps long recordings cheap.
    if (newestUs - sortAfterUs < horizonUs) continue;
    sortAfterUs = newestUs;
    const { due, rest } = split(waiting, newestUs - horizonUs);
    waiting = rest;
    yield* due;
  }
  yield* split(waiting, Infinity).due;
}

function split(
  records: RecordedPair[],
  beforeUs: number,
): { readonly due: RecordedPair[]; readonly rest: RecordedPair[] } {
  // Stable: what arrived together stays in the order in which it ended.
  records.sort((a, b) => a.atUs - b.atUs);
  let end = 0;
  while (end < records.length && records[end]!.atUs <= beforeUs) end += 1;
  return { due: records.slice(0, end), rest: records.slice(end) };
}
