import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Comparison } from '../../src/model/pair.ts';
import type { AnalystItem } from '../../src/proxy/analyst/analyst-messages.ts';
import {
  type Analyst,
  type AnalystOptions,
  createAnalyst,
} from '../../src/proxy/analyst/analyst.ts';
import { answer, pair } from '../support/answers.ts';

const ROUTE = 'GET /a';
const WAIT = { timeout: 15_000, interval: 20 };

function bodies(legacy: unknown, other: unknown) {
  const route = ROUTE;
  return pair(answer(JSON.stringify(legacy)), answer(JSON.stringify(other)), { route });
}

const NOISY = bodies({ id: 1, a: 1 }, { id: 2, a: 1 });
const CHANGED = bodies({ id: 1, a: 1 }, { id: 2, a: 2 });

describe('an analyst that learns noise', () => {
  const analysts: Analyst[] = [];
  const verdicts = new Map<number, Comparison>();

  afterEach(async () => {
    await Promise.all(analysts.splice(0).map((analyst) => analyst.close()));
    verdicts.clear();
  });

  function start(changes: Partial<AnalystOptions> = {}): Analyst {
    const analyst = createAnalyst({
      routes: [],
      record: null,
      redactKey: Buffer.alloc(32, 1),
      warn: () => undefined,
      noiseWorkers: 1,
      ...changes,
    });
    analyst.onVerdict((id, comparison) => verdicts.set(id, comparison));
    analysts.push(analyst);
    return analyst;
  }

  /** Legacy twice, until its route is learned. */
  async function learn(analyst: Analyst): Promise<void> {
    const item = { id: -1, compare: false, record: false, isNoise: true };
    for (let i = 0; i < 3200; i += 1) {
      const given = i < 10 ? NOISY : bodies({ a: 1 }, { a: 1 });
      await vi.waitUntil(() => analyst.offer({ ...item, pair: given }), WAIT);
    }
    await analyst.drain();
    expect(analyst.noise()?.routes).toMatchObject([{ route: ROUTE, isLearning: false }]);
  }

  async function judge(analyst: Analyst, id: number, item: Partial<AnalystItem>) {
    const whole = { id, pair: NOISY, compare: true, record: false, ...item };
    await vi.waitUntil(() => analyst.offer(whole), WAIT);
    await analyst.drain();
    return verdicts.get(id);
  }

  it('takes it out of pairs that are judged so, and of no others', async () => {
    const analyst = start();
    await learn(analyst);
    expect(await judge(analyst, 1, { noise: 'judge' })).toMatchObject({ kind: 'ignored' });
    expect(await judge(analyst, 2, {})).toMatchObject({ kind: 'mismatched' });
    const changed = await judge(analyst, 3, { noise: 'judge', pair: CHANGED });
    expect(changed).toMatchObject({ kind: 'mismatched', divergences: [{ path: '/a' }] });
    const again = await judge(analyst, 4, { noise: 'again', isTainted: true });
    expect(again).toMatchObject({ kind: 'ignored' });
    expect(analyst.noise()?.routes).toMatchObject([{ judgedPairs: 2 }]);
    expect(verdicts.has(-1)).toBe(false);
  });

  it('counts pairs that were byte-equal among those judged', async () => {
    const analyst = start();
    for (let i = 0; i < 30; i += 1) analyst.equal(ROUTE);
    await judge(analyst, 1, { noise: 'judge' });
    expect(analyst.noise()?.routes).toMatchObject([{ judgedPairs: 31 }]);
  });

  it('knows what it has learned when its thread has been lost', async () => {
    const threadUrl = new URL('../support/faulty-analyst-thread.ts', import.meta.url);
    const analyst = start({ threadUrl });
    await learn(analyst);
    const known = analyst.noise();
    analyst.offer({
      id: 1,
      pair: { ...NOISY, request: { ...NOISY.request, target: '/crash' } },
      compare: true,
      record: false,
    });
    await analyst.drain();
    expect(await judge(analyst, 2, { noise: 'judge' })).toMatchObject({ kind: 'ignored' });
    expect(analyst.noise()?.paths[0]?.noiseDiffering).toBe(known?.paths[0]?.noiseDiffering);
  });

  it('counts the differences of another candidate anew', async () => {
    const analyst = start();
    await learn(analyst);
    await judge(analyst, 1, { noise: 'judge' });
    analyst.begin();
    await judge(analyst, 2, { noise: 'judge' });
    expect(analyst.noise()?.paths).toMatchObject([{ path: '/id', judgedDiffering: 1 }]);
  });

  it('learns nothing where legacy is never asked twice', async () => {
    const analyst = createAnalyst({ routes: [], record: null, redactKey: Buffer.alloc(32, 1) });
    analysts.push(analyst);
    await analyst.drain();
    expect(analyst.noise()).toBeNull();
  });
});
