/**
 * Gates on latency: windows until the real test passes a sound candidate, and until it fails one
 * that is slower. Windows are as they are expected: the quantiles of the two sides, and about each
 * the scatter of as many latencies as the window has beyond it.
 */
import { gateKey, type LatencyWindow, NO_LATENCY, type OverCounts } from '../judge/evidence.ts';
import { addWindow } from '../judge/latency-windows.ts';
import { LIMITS } from '../kit/limits.ts';
import { formatDuration } from '../kit/units.ts';
import {
  type GatePlanner,
  type GateQuestion,
  type Refusal,
  type Regression,
  UNKNOWN,
} from './gate-plan.ts';
import { type HeldAgainst, heldAgainst } from './held-against.ts';
import { longer, longerMs, timeOf } from './hold.ts';
import { liveRequestsFor, pairsFor } from './independent.ts';
import { exceedanceRatio } from './latency-shape.ts';
import { normalScores } from './normal-scores.ts';
import { smallest } from './search.ts';

/** More windows than this change little, and take long to judge. */
const WINDOWS_MAX = 500;
/** Answers beyond the quantile that one window of a test on windows should have. */
const BEYOND_MIN = 100;
/** Beyond so many times the limit no regression is looked for, and how finely. */
const TIMES_MAX = 16;
const FINENESS = 1.01;

/** A gate of one of the latency metrics, and what it holds the candidate against. */
interface LatencyQuestion extends GateQuestion {
  readonly held: HeldAgainst;
  readonly quantile: number;
  readonly windowMs: number;
}

/** `latency.p99.ratio < 1.05`, and every other gate on a quantile of latencies. */
export const planLatency: GatePlanner = (asked) => {
  const { gate, step, traffic } = asked;
  const held = heldAgainst(gate, traffic.shape, traffic.ratios);
  if (held === null) return UNKNOWN;
  const windowMs = Math.max(1000, gate.windowMs);
  const question = { ...asked, held, quantile: gate.quantile ?? 0.99, windowMs };
  const inHold = Math.floor(step.holdMs / windowMs);
  const most = Math.max(1, step.holdMs === 0 ? WINDOWS_MAX : Math.min(inHold, WINDOWS_MAX));
  const verdict = verdictsOf(question);
  const needed = windowsToPass(question);
  return {
    pairsPerSec: asked.pairsPerSec,
    needs: needed === null ? null : { samples: needed, unit: 'windows' },
    passesAfterMs: needed === null ? null : needed * windowMs,
    finds: findsOf((ratio) => verdict(most, ratio) === 'fail', held),
    regressions: held.slow.map(({ size, ratio }): Regression => {
      const windows = smallest(1, most, (n) => verdict(n, ratio) === 'fail');
      return {
        size,
        samples: windows,
        unit: 'windows',
        afterMs: windows === null ? null : windows * windowMs,
        independent: gate.metric === 'latency' ? independentOf(question, ratio) : null,
      };
    }),
    refusal: refusalOf(question, needed),
  };
};

/** Windows that a sound candidate passes in; null where {@link WINDOWS_MAX} are too few. */
function windowsToPass(question: LatencyQuestion): number | null {
  const verdict = verdictsOf(question);
  return smallest(1, WINDOWS_MAX, (n) => verdict(n, question.held.sound) === 'pass');
}

/** What the judge says of so many windows of a candidate with that quantile, in bases. */
function verdictsOf(question: LatencyQuestion): (windows: number, ratio: number) => string {
  const spread = spreadOf(question);
  return (windows, ratio) => (spread === null ? '' : ask(question, windows, ratio, spread));
}

/**
 * Deviation of ln of one side's quantile in a window; null where a window has too few pairs to be
 * judged. Each live side is compared apart, and both count alike: the smaller scatters more.
 */
function spreadOf(question: LatencyQuestion): number | null {
  const { held, quantile } = question;
  const strata = strataOf(question);
  if (strata.length === 0) return null;
  const variances = strata.map(
    ({ pairs }) => held.slope ** 2 / Math.max(FEWEST, pairs * (1 - quantile)),
  );
  const sum = variances.reduce((total, variance) => total + variance, 0);
  return Math.sqrt(sum) / strata.length;
}

/** The logarithm of the largest of a few scatters by 1.28 slopes, as if of 0.6 beyond. */
const FEWEST = 0.6;

