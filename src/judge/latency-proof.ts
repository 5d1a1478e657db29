/**
 * What a latency gate's evidence is worth: bets on windows, and on single requests where these
 * are slow each for itself. In: evidence. Out: ln E against both hypotheses. Pure.
 */
import { lnBetaBinomial, lnMix, tuning } from '../kit/e-process.ts';
import { LIMITS } from '../kit/limits.ts';
import { type Side, SIDES } from '../model/exchange.ts';
import type { GateSettings } from '../model/settings.ts';
import { designEffect, type WindowShare } from './design-effect.ts';
import type { LatencyEvidence, LiveArms, TailEvidence } from './evidence.ts';
import { allowanceOf, hasOwnLimit } from './latency-windows.ts';
import { signsOf, type WindowSigns } from './sign-bets.ts';
import { crossings, lnWithinIf, signs, type WindowOutcome } from './sign-test.ts';
import { lnTwoArms } from './two-arms.ts';

export interface LatencyProof {
  /** ln E against "the candidate is within the limit": large proves harm. */
  readonly lnHarm: number;
  /** ln E against "the candidate is over the limit": large proves that it is within. */
  readonly lnOk: number;
  /** Null before there are enough windows. */
  readonly design: number | null;
}

/** Beyond it requests are slow together, and tests on single ones would fire too often. */
export const DESIGN_MAX = 1.5;
/** Windows before the design effect is known well enough. */
const DESIGN_WINDOWS_MIN = 12;
/** More windows than so many times those that there are, and nobody can say how many. */
const FORESEEN_MAX = 1000;
/** Requests over the quantile at which the test of two arms is tightest: 1.25 times as many. */
const ARM_REQUESTS_OVER = 500;
const ARM_ALPHA = 0.01;
/** Pairs apart at which their test is tightest: 1.25 times as many on the one side. */
const PARTED_PAIRS = 1000;

/** What the windows so far prove of the gate. */
export function prove(gate: GateSettings, seen: LatencyEvidence): LatencyProof {
  const { plain, crossed } = signsIn(gate, seen);
  return {
    ...weigh({
      plain,
      crossed,
      lnWorse: seen.tail.bet.lnWorse,
      requests: requestsOf(gate, seen),
    }),
    design: designOf(seen.tail),
  };
}

/** Both comparisons of its windows. */
export function signsIn(gate: GateSettings, seen: LatencyEvidence): WindowSigns {
  return seen.signs ?? signsOf(seen.points, allowanceOf(gate));
}

interface Outcomes {
  readonly plain: readonly WindowOutcome[];
  readonly crossed: readonly WindowOutcome[];
}

function outcomesOf(gate: GateSettings, { points }: LatencyEvidence): Outcomes {
  const allowance = allowanceOf(gate);
  const candidate = points.map((point) => point.candidateUs);
  const allowed = points.map((point) => point.legacyUs * allowance);
  return { plain: signs(candidate, allowed), crossed: crossings(candidate, allowed) };
}

/**
 * How many more windows pass the gate, if they are as those so far and single requests say no more
 * than now; null where it cannot be foreseen that any number does.
 */
export function windowsToPass(gate: GateSettings, seen: LatencyEvidence): number | null {
  const { plain, crossed } = outcomesOf(gate, seen);
  const requests = requestsOf(gate, seen);
  const windows = seen.points.length;
  const isEnough = (n: number): boolean => {
    const times = n / windows;
    const [plainly, crossing] = [lnWithinIf(plain, times), lnWithinIf(crossed, times)];
    return lnOkOf(plainly, crossing, requests.lnOk) >= -Math.log(gate.alpha);
  };
  let enough = windows + 1;
  while (!isEnough(enough)) {
    if (enough > FORESEEN_MAX * windows) return null;
    enough *= 2;
  }
  let less = Math.max(windows, enough >> 1);
  while (enough - less > 1) {
    const middle = (less + enough) >> 1;
    if (isEnough(middle)) enough = middle;
    else less = middle;
  }
  return enough - windows;
}

/** What {@link lnOver} and {@link lnWithin} say of the windows. */
export interface Signs {
  readonly lnOver: number;
  readonly lnWithin: number;
}

/** What the parts of a proof say, each for itself. */
export interface ProofParts {
  /** Windows by the plain comparison, and by a threshold between both sides. */
  readonly plain: Signs;
  readonly crossed: Signs;
  /** Of the bet on windows. */
  readonly lnWorse: number;
  /** Of the test of single requests, where these are heard. */
  readonly requests: OneSided;
}

