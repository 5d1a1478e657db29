import type { Interval } from '../kit/e-process.ts';
import { LIMITS } from '../kit/limits.ts';
import { formatLatency, formatShare } from '../kit/units.ts';
import type { GateOutcome } from '../model/rollout.ts';
import type { GateSettings } from '../model/settings.ts';
import { type Evidence, gateKey, type LatencyEvidence, NO_LATENCY } from './evidence.ts';
import {
  ABOVE_LIMIT,
  counted,
  formatRatio,
  type GateAnswer,
  type GateJudge,
  type GateQuestion,
  type Missing,
  missingMeasured,
  missingWindows,
  pairsText,
  quantileName,
  thinNote,
} from './gate-judge.ts';
import { DESIGN_MAX, type LatencyProof, prove, signsIn, windowsToPass } from './latency-proof.ts';
import { hasOwnLimit } from './latency-windows.ts';
import { medianInterval } from './quantile-interval.ts';
import { median } from './sign-test.ts';

/**
 * `latency.p99.ratio < 1.10`: in the typical window, the candidate's quantile is at most so many
 * times legacy's in the same window. `latency.p99 < 50ms`: it is at most so long.
 * `latency.paired.p50.ratio < 1.05`: in the typical window, so many of the pairs have a candidate
 * at most so many times as slow as legacy. Measured is the median of the windows, and the tests
 * are over windows, so that a pause counts once and not once for each request in it; tests of
 * single requests have a share of the stake where these are slow each for itself.
 */
export const judgeLatency: GateJudge = (question) => {
  const { gate, evidence } = question;
  const seen = evidence.latency.get(gateKey(gate));
  if (seen === undefined) return tooLittle(question, NO_LATENCY);
  const { windows, over } = signsIn(gate, seen).plain;
  if (windows === 0) return tooLittle(question, seen);
  const { unit, ...words } = wordsOf(gate);
  const proof = proofOf(gate, seen);
  const measured = (): number => unit * ratioOf(seen);
  // The typical window is beyond the limit as most are; where half are, its ratio tells.
  const isBeyond = 2 * over === windows ? measured() > gate.limit : 2 * over > windows;
  const verdict = decide(question, seen, proof, isBeyond);
  return {
    verdict,
    get measured() {
      return measured();
    },
    samples: windows,
    tell: () => {
      const { lower, upper } = shownOf(gate, seen).interval;
      return {
        ...words,
        samples: ` over ${counted(windows, 'window')}${pairsText(gate, seen)}`,
        interval: { lower: unit * lower, upper: unit * upper },
        notes: [
          bothSides(gate, seen),
          verdict === 'fail' && !isBeyond ? tailNote(gate, seen) : '',
          burstNote(proof),
          stallNote(seen),
        ],
        missing: verdict === 'inconclusive' ? missingOf(question, seen, isBeyond) : null,
      };
    },
  };
};

/** The candidate's by legacy's, window by window. */
function ratiosOf(points: LatencyEvidence['points']): Float64Array {
  const ratios = new Float64Array(points.length);
  for (let i = 0; i < ratios.length; i += 1) {
    ratios[i] = points[i]!.candidateUs / points[i]!.legacyUs;
  }
  return ratios;
}

/** ln E against "within the limit", for the next step of the climb to go on from. */
export function lnHarmOf(gate: GateSettings, evidence: Evidence): number {
  const key = gateKey(gate);
  const seen = evidence.latency.get(key);
  const lnHarm = seen === undefined ? 0 : (knownOf(gate, seen) ?? prove(gate, seen)).lnHarm;
  return withCarried(lnHarm, evidence.carried?.lnHarm.get(key));
}

/** Each step begins a bet of its own, and goes on with those of the steps before it. */
function withCarried(lnHarm: number, carried = -Infinity): number {
  return lnHarm + Math.log1p(Math.exp(Math.min(carried, LN_MAX)));
}

/** Proof enough for anything, and no overflow. */
const LN_MAX = 700;

interface Words {
  readonly name: string;
  /** What 1 stands for among the points' ratios. */
  readonly unit: number;
  readonly format: (value: number) => string;
}

function wordsOf({ metric, quantile, limit }: GateSettings): Words {
  const name = quantileName(quantile ?? 0.99);
  if (metric === 'latency.limit') return { name, unit: limit, format: formatLatency };
  if (metric === 'latency.paired') {
    return { name: `${name} of the pairs' ratios`, unit: 1, format: formatRatio };
  }
  return { name: `${name} ratio`, unit: 1, format: formatRatio };
}

function bothSides(gate: GateSettings, seen: LatencyEvidence): string {
  if (hasOwnLimit(gate)) return '';
  const { candidateUs, legacyUs } = shownOf(gate, seen);
  return ` (medians: ${formatLatency(candidateUs)}, legacy ${formatLatency(legacyUs)})`;
}