function ask(question: LatencyQuestion, windows: number, ratio: number, spread: number): string {
  const { gate, held } = question;
  const legacy = normalScores(windows, 2);
  const candidate = normalScores(windows, 3);
  let seen = NO_LATENCY;
  for (let i = 0; i < windows; i += 1) {
    const base = held.isLegacy ? Math.exp(spread * legacy[i]!) : 1;
    const window = windowOf(question, base, ratio * Math.exp(spread * candidate[i]!));
    seen = addWindow(gate, seen, window);
  }
  return question.ask({ latency: new Map([[gateKey(gate), seen]]) });
}

/** A window in which both sides' quantiles are so many bases. */
function windowOf(question: LatencyQuestion, legacy: number, candidate: number): LatencyWindow {
  const { held, pairsPerSec, quantile, windowMs } = question;
  const overOf = (pairs: number, ratio: number): number => {
    const times = exceedanceRatio(ratio, held.slope);
    return Math.min(pairs, Math.round(pairs * (1 - quantile) * times));
  };
  const over = strataOf(question).map(
    ({ liveSide, pairs }): OverCounts => ({
      liveSide,
      pairs,
      legacy: held.isLegacy ? overOf(pairs, legacy) : 0,
      candidate: overOf(pairs, candidate / held.threshold),
    }),
  );
  const point = { legacyUs: held.baseUs * legacy, candidateUs: held.baseUs * candidate };
  const seconds = windowMs / 1000;
  return { point, pairs: Math.ceil(pairsPerSec * seconds), seconds, stalledSeconds: 0, over };
}

/** Pairs of both live sides in a window, of those that have enough of them. */
function strataOf({ pairsPerSec, step, windowMs }: LatencyQuestion): readonly Stratum[] {
  const pairs = (pairsPerSec * windowMs) / 1000 + ROUNDING;
  const candidate = Math.floor((pairs * step.percent) / 100 + ROUNDING);
  const strata: readonly Stratum[] = [
    { liveSide: 'legacy', pairs: Math.floor(pairs) - candidate },
    { liveSide: 'candidate', pairs: candidate },
  ];
  return strata.filter((stratum) => stratum.pairs >= LIMITS.windowPairsMin);
}

/** What a product of rates and times may lack of a whole number. */
const ROUNDING = 1e-6;

type Stratum = Pick<OverCounts, 'liveSide' | 'pairs'>;

/** The size of the smallest that fails, to 1 %; null where even a large one does not. */
function findsOf(isFound: (ratio: number) => boolean, held: HeldAgainst): number | null {
  const steps = Math.ceil(Math.log(TIMES_MAX) / Math.log(FINENESS));
  const step = smallest(1, steps, (i) => isFound(held.limit * FINENESS ** i));
  return step === null ? null : held.sizeOf(held.limit * FINENESS ** step);
}

function independentOf(question: LatencyQuestion, ratio: number): Regression['independent'] {
  const { held, livePerSec, pairsPerSec, quantile, step } = question;
  const times = exceedanceRatio(ratio / held.limit, held.slope);
  // More than all requests cannot be over a threshold.
  if (times * (1 - quantile) >= 0.5) return null;
  const isPaired = step.percent === 0 || step.percent === 100;
  const requests = isPaired
    ? pairsFor(times, quantile)
    : liveRequestsFor(times, quantile, step.percent / 100, held.slope);
  if (requests === null) return null;
  return { requests, afterMs: timeOf(requests, isPaired ? pairsPerSec : livePerSec) };
}

function refusalOf(question: LatencyQuestion, needed: number | null): Refusal | null {
  const { livePerSec, step, windowMs } = question;
  if (step.holdMs === 0) return null;
  const strata = strataOf(question);
  if (strata.length === 0) {
    return { outlook: 'unforeseen', why: tooFewPairs(question), ...longerWindow(question) };
  }
  const refusal = notWithinHold(question, needed);
  // What the candidate answers live is what a step above 0 % is for.
  const isHeard = !isSplit(step) || strata.some(({ liveSide }) => liveSide === 'candidate');
  if (isHeard) return refusal ?? tooFewBeyond(question);
  const why =
    `a window of ${formatDuration(windowMs)} has ${aboutIn(windowMs, livePerSec)} live answers ` +
    `of the candidate, and ${LIMITS.windowPairsMin} are needed`;
  // Whether it passes and when is what a run sees; a longer window comes before a longer hold.
  return {
    outlook: refusal?.outlook ?? 'thin',
    why: refusal === null ? why : `${refusal.why}; besides, ${why}`,
    ...longerWindow(question),
  };
}

