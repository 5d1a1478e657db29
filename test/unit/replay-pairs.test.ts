import { statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inArrivalOrder } from '../../replay/arrival-order.ts';
import { mergeRecordings } from '../../replay/merged.ts';
import { ReplayedPairs } from '../../replay/pairs.ts';
import type { Answer, Exchange } from '../../src/model/exchange.ts';
import type { Pair } from '../../src/model/pair.ts';
import type { RecordedPair } from '../../src/recording/format.ts';
import { readRecording, type RecordingReader } from '../../src/recording/reader.ts';
import { createRedactor } from '../../src/recording/redact.ts';
import { openRecording } from '../../src/recording/writer.ts';
import { answerOf, pairOf, withDirectory } from '../support/recorded.ts';

function legOf(
  pair: Pair,
  side: 'legacy' | 'candidate',
  end: Answer | Exchange['outcome'],
): Exchange {
  const isFailure = typeof end === 'string';
  const outcome = isFailure ? end : 'answered';
  return { ...pair[side], outcome, answer: isFailure ? null : end };
}

const OK = answerOf(200, '{"a":1}');
const BROKEN = answerOf(500, 'broken');
const UNAVAILABLE = answerOf(503, 'later');

class Session {
  readonly pairs = new ReplayedPairs(createRedactor(Buffer.alloc(32)));
  #next = 0;

