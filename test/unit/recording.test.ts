import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { CrossfadeError } from '../../src/kit/errors.ts';
import type { RecordedPair } from '../../src/recording/format.ts';
import { decodeRecording, readRecording } from '../../src/recording/reader.ts';
import { openRecording } from '../../src/recording/writer.ts';
import { answerOf, pairOf, withDirectory } from '../support/recorded.ts';

const description = { startedAtMs: 1_700_000_000_000, origin: 'a test', key: null, routes: [] };
const options = { maxBytes: 10_000_000, description };

async function all(source: AsyncIterable<RecordedPair>): Promise<RecordedPair[]> {
  const pairs: RecordedPair[] = [];
  for await (const pair of source) pairs.push(pair);
  return pairs;
}

function codeThrown(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof CrossfadeError) return error.code;
    throw error;
  }
  return 'nothing';
}

describe('a recording', () => {
  test('reads back what was written: bodies, failures, odd header bytes, keys', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'a.crossfade');
      const writer = openRecording(path, { ...options, blockBytes: 1000 });
      for (let i = 0; i < 40; i += 1) writer.append(pairOf(i));
      writer.append(pairOf(40), ['a', 'b']);
      writer.close();
      writer.close();
      const reader = readRecording(path);
      const pairs = await all(reader);
      expect(reader.description).toEqual(description);
      expect(reader.summary).toEqual({ records: 41, warning: null });
      for (const [index, pair] of pairs.entries()) {
        const written = pairOf(index);
        expect(pair.request).toEqual(written.request);
        expect(pair.legacy?.answer).toEqual(written.legacy.answer);
        expect(pair.candidate?.outcome).toBe(written.candidate.outcome);
        expect(pair.candidate?.answer).toEqual(written.candidate.answer);
        expect(pair.atUs).toBe(index * 1000);
      }
      expect(pairs[39]?.keys).toEqual(['user-39']);
      expect(pairs[40]?.keys).toEqual(['a', 'b']);
    });
  });

  test('tells the proxy’s own stalls with the next record, once', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'a.crossfade');
      const writer = openRecording(path, options);
      const { startedAtMs } = description;
      writer.append(pairOf(0));
      writer.stalled({ fromMs: startedAtMs + 1000, toMs: startedAtMs + 2400, longestUs: 90_000 });
      writer.stalled({ fromMs: startedAtMs - 10, toMs: startedAtMs + 400, longestUs: 1_000_000 });
      writer.append(pairOf(1));
      writer.append(pairOf(2));
      writer.close();
      expect((await all(readRecording(path))).map(({ stall }) => stall)).toEqual([
        undefined,
        { fromUs: -10_000, toUs: 2_400_000, longestUs: 1_000_000 },
        undefined,
      ]);
    });
  });

  test('holds requests without any answer', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'a.crossfade');
      const writer = openRecording(path, options);
      const { request } = pairOf(1);
      const record: RecordedPair = {
        route: 'r',
        keys: [],
        liveSide: 'legacy',
        atUs: 5,
        request,
        legacy: null,
        candidate: null,
      };
      writer.appendRecord(record);
      writer.close();
      expect(await all(readRecording(path))).toEqual([record]);
    });
  });

  test('is for its owner alone, whatever the umask', async () => {
    await withDirectory((directory) => {
      const path = join(directory, 'a.crossfade');
      openRecording(path, options).close();
      expect(statSync(path).mode & 0o777).toBe(0o600);
    });
  });

  test('never overwrites a file and never follows a link', async () => {
    await withDirectory((directory) => {
      const existing = join(directory, 'existing');
      const link = join(directory, 'link');
      const dangling = join(directory, 'dangling');
      writeFileSync(existing, 'kept');
      chmodSync(existing, 0o666);
      symlinkSync(existing, link);
      symlinkSync(join(directory, 'nowhere'), dangling);
      for (const path of [existing, link, dangling]) {
        expect(codeThrown(() => openRecording(path, options))).toBe('recording-exists');
      }
      expect(readFileSync(existing, 'utf8')).toBe('kept');
      const missing = join(directory, 'no', 'such', 'directory');
      expect(codeThrown(() => openRecording(missing, options))).toBe('recording-unwritable');
    });
  });

  test('never holds a credential, in its bytes or in its blocks', async () => {
    await withDirectory((directory) => {
      const path = join(directory, 'a.crossfade');
      const writer = openRecording(path, options);
      const secret = 'S3cretValue0123456789';
      const names = ['Authorization', 'cookie', 'Proxy-Authorization', 'X-Api-Key', 'x-auth-token'];
      for (let i = 0; i < 50; i += 1) {
        const pair = pairOf(i);
        const headers = names.flatMap((name) => [name, name === 'cookie' ? `s=${secret}` : secret]);
        const answer = answerOf(200, 'x', ['Set-Cookie', `sid=${secret}; HttpOnly`]);
        writer.append({
          ...pair,
          request: { ...pair.request, headers: [...headers, 'Authorization', `Bearer ${secret}`] },
          legacy: { ...pair.legacy, answer: { ...answer, trailers: ['x-api-key', secret] } },
        });
      }
      writer.close();
      const bytes = readFileSync(path);
      const texts = [bytes, ...unpackedBlocks(bytes)].map((part) => part.toString('latin1'));
      expect(texts.join('')).toContain('HttpOnly');
      const encoded = [secret, Buffer.from(secret).toString('base64').slice(0, 24)];
      for (const text of encoded) expect(texts.join('')).not.toContain(text);
    });
  });

  test('drops and counts what cannot be encoded or finds no room', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'a.crossfade');
      const writer = openRecording(path, { ...options, maxBytes: 3000, blockBytes: 1 });
      const broken = pairOf(0);
      writer.append({ ...broken, request: { ...broken.request, headers: null as never } });
      expect(writer.dropped).toBe(1);
      for (let i = 0; i < 100; i += 1) writer.append(pairOf(i));
      writer.close();
      expect(writer.failure).toContain('3000 bytes');
      expect(writer.records + writer.dropped).toBe(101);
      expect(statSync(path).size).toBeLessThanOrEqual(3000);
      const reader = readRecording(path);
      expect((await all(reader)).length).toBe(writer.records);
      expect(reader.summary.warning).toBeNull();
    });
  });

  test('says what is wrong with a file that is missing, foreign or newer', async () => {
    await withDirectory((directory) => {
      expect(codeThrown(() => readRecording(join(directory, 'none')))).toBe('recording-missing');
      expect(codeThrown(() => readRecording(directory))).toBe('recording-missing');
      const text = Buffer.from('GET / HTTP/1.1, not a recording at all');
      expect(codeThrown(() => decodeRecording(text))).toBe('not-a-recording');
    });
  });
});

function unpackedBlocks(bytes: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  for (let offset = 16; offset < bytes.length; ) {
    const stored = bytes.readUInt32LE(offset + 8);
    const payload = bytes.subarray(offset + 32, offset + 32 + stored);
    blocks.push(bytes.readUInt8(offset + 5) === 1 ? zstdDecompressSync(payload) : payload);
    offset += 32 + stored;
  }
  return blocks;
}