function decide(
  question: GateQuestion,
  seen: LatencyEvidence,
  { lnHarm, lnOk }: LatencyProof,
  isBeyond: boolean,
): GateOutcome {
  const { gate, evidence, harmAlpha } = question;
  if (seen.pairs < gate.minPairs) return 'inconclusive';
  const carried = evidence.carried?.lnHarm.get(gateKey(gate));
  if (withCarried(lnHarm, carried) >= -Math.log(harmAlpha)) return 'fail';
  if (isBeyond || isStalled(seen)) return 'inconclusive';
  return lnOk >= -Math.log(gate.alpha) ? 'pass' : 'inconclusive';
}

interface Proved {
  readonly gate: GateSettings;
  readonly proof: LatencyProof;
}

/** Gates are judged more often than windows close; the same windows prove and show the same. */
const proved = new WeakMap<LatencyEvidence, Proved>();
const typical = new WeakMap<LatencyEvidence, number>();
const shown = new WeakMap<LatencyEvidence, Shown>();

function knownOf(gate: GateSettings, seen: LatencyEvidence): LatencyProof | undefined {
  const known = proved.get(seen);
  return known?.gate === gate ? known.proof : undefined;
}

function proofOf(gate: GateSettings, seen: LatencyEvidence): LatencyProof {
  const known = knownOf(gate, seen);
  if (known !== undefined) return known;
  const proof = prove(gate, seen);
  proved.set(seen, { gate, proof });
  return proof;
}

/** In the typical window. */
function ratioOf(seen: LatencyEvidence): number {
  let ratio = typical.get(seen);
  if (ratio === undefined) {
    ratio = median(ratiosOf(seen.points));
    typical.set(seen, ratio);
  }
  return ratio;
}

interface Shown {
  readonly gate: GateSettings;
  /** Of the windows' ratios. */
  readonly interval: Interval;
  /** In the typical window. */
  readonly candidateUs: number;
  readonly legacyUs: number;
}

function shownOf(gate: GateSettings, seen: LatencyEvidence): Shown {
  const known = shown.get(seen);
  if (known?.gate === gate) return known;
  const { points } = seen;
  const made = {
    gate,
    interval: medianInterval(ratiosOf(points), gate.alpha),
    candidateUs: median(points.map(({ candidateUs }) => candidateUs)),
    legacyUs: median(points.map(({ legacyUs }) => legacyUs)),
  };
  shown.set(seen, made);
  return made;
}

function isStalled({ stalledSeconds, seconds }: LatencyEvidence): boolean {
  return stalledSeconds > LIMITS.proxyStalledMaxRatio * seconds;
}

/** No window that could be measured. */
function tooLittle(question: GateQuestion, seen: LatencyEvidence): GateAnswer {
  return {
    verdict: 'inconclusive',
    measured: null,
    samples: 0,
    tell: () => ({
      ...wordsOf(question.gate),
      samples: `: ${counted(seen.pairs, 'pair')} in ${counted(0, 'window')}`,
      interval: null,
      notes: [thinNote(seen), stallNote(seen)],
      missing: missingMeasured(question, seen),
    }),
  };
}

function missingOf(question: GateQuestion, seen: LatencyEvidence, isBeyond: boolean): Missing {
  const { gate } = question;
  if (isBeyond) return ABOVE_LIMIT;
  if (isStalled(seen)) {
    const most = formatShare(LIMITS.proxyStalledMaxRatio);
    const what = `no pass while the proxy stalls in more than ${most} of the seconds`;
    return { what, expectedMs: null };
  }
  const more = windowsToPass(gate, seen);
  if (more === null) {
    return { what: 'no pass while so many windows are beyond the limit', expectedMs: null };
  }
  return missingWindows(question, seen, more);
}

/** Said as soon as more than 1 % of the seconds are left out. */
function stallNote({ stalledSeconds, seconds }: LatencyEvidence): string {
  if (stalledSeconds <= 0.01 * seconds) return '';
  return `, ${formatShare(stalledSeconds / seconds)} of the seconds left out: the proxy stalled`;
}

/** What a candidate fails by that is within the limit in the typical window. */
function tailNote({ metric, limit }: GateSettings, { tail }: LatencyEvidence): string {
  const { thresholdUs, legacy, candidate } = tail;
  if (thresholdUs === null || candidate.count === 0) return '';
  const over = formatShare(candidate.over / candidate.count);
  if (metric !== 'latency') return `, yet all in all ${over} are over it`;
  const own = formatShare(legacy.over / legacy.count);
  return (
    `, yet all in all ${over} are over ${formatLatency(thresholdUs * limit)}, ` +
    `${own} of legacy's over ${formatLatency(thresholdUs)}`
  );
}

/** Said where single requests are no evidence of their own. */
function burstNote({ design }: LatencyProof): string {
  if (design === null || design <= DESIGN_MAX) return '';
  return `, slow requests come in bursts (design effect ${formatRatio(design)})`;
}
