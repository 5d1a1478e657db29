/**
 * Gates on latency: windows until the real test passes a candidate that is as fast as legacy, and
 * until it fails one that is slower. Windows are as they are expected: the ratio of the two sides'
 * quantiles, and about it the scatter of as many latencies as the window has beyond the quantile.
 */
import { gateKey, type LatencyWindow, NO_LATENCY, type OverCounts } from '../judge/evidence.ts';
import { addWindow } from '../judge/latency-windows.ts';
import { LIMITS } from '../kit/limits.ts';
import { formatDuration } from '../kit/units.ts';
import type { GatePlanner, GateQuestion, Refusal, Regression } from './gate-plan.ts';
import { longer, timeOf } from './hold.ts';
import { liveRequestsFor, pairsFor } from './independent.ts';
import { exceedanceRatio } from './latency-shape.ts';
import { normalQuantile } from './normal.ts';
import { smallest } from './search.ts';

/** How much slower the candidates are that are looked for. */
const RATIOS = [1.1, 1.25, 1.5, 2];
/** More windows than this change little, and take long to judge. */
const WINDOWS_MAX = 1000;
/** Answers beyond the quantile that one window of a test on windows should have. */
const BEYOND_MIN = 100;
const LEGACY_US = 100_000;
/** Beyond this no regression is looked for. */
const RATIO_MAX = 16;

/** `latency.p99.ratio < 1.05` */
export const planLatency: GatePlanner = (question) => {
  const { gate, step, pairsPerSec } = question;
  const windowMs = Math.max(1000, gate.windowMs);
  const inHold = Math.floor(step.holdMs / windowMs);
  const most = Math.max(1, step.holdMs === 0 ? WINDOWS_MAX : Math.min(inHold, WINDOWS_MAX));
  const scatter = scatterOf(question);
  const verdict = (windows: number, ratio: number): string =>
    scatter === null ? '' : ask(question, windows, ratio, scatter);
  const needed = smallest(1, WINDOWS_MAX, (n) => verdict(n, 1) === 'pass');
  return {
    pairsPerSec,
    needs: needed === null ? null : { samples: needed, unit: 'windows' },
    passesAfterMs: needed === null ? null : needed * windowMs,
    finds: findsOf((ratio) => verdict(most, ratio) === 'fail', gate.limit),
    regressions: RATIOS.filter((ratio) => ratio > gate.limit).map((size): Regression => {
      const windows = smallest(1, most, (n) => verdict(n, size) === 'fail');
      return {
        size,
        samples: windows,
        unit: 'windows',
        afterMs: windows === null ? null : windows * windowMs,
        independent: independentOf(question, size),
      };
    }),
    refusal: refusalOf(question, { scatter, needed, windowMs }),
  };
};

/** Deviation of ln of a window's ratio; null where a window has too few pairs to be judged. */
function scatterOf(question: GateQuestion): number | null {
  const { gate, slope } = question;
  // Each live side is compared apart, and both count alike: the smaller one scatters more.
  const strata = strataOf(question);
  if (strata.length === 0) return null;
  const above = 1 - (gate.quantile ?? 0.99);
  const variances = strata.map(({ pairs }) => (2 * slope ** 2) / Math.max(FEWEST, pairs * above));
  const sum = variances.reduce((total, variance) => total + variance, 0);
  return Math.sqrt(sum) / strata.length;
}

/** The logarithm of the largest of a few scatters by 1.28 slopes, as if of 0.6 beyond. */
const FEWEST = 0.6;

/** What the judge says of so many windows of a candidate that takes `ratio` times as long. */
function ask(question: GateQuestion, windows: number, ratio: number, scatter: number): string {
  const { gate } = question;
  let seen = NO_LATENCY;
  for (let i = 0; i < windows; i += 1) {
    seen = addWindow(gate, seen, windowOf(question, ratio * Math.exp(scatter * scoreOf(i))));
  }
  return question.ask({ latency: new Map([[gateKey(gate), seen]]) });
}

function windowOf(question: GateQuestion, ratio: number): LatencyWindow {
  const { gate, pairsPerSec, slope } = question;
  const seconds = Math.max(1000, gate.windowMs) / 1000;
  const above = 1 - (gate.quantile ?? 0.99);
  const times = exceedanceRatio(ratio / gate.limit, slope);
  const over = strataOf(question).map(
    ({ liveSide, pairs }): OverCounts => ({
      liveSide,
      pairs,
      legacy: Math.round(pairs * above),
      candidate: Math.min(pairs, Math.round(pairs * above * times)),
    }),
  );
  return {
    point: { legacyUs: LEGACY_US, candidateUs: LEGACY_US * ratio },
    pairs: Math.ceil(pairsPerSec * seconds),
    seconds,
    stalledSeconds: 0,
    over,
  };
}

