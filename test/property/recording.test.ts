import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { CrossfadeError } from '../../src/kit/errors.ts';
import type { RecordedPair } from '../../src/recording/format.ts';
import { decodeRecording, type RecordingSummary } from '../../src/recording/reader.ts';
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
