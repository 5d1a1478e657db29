import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import type { Comparison, Pair } from '../../src/model/pair.ts';
import type { RouteSettings } from '../../src/model/settings.ts';
import {
  type Analyst,
  type AnalystOptions,
  createAnalyst,
} from '../../src/proxy/analyst/analyst.ts';
import { readRecording } from '../../src/recording/reader.ts';
import { answer, pair, rule } from '../support/answers.ts';

const SECRET = 'super-secret-cookie-value';
const WAIT = { timeout: 15_000, interval: 20 };

const route: RouteSettings = {
  match: 'GET /v1/users/:user/read-states',
  method: 'GET',
  pattern: '/v1/users/:user/read-states',
  safe: true,
  writes: 'never',
  isIdempotent: false,
  isVerifying: false,
  keys: null,
  compare: [rule('ignore', '/version')],
};

const different = pair(answer('{"a":1}'), answer('{"a":2}'));
const excused = pair(answer('{"version":1}'), answer('{"version":2}'));

function asking(target: string): Pair {
  return { ...different, request: { ...different.request, target } };
}

describe('an analyst', () => {
  const analysts: Analyst[] = [];
  let folder = '';
  let warnings: string[] = [];
  let verdicts = new Map<number, Comparison[]>();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'crossfade-analyst-'));
    warnings = [];
    verdicts = new Map();
  });
  afterEach(async () => {
    await Promise.all(analysts.splice(0).map((analyst) => analyst.close()));
    rmSync(folder, { recursive: true });
  });

  function start(changes: Partial<AnalystOptions> = {}): Analyst {
    const analyst = createAnalyst({
      routes: [route],
      record: null,
      redactKey: Buffer.alloc(32, 1),
      warn: (sentence) => warnings.push(sentence),
      ...changes,
    });
    analyst.onVerdict((id, comparison) => {
      verdicts.set(id, [...(verdicts.get(id) ?? []), comparison]);
    });
    analysts.push(analyst);
    return analyst;
  }

  function startFaulty(): Analyst {
    const threadUrl = new URL('../support/faulty-analyst-thread.ts', import.meta.url);
    return start({ threadUrl, hangMs: 1000 });
  }

  const compared = (id: number, given: Pair) => ({ id, pair: given, compare: true, record: false });

  it('answers each pair by the rules of its route and clusters what differs', async () => {
    const analyst = start();
    expect(analyst.offer(compared(1, different))).toBe(true);
    expect(analyst.offer(compared(2, excused))).toBe(true);
    expect(analyst.offer(compared(3, { ...excused, route: 'GET /other' }))).toBe(true);
    await analyst.drain();
    expect(verdicts.get(1)).toMatchObject([{ kind: 'mismatched', divergences: [{ path: '/a' }] }]);
    expect(verdicts.get(2)).toMatchObject([{ kind: 'ignored', rules: ['ignore /version'] }]);
    expect(verdicts.get(3)).toMatchObject([{ kind: 'mismatched' }]);
    expect(analyst.takeClusters()).toMatchObject([
      { route: 'GET /other', path: '/version', kind: 'value', count: 1 },
      { route: route.match, path: '/a', kind: 'value', count: 1 },
    ]);
  });

  it('takes no more than its queue holds and answers exactly what it took', async () => {
    const analyst = start();
    const ids = Array.from({ length: LIMITS.analystQueueMax + 100 }, (_, id) => id);
    const taken = ids.filter((id) => analyst.offer(compared(id, different)));
    expect(taken).toEqual(ids.slice(0, LIMITS.analystQueueMax));
    await analyst.drain();
    expect([...verdicts.keys()]).toEqual(taken);
    expect([...verdicts.values()].every((each) => each.length === 1)).toBe(true);
    expect(analyst.takeClusters()[0]?.count).toBe(taken.length);
    expect(analyst.offer(compared(-5, different))).toBe(true);
  });

  it('takes no more bytes than its budget', () => {
    const analyst = start();
    const large = pair(answer(new Uint8Array(1 << 20)), answer(new Uint8Array(1 << 20).fill(1)));
    const taken = Array.from({ length: 64 }, (_, id) => analyst.offer(compared(id, large)));
    expect(taken.filter(Boolean).length).toBe(LIMITS.analystBytesMax / (2 << 20));
  });

  it.each(['/crash', '/hang', '/exhaust'])(
    'survives a pair that makes its thread %s, keeps its clusters and goes on',
    async (target) => {
      const analyst = startFaulty();
      expect(analyst.offer(compared(1, different))).toBe(true);
      await analyst.drain();
      expect(analyst.offer(compared(2, asking(target)))).toBe(true);
      expect(analyst.offer(compared(3, different))).toBe(true);
      await analyst.drain();
      const lost = { kind: 'not-comparable', reason: 'compare-dropped' };
      expect(verdicts.get(2)).toEqual([lost]);
      expect(verdicts.get(3)).toEqual([lost]);
      expect(warnings.length).toBe(1);
      await vi.waitUntil(() => analyst.offer(compared(4, different)), WAIT);
      await analyst.drain();
      expect(verdicts.get(4)).toMatchObject([{ kind: 'mismatched' }]);
      expect(analyst.takeClusters()).toMatchObject([{ path: '/a', count: 2 }]);
    },
  );

  const recorded = (id: number, isCompared = false) => ({
    id,
    pair: {
      ...different,
      request: { ...different.request, headers: ['Cookie', `session=${SECRET}`] },
    },
    compare: isCompared,
    record: true,
  });

  it('records what it is told to, credentials replaced, and ends the file on close', async () => {
    const path = join(folder, 'pairs.xfr');
    const analyst = start({ record: { path, maxBytes: 1 << 20 } });
    analyst.offer(recorded(-1));
    analyst.offer(recorded(1, true));
    await analyst.close();
    expect([...verdicts.keys()]).toEqual([1]);
    const pairs = await Array.fromAsync(readRecording(path));
    expect(pairs.length).toBe(2);
    expect(Buffer.from(pairs[0]!.legacy!.answer!.body).toString()).toBe('{"a":1}');
    expect(Buffer.from(pairs[0]!.candidate!.answer!.body).toString()).toBe('{"a":2}');
    expect(pairs[0]!.request.headers[1]).not.toContain(SECRET);
    expect(readFileSync(path).includes(SECRET)).toBe(false);
    expect(analyst.recordsDropped()).toBe(0);
  });

  it('never writes into a recording that is there: each proxy makes its own', async () => {
    const record = { path: join(folder, 'pairs.xfr'), maxBytes: 1 << 20 };
    for (let n = 0; n < 3; n += 1) {
      const analyst = start({ record });
      analyst.offer(recorded(-1));
      await analyst.close();
    }
    expect(readdirSync(folder).sort()).toEqual(['pairs-2.xfr', 'pairs-3.xfr', 'pairs.xfr']);
  });

  it('compares on, says so once and counts when it cannot record', async () => {
    const path = join(folder, 'no-such-folder', 'pairs.xfr');
    const analyst = start({ record: { path, maxBytes: 1 << 20 } });
    analyst.offer(recorded(1, true));
    analyst.offer(recorded(2, true));
    await analyst.drain();
    await analyst.drain();
    expect([...verdicts.values()].flat().map(({ kind }) => kind)).toEqual([
      'mismatched',
      'mismatched',
    ]);
    expect(analyst.recordsDropped()).toBe(2);
    expect(warnings).toEqual([expect.stringContaining('recording has stopped')]);
  });

  it('gives up recording before it gives up comparing', () => {
    const path = join(folder, 'pairs.xfr');
    const analyst = start({ record: { path, maxBytes: 1 << 20 } });
    const half = LIMITS.analystQueueMax / 2;
    for (let id = 0; id < half; id += 1) expect(analyst.offer(recorded(id, true))).toBe(true);
    expect(analyst.offer(recorded(-1))).toBe(false);
    expect(analyst.offer(recorded(half, true))).toBe(true);
    expect(analyst.recordsDropped()).toBe(2);
  });

  it('refuses everything once it is closed', async () => {
    const analyst = start();
    await analyst.close();
    expect(analyst.offer(compared(1, different))).toBe(false);
    await analyst.drain();
  });
});
