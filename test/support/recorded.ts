import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answer, Exchange } from '../../src/model/exchange.ts';
import type { Pair } from '../../src/model/pair.ts';

/** Runs with a directory of its own that is gone afterwards. */
export async function withDirectory(run: (path: string) => Promise<void> | void): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'crossfade-'));
  try {
    await run(path);
  } finally {
    rmSync(path, { recursive: true });
  }
}

export function answerOf(status: number, body: string, headers: readonly string[] = []): Answer {
  const bytes = Buffer.from(body);
  const statusMessage = 'OK';
  const bodyBytes = bytes.length;
  return { status, statusMessage, headers, trailers: [], body: bytes, bodyBytes, bodyHash: null };
}

function exchangeOf(side: Exchange['side'], answer: Answer | null): Exchange {
  return {
    side,
    role: side === 'legacy' ? 'live' : 'shadow',
    outcome: answer === null ? 'timeout' : 'answered',
    answer,
    latencyUs: 1200,
    serviceUs: 1000,
  };
}

/** A pair whose `index` can be told from every part of it. */
export function pairOf(index: number, change: Partial<Pair> = {}): Pair {
  return {
    route: 'GET /things/:id',
    key: `user-${index}`,
    liveSide: 'legacy',
    arrivedAtMs: 1_700_000_000_000 + index,
    request: {
      method: index % 3 === 0 ? 'POST' : 'GET',
      target: `/things/${index}?q=%C3%A9`,
      headers: ['Host', 'example.test', 'X-Odd', 'caf\u00e9', 'accept', '*/*'],
      body: index % 3 === 0 ? Buffer.from(`{"index":${index}}`) : null,
    },
    legacy: exchangeOf('legacy', answerOf(200, `legacy ${index}`, ['ETag', `"${index}"`])),
    candidate: exchangeOf('candidate', index % 5 === 0 ? null : answerOf(200, `c ${index}`)),
    ...change,
  };
}
