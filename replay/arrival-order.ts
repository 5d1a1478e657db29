import type { RecordedExchange, RecordedPair } from '../src/recording/format.ts';

/** How much is held back to put records in order. */
export interface ReorderBound {
  readonly maxBytes: number;
  /** A record came behind others that it arrived before, as those could not be held any longer. */
  readonly onLate: () => void;
}

const UNBOUNDED: ReorderBound = { maxBytes: Infinity, onLate: () => undefined };

/**
 * The records in the order in which they arrived; a recording holds them in the order in which
 * they ended. Holds back as much as lies within `horizonUs` of the newest arrival, up to twice
 * that, and about as many bytes as the bound says: beyond it the earliest go. A record that comes
 * later than that is given out of order.
 */
export async function* inArrivalOrder(
  records: AsyncIterable<RecordedPair>,
  horizonUs: number,
  { maxBytes, onLate }: ReorderBound = UNBOUNDED,
): AsyncGenerator<RecordedPair> {
  let waiting: RecordedPair[] = [];
  let bytes = 0;
  let newestUs = -Infinity;
  let sortAfterUs = -Infinity;
  let givenEarlyUs = -Infinity;
  for await (const record of records) {
    if (record.atUs < givenEarlyUs) onLate();
    waiting.push(record);
    bytes += bytesOf(record);
    newestUs = Math.max(newestUs, record.atUs);
    const isFull = bytes > maxBytes;
    // Sorting once per horizon, not per record, keeps long recordings cheap.
    if (!isFull && newestUs - sortAfterUs < horizonUs) continue;
    sortAfterUs = newestUs;
    const beforeUs = newestUs - horizonUs;
    const { due, rest } = split(waiting, beforeUs, isFull ? maxBytes / 2 : Infinity);
    waiting = rest.map(withOwnBodies);
    bytes = rest.reduce((sum, each) => sum + bytesOf(each), 0);
    const lastUs = due.at(-1)?.atUs ?? beforeUs;
    if (lastUs > beforeUs) givenEarlyUs = Math.max(givenEarlyUs, lastUs);
    yield* due;
  }
  yield* split(waiting, Infinity, Infinity).due;
}

/** Due are those that arrived by then, and the earliest of those that are too much to hold. */
function split(
  records: RecordedPair[],
  beforeUs: number,
  maxBytes: number,
): { readonly due: RecordedPair[]; readonly rest: RecordedPair[] } {
  // Stable: what arrived together stays in the order in which it ended.
  records.sort((a, b) => a.atUs - b.atUs);
  let left = records.reduce((sum, record) => sum + bytesOf(record), 0);
  let end = 0;
  while (end < records.length && (records[end]!.atUs <= beforeUs || left > maxBytes)) {
    left -= bytesOf(records[end]!);
    end += 1;
  }
  return { due: records.slice(0, end), rest: records.slice(end) };
}

/** About what a record takes beside its fields and bodies. */
const RECORD_BYTES = 1024;

function bytesOf({ request, legacy, candidate }: RecordedPair): number {
  const { target, headers, body } = request;
  const own = RECORD_BYTES + target.length + textBytes(headers) + (body?.length ?? 0);
  return own + answerBytes(legacy) + answerBytes(candidate);
}

function answerBytes(exchange: RecordedExchange | null): number {
  const answer = exchange?.answer ?? null;
  return answer === null ? 0 : answer.body.length + textBytes(answer.headers);
}

function textBytes(texts: readonly string[]): number {
  let sum = 0;
  for (const text of texts) sum += text.length;
  return sum;
}

/** Bodies are parts of a block of many records: whoever waits keeps no block for its own part. */
function withOwnBodies(record: RecordedPair): RecordedPair {
  const { request, legacy, candidate } = record;
  const body = request.body === null ? null : Buffer.from(request.body);
  return {
    ...record,
    request: { ...request, body },
    legacy: withOwnBody(legacy),
    candidate: withOwnBody(candidate),
  };
}

function withOwnBody(exchange: RecordedExchange | null): RecordedExchange | null {
  const answer = exchange?.answer ?? null;
  if (exchange === null || answer === null) return exchange;
  return { ...exchange, answer: { ...answer, body: Buffer.from(answer.body) } };
}
