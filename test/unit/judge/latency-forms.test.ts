/** Latency gates other than the plain ratio, from cells to verdict. */
import { describe, expect, it } from 'vitest';
import { judge } from '../../../src/judge/verdict.ts';
import { binomial, createRandom } from '../../../src/kit/random.ts';
import type { GateResult } from '../../../src/model/rollout.ts';
import type { GateSettings } from '../../../src/model/settings.ts';
import { type Cell, EMPTY_CELL, type HistogramCounts } from '../../../src/model/window.ts';
import { gatherEvidence } from '../../../src/rollout/evidence.ts';
import { gate, summaryOf } from '../../support/rollout.ts';

type Seen = Pick<Cell, 'legacy' | 'candidate'> & Partial<Cell>;

function cell(seen: Seen): Cell {
  return {
    ...EMPTY_CELL,
    route: 'GET /x',
    liveSide: 'legacy',
    pairs: 1000,
    compared: 1000,
    eligible: 1000,
    ...seen,
  };
}

function ask(
  text: string,
  seconds: number,
  cellAt: (second: number) => Seen,
  over: Partial<GateSettings> = {},
): GateResult {
  const asked = gate(text, over);
  const summaries = Array.from({ length: seconds }, (_, i) =>
    summaryOf({ startMs: i * 1000, endMs: (i + 1) * 1000, cells: [cell(cellAt(i))] }),
  );
  const evidence = { ...gatherEvidence([asked], summaries), elapsedMs: 1000 * seconds };
  return judge([asked], evidence).gates[0]!;
}

function with1000(slow: number, us = 1000, slowUs = 20_000): HistogramCounts {
  return [us, 1000 - slow, slowUs, slow];
}

describe('latency.p99 < TIME', () => {
  it('passes below, fails above, and says the time', () => {
    const fast = ask('latency.p99 < 15ms', 20, () => ({
      legacy: with1000(50),
      candidate: with1000(5),
    }));
    expect(fast).toMatchObject({ verdict: 'pass', measured: 1000, limit: 15_000 });
    expect(fast.interval).toEqual([1000, 1000]);
    expect(fast.brief).toBe('p99 1.00 ms < 15.0 ms over 20 windows');
    const slow = ask('latency.p99 < 15ms', 20, () => ({
      legacy: with1000(50),
      candidate: with1000(30),
    }));
    expect(slow).toMatchObject({ verdict: 'fail', measured: 20_000 });
    expect(slow.brief).toBe('p99 20.0 ms > 15.0 ms over 20 windows');
  });
});

describe('latency.paired.p50.ratio', () => {
  it('is about the ratios within pairs, not about the two distributions', () => {
    // Both sides have the same latencies, but six pairs in ten have a slower candidate.
    const seen: Seen = {
      legacy: with1000(500),
      candidate: with1000(500),
      ratios: [500, 400, 1500, 600],
    };
    const result = ask('latency.paired.p50.ratio < 1.05', 30, () => seen);
    expect(result).toMatchObject({ verdict: 'fail', measured: 1.5 });
    expect(result.brief).toBe("p50 of the pairs' ratios 1.5 > 1.05 over 30 windows");
    const faster = { ...seen, ratios: [500, 600, 1500, 400] };
    expect(ask('latency.paired.p50.ratio < 1.05', 30, () => faster).verdict).toBe('pass');
    expect(ask('latency.paired.p75.ratio < 1.05', 30, () => faster).verdict).toBe('fail');
    expect(ask('latency.p99.ratio < 1.05', 30, () => seen).verdict).toBe('pass');
  });

  it('is inconclusive where no ratios are told', () => {
    const seen = { legacy: with1000(5), candidate: with1000(5) };
    expect(ask('latency.paired.p50.ratio < 2', 9, () => seen).verdict).toBe('inconclusive');
  });
});

describe('latency.p99.burn', () => {
  const legacy = with1000(5);

  it('passes after twelve windows that do not burn, beside three that fix the threshold', () => {
    const calm = (): Seen => ({ legacy, candidate: with1000(9) });
    expect(ask('latency.p99.burn < 10', 14, calm).verdict).toBe('inconclusive');
    const result = ask('latency.p99.burn < 10', 15, calm);
    expect(result).toMatchObject({ verdict: 'pass', samples: 12 });
    expect(result.brief).toBe(
      "p99 burn 0.9 < 10 in 12 of 12 windows, 0.9 in the newest (over legacy's first 1.00 ms)",
    );
  });

  it('fails while the newest window and the newest twelve both burn', () => {
    const disaster =
      (from: number, to: number) =>
      (i: number): Seen => ({ legacy, candidate: with1000(i >= from && i < to ? 900 : 5) });
    expect(ask('latency.p99.burn < 10', 200, disaster(198, 200)).verdict).toBe('fail');
    expect(ask('latency.p99.burn < 10', 200, disaster(195, 199)).verdict).toBe('inconclusive');
    expect(ask('latency.p99.burn < 10', 200, disaster(180, 185)).verdict).toBe('pass');
  });

  it('does not blame the candidate for what legacy has as well', () => {
    const shared = (i: number): Seen => {
      const both = with1000(i > 190 ? 900 : 5);
      return { legacy: both, candidate: both };
    };
    const result = ask('latency.p99.burn < 10', 200, shared);
    expect(result.verdict).toBe('inconclusive');
    expect(result.brief).toMatch(/, legacy as well$/);
  });
});

