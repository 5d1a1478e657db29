import { describe, expect, it } from 'vitest';
import {
  countedOf,
  type HoldSpan,
  type HoldState,
  lostText,
  NO_HOLD,
  withSpan,
} from '../../../src/rollout/hold-time.ts';
import { settingsOf, simulateRollout, step, summaryOf } from '../../support/rollout.ts';

const GOOD: HoldSpan = { spanMs: 1000, stalledMs: 0, splitMs: 0, pairs: 500, failed: 2 };

function after(seconds: number, over: Partial<HoldSpan>, from: HoldState = NO_HOLD): HoldState {
  let hold = from;
  for (let i = 0; i < seconds; i += 1) hold = withSpan(hold, { ...GOOD, ...over });
  return hold;
}

describe('time of a step', () => {
  it('counts, also of a minute that is not over', () => {
    expect(countedOf(after(90, {}))).toBe(90_000);
    expect(lostText(after(90, {}))).toBe('');
  });

  it.each([
    ['low traffic', { pairs: 0, failed: 0 }],
    ['outage', { failed: 300 }],
    ['wrong split', { splitMs: 1000 }],
    ['proxy stalled', { stalledMs: 1000 }],
  ] as const)('of a minute with %s does not count', (reason, over) => {
    const hold = after(120, over, after(60, {}));
    expect(countedOf(hold)).toBe(60_000);
    expect(lostText(hold)).toBe(`2 min did not count: ${reason} 2 min`);
  });

  it('counts by the second where the proxy stalls, by the minute where traffic is low', () => {
    const stalled = after(15, { stalledMs: 1000 }, after(45, {}));
    expect(countedOf(stalled)).toBe(45_000);
    // Nine pairs in a minute are too few, ten are enough, whichever second they come in.
    const quiet = { pairs: 0, failed: 0 };
    const few = (pairs: number): HoldState => after(59, quiet, after(1, { pairs, failed: 0 }));
    expect(countedOf(few(9))).toBe(0);
    expect(countedOf(few(10))).toBe(60_000);
  });

  it('says what is lost, most of it first', () => {
    const hold = after(60, { failed: 300 }, after(120, { pairs: 0, failed: 0 }, after(60, {})));
    expect(lostText(hold)).toBe('3 min did not count: low traffic 2 min, outage 60 s');
  });
});

describe('a hold', () => {
  const settings = settingsOf({ ladder: [step(0, 300_000), step(1, 300_000)], gates: [] });

  it('lasts longer by what did not count, and says why and how long', async () => {
    const rollout = await simulateRollout(settings);
    const { behaviour, controller } = rollout;
    rollout.run(120);
    behaviour.pairsPerSec = 10;
    behaviour.candidateErrorRatio = 1;
    rollout.run(120);
    const [waiting] = controller.status().rollout.waitingFor;
    expect(waiting).toMatch(
      /^3m more of the 5m hold at 0 %: 2 min did not count: outage 2 min; expected in about \d/,
    );
    behaviour.candidateErrorRatio = 0;
    // Five minutes have passed after sixty seconds; nine tenths of them count 90 s later.
    const seconds = rollout.runUntil(() => controller.assignment().canaryPercent === 1, 400);
    expect(seconds).toBeGreaterThan(145);
    expect(seconds).toBeLessThan(155);
  });

  it('does not end by time in which hardly anybody asks', async () => {
    const rollout = await simulateRollout(settings);
    const { controller, clock } = rollout;
    for (let i = 0; i < 1200; i += 1) {
      const startMs = clock.wallMs();
      clock.advance(1000);
      const { revision } = controller.assignment();
      const { traffic } = controller.status();
      controller.accept(summaryOf({ startMs, endMs: startMs + 1000, revision, traffic }));
    }
    expect(controller.assignment().canaryPercent).toBe(0);
    expect(controller.status().rollout.waitingFor[0]).toMatch(
      /^5m more of the 5m hold at 0 %: 20 min did not count: low traffic 20 min$/,
    );
  });

  it('goes on after a restart with what counted', async () => {
    const rollout = await simulateRollout(settings);
    rollout.run(150);
    await rollout.controller.close();
    const next = await simulateRollout(settings, rollout.store, rollout.clock);
    const seconds = next.runUntil(() => next.controller.assignment().canaryPercent === 1, 400);
    expect(seconds).toBeGreaterThan(145);
    expect(seconds).toBeLessThan(156);
  });
});