/** The parts together: each has its share of the stake, fixed beforehand. */
export function weigh({ plain, crossed, lnWorse, requests }: ProofParts): OneSided {
  return {
    lnHarm: lnMix([
      [0.3, plain.lnOver],
      [0.3, crossed.lnOver],
      [0.2, lnWorse],
      [0.2, requests.lnHarm],
    ]),
    lnOk: lnOkOf(plain.lnWithin, crossed.lnWithin, requests.lnOk),
  };
}

function lnOkOf(plain: number, crossed: number, requests: number): number {
  return lnMix([
    [0.4, plain],
    [0.4, crossed],
    [0.2, requests],
  ]);
}

export type OneSided = Pick<LatencyProof, 'lnHarm' | 'lnOk'>;

/** Says neither. */
export const SILENT: OneSided = { lnHarm: -Infinity, lnOk: -Infinity };

function requestsOf(gate: GateSettings, seen: LatencyEvidence): OneSided {
  if (!isHeard(seen.tail)) return SILENT;
  const { tail, arms } = seen;
  const p = gate.quantile ?? 0.99;
  if (hasOwnLimit(gate)) {
    return byShare(tail.candidate, 1 - p, tuning(ARM_REQUESTS_OVER / (1 - p), ARM_ALPHA));
  }
  const alone = byRequests(arms, p, gate.limit);
  const paired = byPairs(tail.parted);
  const half = (question: keyof OneSided): number =>
    lnMix([
      [0.5, alone[question]],
      [0.5, paired[question]],
    ]);
  return { lnHarm: half('lnHarm'), lnOk: half('lnOk') };
}

/** Whether more, or less, than the share `p` are over the threshold. */
function byShare({ over, count }: WindowShare, p: number, c: number): OneSided {
  const lnE = count === 0 ? -Infinity : lnBetaBinomial(over, count, p, c);
  const isMore = over > p * count;
  return { lnHarm: isMore ? lnE : -Infinity, lnOk: isMore ? -Infinity : lnE };
}

/**
 * Of the pairs of which one side alone is over the threshold, half are the candidate's where it
 * is as far within the limit as legacy is within its own. With whichever side live: the least.
 * Source: McNemar 1947, by betting.
 */
function byPairs(parted: TailEvidence['parted']): OneSided {
  const c = tuning(PARTED_PAIRS, ARM_ALPHA);
  const told = SIDES.map((side) => parted[side])
    .filter(({ more, less }) => more + less >= LIMITS.windowPairsMin)
    .map(({ more, less }) => byShare({ over: more, count: more + less }, 0.5, c));
  if (told.length === 0) return SILENT;
  return {
    lnHarm: Math.min(...told.map(({ lnHarm }) => lnHarm)),
    lnOk: Math.min(...told.map(({ lnOk }) => lnOk)),
  };
}

/** Live answers of the one side against those of the other: who is over `limit` times whom. */
export function byRequests(arms: LiveArms, p: number, limit: number): OneSided {
  const c = tuning(ARM_REQUESTS_OVER / (1 - p), ARM_ALPHA);
  const legacy = { counts: arms.legacy, c };
  const { lnE, side } = lnTwoArms({ counts: arms.candidate, c }, legacy, p, limit);
  return { lnHarm: side > 0 ? lnE : -Infinity, lnOk: side < 0 ? lnE : -Infinity };
}

/**
 * Whether single requests have a say: where those of both sides are slow each for itself, as far
 * as {@link designOf} can tell. Asked of each window, and mostly answered by one side.
 */
export function isHeard({ legacy, candidate }: Pick<TailEvidence, Side>): boolean {
  if (legacy.windows < DESIGN_WINDOWS_MIN) return false;
  const first = designEffect(legacy);
  if (first !== null && first > DESIGN_MAX) return false;
  const second = designEffect(candidate);
  return second === null ? first !== null : second <= DESIGN_MAX;
}

/** The larger one of both sides' design effects; null before there are enough windows. */
function designOf(tail: Pick<TailEvidence, Side>): number | null {
  if (tail.legacy.windows < DESIGN_WINDOWS_MIN) return null;
  const legacy = designEffect(tail.legacy);
  const candidate = designEffect(tail.candidate);
  if (legacy === null || candidate === null) return legacy ?? candidate;
  return Math.max(legacy, candidate);
}
