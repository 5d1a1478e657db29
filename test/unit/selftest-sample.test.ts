import { describe, expect, it } from 'vitest';
import type { RecordedPair } from '../../src/recording/format.ts';
import { type Sample, sampleAnswers } from '../../src/selftest/sample.ts';
import { answer } from '../support/answers.ts';
import { testRoute } from '../support/proxy.ts';

const BLOCK_BYTES = 1_048_576;

/** As a reader gives it: the bodies are parts of one block. */
function record(route: string, block = Buffer.alloc(BLOCK_BYTES, '1')): RecordedPair {
  const given = answer(block.subarray(10, 14));
  return {
    route,
    keys: [],
    liveSide: 'legacy',
    atUs: 0,
    request: { method: 'GET', target: route, headers: [], body: block.subarray(20, 23) },
    legacy: { outcome: 'answered', latencyUs: 1, serviceUs: 1, answer: given },
    candidate: null,
  };
}

const ROUTES = ['/a', '/b', '/c', '/d'];

function sample(records: readonly RecordedPair[], max: number): Promise<Sample> {
  const open = async function* (): AsyncGenerator<RecordedPair> {
    yield* records;
  };
  const routes = ROUTES.map((path) => testRoute(`GET ${path}`));
  return sampleAnswers(open, { routes, key: null, max, seed: 1 });
}

describe('the sample of a self-test', () => {
  it('holds bodies alone, not the blocks that they were read from', async () => {
    const { answers } = await sample([record('/a')], 1);
    const [{ answer: drawn, request }] = answers as [(typeof answers)[number]];
    expect(Buffer.from(drawn.body).toString()).toBe('1111');
    expect(drawn.body.buffer.byteLength).toBe(4);
    expect(request.body!.buffer.byteLength).toBe(3);
  });

  it('has one answer of each of the busiest routes where it cannot have one of all', async () => {
    const counts = { '/a': 1, '/b': 9, '/c': 4 };
    const records = Object.entries(counts).flatMap(([route, count]) =>
      Array.from({ length: count }, () => record(route)),
    );
    const { answers, routes } = await sample(records, 2);
    expect(answers.map(({ route }) => route).sort()).toEqual(['GET /b', 'GET /c']);
    expect([...routes]).toEqual([
      ['GET /a', 1],
      ['GET /b', 9],
      ['GET /c', 4],
      ['GET /d', 0],
    ]);
  });

  it('has some of every route where there is room', async () => {
    const records = ['/a', '/b', '/b', '/b', '/c'].map((route) => record(route));
    const { answers } = await sample(records, 4);
    const drawn = answers.map(({ route }) => route).sort();
    expect(drawn).toEqual(['GET /a', 'GET /b', 'GET /b', 'GET /c']);
  });
});
