import { spawn } from 'node:child_process';
import { json } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { generateStream } from '../support/wire-generate.ts';
import { predict } from '../support/wire-reference.ts';
import { runStreams, type Tally } from '../support/wire-streams.ts';

/** Changing it changes what is tried; the soak tries others. */
const SEED = 1;
const STREAMS = 100_000;

async function soak(streams: number, seed: number): Promise<Tally> {
  const args = ['bench/soak.ts', '--json', '--streams', `${streams}`, '--seed', `${seed}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return (await json(child.stdout)) as Tally;
}

describe('generated streams of requests', () => {
  test('none of 100,000 makes the proxy lose step', { timeout: 900_000 }, async () => {
    const tally = await soak(STREAMS, SEED);
    expect(tally.desyncs).toEqual([]);
    expect(tally.streams).toBe(STREAMS);
    // What was tried was worth trying.
    expect(tally.good).toBeGreaterThan(STREAMS * 0.3);
    expect(tally.refused).toBeGreaterThan(STREAMS * 0.3);
    expect(tally.forwarded).toBeGreaterThan(STREAMS * 1.5);
    expect(tally.mirrored).toBeGreaterThan(STREAMS * 0.05);
    // It refuses nothing that the rules of docs/wire.md allow.
    expect(tally.stricter).toBe(0);
    expect(tally.late).toBeLessThan(STREAMS / 1000);
  });

  test('every safe request of 2,000 reaches the shadow as it reached the live side', async () => {
    const options = { seed: 7_000_000, streams: 2000, width: 64, mirrorPercent: 100 };
    const tally = await runStreams(options);
    expect(tally.desyncs).toEqual([]);
    expect(tally.mirrored).toBeGreaterThan(1000);
  });
});

describe('the reference', () => {
  test('takes every stream to which nothing was done, whole', () => {
    for (let seed = 1; seed <= 5000; seed += 1) {
      const { text, isGood } = generateStream(seed);
      if (isGood) expect(['open', 'closed']).toContain(predict(text).end);
    }
  });

  test.each([
    ['GET / HTTP/1.1\r\nHost: h\r\n\r\n', 1, 'open'],
    ['GET / HTTP/1.1\r\nHost: h\r\n\r\nGET', 1, 'partial'],
    ['GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET', 1, 'closed'],
    ['POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET\0', 1, 'partial'],
    ['POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab', 0, 'partial'],
    ['POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 1, 'open'],
    ['POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n', 0, 'refused'],
    ['POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na', 0, 'refused'],
  ])('reads %j as %d and %s', (text, count, end) => {
    const found = predict(text);
    expect({ count: found.requests.length, end: found.end }).toEqual({ count, end });
  });

  test('the same seed makes the same stream', () => {
    expect(generateStream(42)).toEqual(generateStream(42));
    expect(generateStream(42).text).not.toBe(generateStream(43).text);
  });
});
