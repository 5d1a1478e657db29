/**
 * Several recordings as one: each proxy writes its own, and together they are the traffic. In
 * the order of arrival by their wall clocks.
 */
import { assert } from '../src/kit/assert.ts';
import { LIMITS } from '../src/kit/limits.ts';
import { formatBytes } from '../src/kit/units.ts';
import type { RecordedPair, RecordingDescription } from '../src/recording/format.ts';
import type { RecordingReader } from '../src/recording/reader.ts';
import { inArrivalOrder, type ReorderBound } from './arrival-order.ts';

/** Recordings ready to be replayed. */
export interface ReplaySource {
  /** Of the first: what one configuration recorded is looked at alike. */
  readonly description: RecordingDescription;
  /** Records read so far. */
  readonly records: number;
  /** Why recordings end early, or are not in order; empty while they are whole. */
  readonly warnings: readonly string[];
  /** Each record once, by arrival; `atUs` counts from the start of the earliest recording. */
  arrivals(): AsyncGenerator<RecordedPair>;
}

/**
 * At least one reader, each of which has not been read yet. `orderMaxBytes`: of one recording held
 * while its records are put in order.
 */
export function mergeRecordings(
  readers: readonly RecordingReader[],
  orderMaxBytes: number = LIMITS.replayReorderMaxBytes,
): ReplaySource {
  const first = readers[0];
  assert(first !== undefined, 'a replay needs a recording');
  const startedAtMs = Math.min(...readers.map((reader) => reader.description.startedAtMs));
  let late = 0;
  const bound = { maxBytes: orderMaxBytes, onLate: () => (late += 1) };
  return {
    description: first.description,
    get records() {
      return readers.reduce((sum, reader) => sum + reader.summary.records, 0);
    },
    get warnings() {
      const ends = readers.flatMap(({ summary: { warning } }) => warning ?? []);
      return late === 0 ? ends : [...ends, lateText(late, orderMaxBytes)];
    },
    arrivals: () => merge(readers.map((reader) => shifted(reader, startedAtMs, bound))),
  };
}

function lateText(late: number, maxBytes: number): string {
  return (
    `out of order: ${late} of the records arrived before others that stand in front of them; ` +
    `no more than ${formatBytes(maxBytes)} of a recording are held to put them in order`
  );
}

async function* shifted(
  reader: RecordingReader,
  startedAtMs: number,
  bound: ReorderBound,
): AsyncGenerator<RecordedPair> {
  const shiftUs = (reader.description.startedAtMs - startedAtMs) * 1000;
  for await (const record of inArrivalOrder(reader, LIMITS.replayReorderMs * 1000, bound)) {
    yield shiftUs === 0 ? record : { ...record, atUs: record.atUs + shiftUs };
  }
}

/** Always the earliest of those that stand first; files are few. */
async function* merge(
  sources: readonly AsyncGenerator<RecordedPair>[],
): AsyncGenerator<RecordedPair> {
  const heads = await Promise.all(sources.map((source) => source.next()));
  try {
    for (;;) {
      let earliest = -1;
      for (const [i, head] of heads.entries()) {
        if (head.done === true) continue;
        const best = heads[earliest];
        if (best === undefined || best.value.atUs > head.value.atUs) earliest = i;
      }
      const head = heads[earliest];
      if (head === undefined || head.done === true) return;
      yield head.value;
      heads[earliest] = await sources[earliest]!.next();
    }
  } finally {
    for (const source of sources) await source.return(undefined);
  }
}