/** Live answers of both sides, so that each is compared apart. */
function isSplit({ percent }: LatencyQuestion['step']): boolean {
  return percent > 0 && percent < 100;
}

function notWithinHold(question: LatencyQuestion, needed: number | null): Refusal | null {
  const { held, step, windowMs } = question;
  if (needed === null) {
    return {
      outlook: 'unforeseen',
      why: `${held.unsound} would not pass within ${WINDOWS_MAX} windows`,
      mend: 'a higher limit, or a longer window',
    };
  }
  if (needed * windowMs <= step.holdMs) return null;
  const windows = `${needed} windows of ${formatDuration(windowMs)}`;
  return {
    outlook: 'late',
    why: `it needs ${windows}, and the hold is ${formatDuration(step.holdMs)}`,
    mend: `hold: ${longer(needed * windowMs)}`,
    holdMs: longerMs(needed * windowMs),
  };
}

/** Said where neither live side has enough of them to be compared. */
function tooFewPairs({ livePerSec, pairsPerSec, step, windowMs }: LatencyQuestion): string {
  const window = `a window of ${formatDuration(windowMs)} has`;
  const most = LIMITS.windowPairsMin;
  if (!isSplit(step))
    return `${window} ${aboutIn(windowMs, pairsPerSec)} pairs, and ${most} are needed`;
  const legacy = aboutIn(windowMs, pairsPerSec - livePerSec);
  return (
    `${window} ${aboutIn(windowMs, livePerSec)} live answers of the candidate and ${legacy} of ` +
    `legacy, and ${most} of one side are needed`
  );
}

function aboutIn(windowMs: number, perSec: number): string {
  return `about ${Math.floor((perSec * windowMs) / 1000 + ROUNDING).toLocaleString('en-US')}`;
}

/** A window in which the candidate is heard, and the hold that such windows need. */
function longerWindow(question: LatencyQuestion): Pick<Refusal, 'mend' | 'windowMs'> {
  const { livePerSec, pairsPerSec, step } = question;
  const perSec = isSplit(step) ? livePerSec : pairsPerSec;
  const windowMs = longerMs(timeOf(LIMITS.windowPairsMin, perSec));
  const window = `window: ${formatDuration(windowMs)}`;
  const needed = windowsToPass({ ...question, windowMs });
  if (needed === null) return { mend: `${window} at least, and a higher limit`, windowMs };
  const neededMs = needed * windowMs;
  const hold = neededMs <= step.holdMs ? '' : `, and hold: ${longer(neededMs)}`;
  return { mend: `${window}${hold}`, windowMs };
}

/** The candidate's own live answers decide: at 0 % those that it gives as shadow. */
function tooFewBeyond(question: LatencyQuestion): Refusal | null {
  const { gate, livePerSec, pairsPerSec, quantile, step } = question;
  const perSec = step.percent === 0 ? pairsPerSec : livePerSec;
  const needed = BEYOND_MIN * certainWindows(question);
  const beyond = (p: number): number => Math.floor((perSec * (1 - p) * step.holdMs) / 1000 + 1e-6);
  if (beyond(quantile) >= needed) return null;
  const whose = step.percent === 0 ? 'its' : 'its live';
  const fits = LOWER.find((lower) => lower < quantile && beyond(lower) >= needed);
  const holdMs = longerMs(timeOf(needed / (1 - quantile), perSec));
  const hold = `hold: ${formatDuration(holdMs)}`;
  const name = nameOf(quantile);
  const other = gate.gate.split(' ')[0]!.replace(name, nameOf(fits ?? quantile));
  return {
    outlook: 'thin',
    why:
      `of ${whose} answers ${beyond(quantile).toLocaleString('en-US')} are expected beyond the ` +
      `${name}, and ${needed.toLocaleString('en-US')} are wanted`,
    mend: fits === undefined ? hold : `${hold}, or ${other}`,
    holdMs,
  };
}

const LOWER = [0.999, 0.99, 0.95, 0.9, 0.5];

function nameOf(quantile: number): string {
  return `p${Number((quantile * 100).toFixed(6))}`;
}

/** Windows that pass where every one of them is in favour of the candidate. */
function certainWindows(question: LatencyQuestion): number {
  const good = question.held.limit / 2;
  return smallest(1, WINDOWS_MAX, (n) => ask(question, n, good, 0) === 'pass') ?? WINDOWS_MAX;
}
