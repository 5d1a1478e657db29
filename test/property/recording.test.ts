import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { CrossfadeError } from '../../src/kit/errors.ts';
import type { RecordedPair } from '../../src/recording/format.ts';
import { decodeRecording, type RecordingSummary } from '../../src/recording/reader.ts';
import { createRedactor, type Redactor } from '../../src/recording/redact.ts';
import { openRecording } from '../../src/recording/writer.ts';
import { pairOf, withDirectory } from '../support/recorded.ts';

const BLOCK_HEAD_BYTES = 32;
let bytes = Buffer.alloc(0);
let targets: string[] = [];
/** First byte behind each block, and the records up to there. */
const ends: { readonly end: number; readonly records: number }[] = [];

beforeAll(async () => {
  await withDirectory((directory) => {
    const path = join(directory, 'a.crossfade');
    const description = { startedAtMs: 1_700_000_000_000, origin: 'test', key: null, routes: [] };
    const writer = openRecording(path, { maxBytes: 1e6, description, blockBytes: 2500 });
    for (let i = 0; i < 30; i += 1) writer.append(pairOf(i));
    writer.close();
    bytes = readFileSync(path);
    targets = Array.from({ length: 30 }, (_, i) => pairOf(i).request.target);
  });
  let offset = 16;
  let records = 0;
  while (offset < bytes.length) {
    records += bytes.readUInt32LE(offset + 20);
    offset += BLOCK_HEAD_BYTES + bytes.readUInt32LE(offset + 8);
    ends.push({ end: offset, records });
  }
});

interface Found extends RecordingSummary {
  readonly targets: readonly string[];
}

async function read(damaged: Buffer): Promise<Found | string> {
  try {
    const reader = decodeRecording(damaged);
    const pairs: RecordedPair[] = [];
    for await (const pair of reader) pairs.push(pair);
    return { ...reader.summary, targets: pairs.map((pair) => pair.request.target) };
  } catch (error) {
    if (error instanceof CrossfadeError) return error.code;
    throw error;
  }
}

/** Records of the blocks that lie wholly before `offset`. */
function recordsBefore(offset: number): number {
  return ends.findLast(({ end }) => end <= offset)?.records ?? 0;
}