/** Pairs of both live sides in a window, of those that have enough of them. */
function strataOf({ gate, pairsPerSec, step }: GateQuestion): readonly Stratum[] {
  const pairs = (pairsPerSec * Math.max(1000, gate.windowMs)) / 1000;
  const candidate = Math.floor((pairs * step.percent) / 100);
  const strata: readonly Stratum[] = [
    { liveSide: 'legacy', pairs: Math.floor(pairs) - candidate },
    { liveSide: 'candidate', pairs: candidate },
  ];
  return strata.filter((stratum) => stratum.pairs >= LIMITS.windowPairsMin);
}

type Stratum = Pick<OverCounts, 'liveSide' | 'pairs'>;

/** Normal scores in an order in which every stretch has some of each: van der Corput's. */
const SCORES: readonly number[] = Array.from({ length: WINDOWS_MAX }, (_, i) => {
  let place = 0;
  let digit = 0.5;
  for (let rest = i + 1; rest > 0; rest >>= 1, digit /= 2) place += (rest & 1) * digit;
  return normalQuantile(place);
});

function scoreOf(i: number): number {
  return SCORES[i % SCORES.length]!;
}

/** The smallest ratio that fails, to 1 %; null where even a large one does not. */
function findsOf(isFound: (ratio: number) => boolean, limit: number): number | null {
  const steps = Math.ceil(Math.log(RATIO_MAX) / Math.log(1.01));
  const step = smallest(1, steps, (i) => isFound(limit * 1.01 ** i));
  return step === null ? null : limit * 1.01 ** step;
}

function independentOf(question: GateQuestion, size: number): Regression['independent'] {
  const { gate, step, pairsPerSec, livePerSec, slope } = question;
  const quantile = gate.quantile ?? 0.99;
  const times = exceedanceRatio(size / gate.limit, slope);
  // More than all requests cannot be over a threshold.
  if (times * (1 - quantile) >= 0.5) return null;
  const isPaired = step.percent === 0 || step.percent === 100;
  const requests = isPaired
    ? pairsFor(times, quantile)
    : liveRequestsFor(times, quantile, step.percent / 100, slope);
  if (requests === null) return null;
  return { requests, afterMs: timeOf(requests, isPaired ? pairsPerSec : livePerSec) };
}

function refusalOf(
  question: GateQuestion,
  {
    scatter,
    needed,
    windowMs,
  }: {
    readonly scatter: number | null;
    readonly needed: number | null;
    readonly windowMs: number;
  },
): Refusal | null {
  const { gate, step, pairsPerSec } = question;
  if (step.holdMs === 0) return null;
  const quantile = gate.quantile ?? 0.99;
  if (scatter === null) {
    const window = longer(timeOf(LIMITS.windowPairsMin, pairsPerSec));
    return {
      why: `no window of ${formatDuration(windowMs)} has ${LIMITS.windowPairsMin} pairs`,
      mend: `window: ${window}`,
    };
  }
  if (needed === null) {
    return {
      why: `a candidate as fast as legacy would not pass within ${WINDOWS_MAX} windows`,
      mend: `a longer window, or a limit further from 1 than ${gate.limit}`,
    };
  }
  if (needed * windowMs > step.holdMs) {
    const windows = `${needed} windows of ${formatDuration(windowMs)}`;
    return {
      why: `it needs ${windows}, and the hold is ${formatDuration(step.holdMs)}`,
      mend: `hold: ${longer(needed * windowMs)}`,
    };
  }
  return tooFewBeyond(question, quantile);
}

/** The candidate's own live answers decide: at 0 % those that it gives as shadow. */
function tooFewBeyond(question: GateQuestion, quantile: number): Refusal | null {
  const { step, pairsPerSec, livePerSec } = question;
  const perSec = step.percent === 0 ? pairsPerSec : livePerSec;
  const needed = BEYOND_MIN * certainWindows(question);
  const brings = Math.floor((perSec * (1 - quantile) * step.holdMs) / 1000 + 1e-6);
  if (brings >= needed) return null;
  const name = `p${Number((quantile * 100).toFixed(6))}`;
  const whose = step.percent === 0 ? 'its' : 'its live';
  const fits = LOWER.find(
    (lower) => lower < quantile && (perSec * (1 - lower) * step.holdMs) / 1000 >= needed,
  );
  const hold = `hold: ${longer(timeOf(needed / (1 - quantile), perSec))}`;
  return {
    why:
      `of ${whose} answers ${brings.toLocaleString('en-US')} are expected beyond the ${name}, ` +
      `and ${needed.toLocaleString('en-US')} are needed`,
    mend:
      fits === undefined ? hold : `${hold}, or latency.p${Number((fits * 100).toFixed(6))}.ratio`,
  };
}

const LOWER = [0.999, 0.99, 0.95, 0.9, 0.5];

/** Windows that pass where every one of them is in favour of the candidate. */
function certainWindows(question: GateQuestion): number {
  return smallest(1, WINDOWS_MAX, (n) => ask(question, n, 0.5, 0) === 'pass') ?? WINDOWS_MAX;
}