describe('a gate on burning that has seen little', () => {
  const BURN = 'latency.p99.burn < 10';
  const legacy = with1000(5);
  const full = (): Seen => ({ legacy, candidate: with1000(9) });
  const thin = (): Seen => ({ ...full(), legacy: [1000, 20], candidate: [1000, 20], pairs: 20 });
  const told = (
    seconds: number,
    at: (second: number) => Seen,
    minPairs?: number,
  ): Pick<GateResult, 'missing' | 'expectedInMs' | 'brief'> =>
    ask(BURN, seconds, at, minPairs === undefined ? {} : { minPairs });

  it('names the windows that are missing: of the bar, and those held against it', () => {
    expect(told(0, full).missing).toMatch(/^a pass takes 15 more windows of 1 s/);
    expect(told(1, full).missing).toMatch(/^a pass takes 14 more windows of 1 s/);
    expect(told(3, full).missing).toMatch(/^a pass takes 12 more windows of 1 s/);
    expect(told(4, full).missing).toMatch(/^a pass takes 11 more windows of 1 s/);
    expect(told(1, full, 15_000).missing).toMatch(/^a pass takes 14 more windows of 1 s/);
  });

  it('names the pairs where the windows will bring too few, from the first window on', () => {
    expect(told(1, full, 15_001)).toMatchObject({
      missing: expect.stringMatching(/^a pass takes 14,001 more pairs/),
      brief:
        'p99 burn: 0 of 12 windows (1,000 of 15,001 pairs), limit 10, ' +
        'the first 3 windows set the bar',
    });
    expect(told(3, full, 20_000).missing).toMatch(/^a pass takes 17,000 more pairs/);
    expect(told(14, full, 20_000).brief).toContain(' in 11 of 12 windows (14,000 of 20,000 pairs)');
  });

  it('says that windows are too thin to be measured, and counts them in the time', () => {
    expect(told(4, thin)).toMatchObject({
      missing: expect.stringMatching(/^a pass takes at least 220 more pairs/),
      brief: expect.stringMatching(
        /, none of 4 windows had 100 pairs of one live side, so a longer window would help$/,
      ),
    });
    expect(told(400, thin).missing).toBe('a pass takes windows with more pairs');
    const mixed = told(8, (second) => (second % 2 === 0 ? full() : thin()));
    expect(mixed.missing).toMatch(/^a pass takes 11 more windows of 1 s, .* about 22 s /);
    expect(mixed.expectedInMs).toBe(22_000);
  });
});

describe('pairs apart', () => {
  const random = createRandom(2);
  const draw = (share: number): number => binomial(random, 1000, share);
  /** Windows differ a bit by themselves; the p99 of the one side is as often higher as lower. */
  const at = (i: number): Seen => {
    const [slow, slower] = [draw(0.004), draw(0.007)];
    return {
      legacy: with1000(slow, 1000 + (i % 3) * 100),
      candidate: with1000(slower, 1000 + ((i + 1) % 3) * 100),
      parted: [{ margin: 1.1, more: [0, slower], less: [0, slow] }],
    };
  };

  it('prove harm that the typical window does not show, and the sentence says so', () => {
    const told = ask('latency.p99.ratio < 1.1', 150, at);
    expect(told.verdict).toBe('fail');
    expect(told.brief).toBe(
      'p99 ratio 1.09 < 1.1 over 150 windows ' +
        '(medians: 1.10 ms, legacy 1.10 ms), yet all in all 0.724 % ' +
        "are over 1.32 ms, 0.39 % of legacy's over 1.20 ms",
    );
    const untold = ask('latency.p99.ratio < 1.1', 150, (i) => ({ ...at(i), parted: [] }));
    expect(untold.verdict).not.toBe('fail');
  });

  it('count for nothing at another margin', () => {
    const other = ask('latency.p99.ratio < 1.15', 150, at);
    expect(other.verdict).not.toBe('fail');
  });
});