  request(
    key: string,
    isSafe: boolean,
    legacy: Answer | Exchange['outcome'],
    candidate: Answer | Exchange['outcome'],
  ): void {
    const pair = pairOf(this.#next);
    this.#next += 1;
    this.pairs.begin();
    this.pairs.settle({
      pair: {
        ...pair,
        legacy: legOf(pair, 'legacy', legacy),
        candidate: legOf(pair, 'candidate', candidate),
      },
      keys: [key],
      isSafe,
      rules: [],
    });
  }
}

describe('the pairs of a replay', () => {
  test('are counted so that the identity holds, whatever happens', () => {
    const session = new Session();
    const ends = [OK, answerOf(200, '{"a":2}'), BROKEN, UNAVAILABLE, 'timeout', 'refused'] as const;
    let key = 0;
    for (const legacy of ends) {
      for (const candidate of ends) session.request(`k${key++}`, key % 2 === 0, legacy, candidate);
    }
    const traffic = session.pairs.traffic();
    const reasons = Object.values(traffic.notComparable).reduce((sum, count) => sum + count, 0);
    expect(traffic.received).toBe(36);
    expect(traffic.mirrored).toBe(traffic.compared + reasons);
    expect(traffic.inFlight).toBe(0);
    expect(traffic.compared).toBe(traffic.matched + traffic.mismatched + traffic.ignored);
  });

  test.each([
    ['failed on the candidate', OK, BROKEN],
    ['failed on legacy', BROKEN, OK],
    ['timed out on the candidate', OK, 'timeout'],
    ['was lost on both', 'reset', 'timeout'],
  ] as const)('of a key are not judged once a write %s', (_, legacy, candidate) => {
    const session = new Session();
    session.request('a', false, legacy, candidate);
    const before = session.pairs.traffic();
    session.request('a', true, OK, answerOf(200, '{"a":2}'));
    session.request('b', true, OK, OK);
    const traffic = session.pairs.traffic();
    expect(traffic.taintedKeys).toBe(1);
    expect(traffic.notComparable.tainted).toBe(1);
    expect(traffic.mismatched).toBe(before.mismatched);
    expect(traffic.matched).toBe(before.matched + 1);
  });

  test('of a key go on being judged when both sides refused a write alike', () => {
    const session = new Session();
    session.request('a', false, BROKEN, BROKEN);
    session.request('a', false, answerOf(400, 'no'), answerOf(400, 'no'));
    session.request('a', true, OK, BROKEN);
    expect(session.pairs.traffic()).toMatchObject({ taintedKeys: 0, mismatched: 1 });
    expect(session.pairs.candidateOnlyErrors).toBe(1);
  });

  test('that mismatch are clustered with both values', () => {
    const session = new Session();
    session.request('a', true, OK, answerOf(200, '{"a":2}'));
    session.request('b', true, OK, answerOf(200, '{"a":3}'));
    expect(session.pairs.clusters).toMatchObject([
      { path: '/a', kind: 'value', count: 2, examples: [{ legacy: '1', candidate: '2' }, {}] },
    ]);
  });
});

describe('the order of arrival', () => {
  function record(atUs: number, target: string): RecordedPair {
    const request = { method: 'GET', target, headers: [], body: null };
    const none = { legacy: null, candidate: null };
    return { route: 'r', keys: [], liveSide: 'legacy', atUs, request, ...none };
  }

  async function ordered(times: readonly number[], horizonUs: number): Promise<number[]> {
    async function* source(): AsyncGenerator<RecordedPair> {
      for (const atUs of times) yield record(atUs, '/');
    }
    const found: number[] = [];
    for await (const { atUs } of inArrivalOrder(source(), horizonUs)) found.push(atUs);
    return found;
  }

  test('is restored for records that ended in another order', async () => {
    const times = Array.from({ length: 1000 }, (_, i) => i * 10 + ((i * 7919) % 90));
    expect(await ordered(times, 100)).toEqual(times.toSorted((a, b) => a - b));
    expect(await ordered([5, -3, 0], 100)).toEqual([-3, 0, 5]);
  });

  test('loses nothing that comes later than the horizon', async () => {
    const times = [0, 500, 1000, 20, 1500, 30];
    const found = await ordered(times, 100);
    expect(found.toSorted((a, b) => a - b)).toEqual(times.toSorted((a, b) => a - b));
  });

  test('is kept within a bound: the earliest go, and who comes too late is told', async () => {
    const times = [...Array.from({ length: 1000 }, (_, i) => i + (i % 2 === 0 ? 3 : 0)), 0];
    let read = 0;
    async function* source(): AsyncGenerator<RecordedPair> {
      for (const atUs of times) {
        read += 1;
        yield record(atUs, '/');
      }
    }
    let late = 0;
    let heldMax = 0;
    const found: number[] = [];
    const bound = { maxBytes: 50_000, onLate: () => (late += 1) };
    for await (const { atUs } of inArrivalOrder(source(), 1_000_000, bound)) {
      heldMax = Math.max(heldMax, read - found.length);
      found.push(atUs);
    }
    expect(heldMax).toBeLessThan(60);
    expect(late).toBe(1);
    expect(found.toSorted((a, b) => a - b)).toEqual(times.toSorted((a, b) => a - b));
    const inOrder = found.filter((atUs) => atUs !== 0);
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
  });

  test('keeps of a block no more than the bodies that wait', async () => {
    const block = Buffer.alloc(1_000_000);
    async function* source(): AsyncGenerator<RecordedPair> {
      for (const atUs of [0, 1, 2, 100, 200]) {
        const each = record(atUs, '/');
        yield { ...each, request: { ...each.request, body: block.subarray(atUs, atUs + 50_000) } };
      }
    }
    const pinned: number[] = [];
    for await (const { request } of inArrivalOrder(source(), 50)) {
      pinned.push(request.body!.buffer.byteLength);
    }
    expect(pinned).toEqual([50_000, 1_000_000, 1_000_000, 50_000, 50_000]);
  });

  test('keeps records of one moment in the order in which they were written', async () => {
    async function* source(): AsyncGenerator<RecordedPair> {
      for (const name of ['/b', '/a', '/c']) yield record(7, name);
    }
    const targets: string[] = [];
    for await (const { request } of inArrivalOrder(source(), 10)) targets.push(request.target);
    expect(targets).toEqual(['/b', '/a', '/c']);
  });
});

describe('several recordings', () => {
  async function reader(
    directory: string,
    startedAtMs: number,
    times: readonly number[],
    isCut = false,
  ): Promise<RecordingReader> {
    const path = join(directory, `${startedAtMs}.crossfade`);
    const description = { startedAtMs, origin: 'a part', key: null, routes: [] };
    const writer = openRecording(path, { maxBytes: 1e6, description });
    const none = { legacy: null, candidate: null };
    for (const atUs of times) {
      const request = { method: 'GET', target: `/${startedAtMs}/${atUs}`, headers: [], body: null };
      writer.appendRecord({ route: 'r', keys: [], liveSide: 'legacy', atUs, request, ...none });
    }
    writer.close();
    if (isCut) truncateSync(path, statSync(path).size - 5);
    return readRecording(path);
  }

  test('are one, in the order of their wall clocks, with every warning', async () => {
    await withDirectory(async (directory) => {
      const readers = await Promise.all([
        reader(directory, 1001, [0, 2500]),
        reader(directory, 1000, [0, 1500, 3000], true),
        reader(directory, 1002, []),
      ]);
      const source = mergeRecordings(readers);
      const found: [string, number][] = [];
      for await (const { request, atUs } of source.arrivals()) found.push([request.target, atUs]);
      expect(found).toEqual([
        ['/1000/0', 0],
        ['/1001/0', 1000],
        ['/1000/1500', 1500],
        ['/1000/3000', 3000],
        ['/1001/2500', 3500],
      ]);
      expect(source.records).toBe(5);
      expect(source.warnings).toHaveLength(1);
    });
  });

  test('tell of records that could not be put in order for want of room', async () => {
    await withDirectory(async (directory) => {
      const times = [5000, 4000, 3000, 2000, 1000];
      const given = mergeRecordings([await reader(directory, 1000, times)], 2500);
      let records = 0;
      for await (const { atUs } of given.arrivals()) records += atUs > 0 ? 1 : 0;
      expect(records).toBe(5);
      expect(given.warnings).toEqual([expect.stringMatching(/^out of order: \d of the records/)]);
      const roomy = mergeRecordings([await reader(directory, 2000, times)]);
      const found: number[] = [];
      for await (const { atUs } of roomy.arrivals()) found.push(atUs);
      expect(found).toEqual(times.toReversed());
      expect(roomy.warnings).toEqual([]);
    });
  });
});