describe('a damaged recording', () => {
  test('cut at any byte gives every record of the whole blocks before, and a warning', async () => {
    expect(ends.length).toBeGreaterThan(4);
    for (let cut = 0; cut < bytes.length; cut += 1) {
      const found = (await read(bytes.subarray(0, cut))) as Found;
      expect(found.targets, `cut at ${cut}`).toEqual(targets.slice(0, recordsBefore(cut)));
      expect(found.warning, `cut at ${cut}`).toMatch(/cut off|without its end mark/);
    }
    expect(((await read(bytes)) as Found).warning).toBeNull();
  });

  test('with any one byte changed gives the records before it, and a warning', async () => {
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 1 + (at % 255);
      const found = await read(damaged);
      if (at < 16) expect(found).toMatch(/not-a-recording|recording-newer/);
      else {
        expect((found as Found).targets, `changed ${at}`).toEqual(
          targets.slice(0, recordsBefore(at)),
        );
        expect((found as Found).warning, `changed ${at}`).toContain('damaged');
      }
    }
  });

  test('never gives a wrong record, however it was mangled', async () => {
    const change = fc.record({
      at: fc.nat(20_000),
      drop: fc.nat(300),
      insert: fc.uint8Array({ maxLength: 300 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        let damaged = bytes;
        for (const { at, drop, insert } of changes) {
          const start = at % damaged.length;
          const rest = damaged.subarray(start + drop);
          damaged = Buffer.concat([damaged.subarray(0, start), insert, rest]);
        }
        const found = await read(damaged);
        if (typeof found === 'string') return;
        expect(found.targets).toEqual(targets.slice(0, found.targets.length));
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  test('with blocks exchanged or left out keeps only the prefix before them', async () => {
    const [description, first, second, third] = ends;
    const part = (from: number, to: number): Buffer => bytes.subarray(from, to);
    const swapped = Buffer.concat([
      part(0, first!.end),
      part(second!.end, third!.end),
      part(first!.end, second!.end),
    ]);
    expect((await read(swapped)) as Found).toMatchObject({ records: first!.records });
    const without = Buffer.concat([part(0, description!.end), part(first!.end, bytes.length)]);
    expect((await read(without)) as Found).toMatchObject({ records: 0 });
  });
});

describe('a recording', () => {
  const char = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  const clean = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
  // Mostly what HTTP allows, now and then what it does not.
  const latin1 = fc.oneof(
    { weight: 9, arbitrary: fc.string({ unit: clean }) },
    { weight: 1, arbitrary: fc.string({ unit: char }) },
  );
  const body = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));
  const name = fc.stringMatching(/^[A-Za-z-]{1,12}$/);
  const headers = fc.array(fc.tuple(name, latin1), { maxLength: 4 }).map((list) => list.flat());
  const answer = fc.record({
    status: fc.integer({ min: 100, max: 599 }),
    statusMessage: latin1,
    headers,
    trailers: headers,
    body,
    bodyBytes: fc.nat(),
    bodyHash: fc.option(fc.stringMatching(/^[0-9a-f]{64}$/)),
  });
  const exchange = fc.option(
    fc.oneof(
      fc.record({
        outcome: fc.constant('answered' as const),
        answer,
        latencyUs: fc.nat(),
        serviceUs: fc.nat(),
      }),
      fc.record({
        outcome: fc.constantFrom('timeout' as const, 'refused' as const, 'reset' as const),
        answer: fc.constant(null),
        latencyUs: fc.nat(),
        serviceUs: fc.nat(),
      }),
    ),
  );
  const record: fc.Arbitrary<RecordedPair> = fc.record({
    route: fc.string(),
    keys: fc.array(fc.string(), { maxLength: 3 }),
    liveSide: fc.constantFrom('legacy' as const, 'candidate' as const),
    atUs: fc.integer(),
    request: fc.record({
      method: fc.constantFrom('GET', 'POST', 'PURGE'),
      target: latin1.map((text) => `/${text}`),
      headers,
      body: fc.option(body),
    }),
    legacy: exchange,
    candidate: exchange,
  });

  test('reads back all it took, equal but for credentials, and counts the rest', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 12 }), async (records) => {
        await withDirectory(async (directory) => {
          const path = join(directory, 'a.crossfade');
          const redactor = createRedactor(Buffer.alloc(32));
          const writer = openRecording(path, { maxBytes: 1e7, redactKey: Buffer.alloc(32) });
          const kept: RecordedPair[] = [];
          for (const each of records) {
            const before = writer.dropped;
            writer.appendRecord(each);
            if (writer.dropped === before) kept.push(redacted(each, redactor));
          }
          writer.close();
          const reader = decodeRecording(readFileSync(path));
          const found: RecordedPair[] = [];
          for await (const pair of reader) found.push(pair);
          expect(reader.summary.warning).toBeNull();
          expect(found).toEqual(kept);
          expect(kept.length + writer.dropped).toBe(records.length);
        });
      }),
      { numRuns: 150, seed: 3 },
    );
  });
});

function redacted(record: RecordedPair, redactor: Redactor): RecordedPair {
  const side = (exchange: RecordedPair['legacy']): RecordedPair['legacy'] => {
    const answer = exchange?.answer ?? null;
    if (exchange === null || answer === null) return exchange;
    const headers = redactor.headers(answer.headers);
    return {
      ...exchange,
      answer: { ...answer, headers, trailers: redactor.headers(answer.trailers) },
    };
  };
  const { request } = record;
  return {
    ...record,
    request: {
      ...request,
      target: redactor.target(request.target),
      headers: redactor.headers(request.headers),
    },
    legacy: side(record.legacy),
    candidate: side(record.candidate),
  };
}
