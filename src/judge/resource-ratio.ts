import { formatAbout } from '../kit/units.ts';
import type { GateOutcome } from '../model/rollout.ts';
import type { GateSettings } from '../model/settings.ts';
import { filledOf } from './cache-fill.ts';
import type { ResourcePoint } from './evidence.ts';
import {
  ABOVE_LIMIT,
  counted,
  formatRatio,
  type GateAnswer,
  type GateJudge,
  type GateQuestion,
  type Missing,
} from './gate-judge.ts';
import { medianInterval } from './quantile-interval.ts';
import { lnOver, lnWithin, median, signs, type WindowOutcome } from './sign-test.ts';

/** What is shown is of the newest windows: memory that has grown is seen. */
const RECENT_MS = 30 * 60_000;
/** Fewer windows than this prove nothing; what they show is told. */
const WINDOWS_MIN = 5;
/** Two of one program differ by so much in every window: being live costs up to 7 % more CPU. */
const HARM_MARGIN = 1.09;

type Pick = (point: ResourcePoint) => readonly [number | null, number | null];

/** `memory.ratio < 1.0`: resident bytes of the candidate's process over legacy's. */
export const judgeMemoryRatio: GateJudge = (question) =>
  judgeResource(question, 'memory', (point) => [point.candidateBytes, point.legacyBytes]);

/** `cpu.ratio < 1.0`: CPU time a request of the candidate's process over legacy's, by window. */
export const judgeCpuRatio: GateJudge = (question) =>
  judgeResource(question, 'cpu', (point) => [point.candidateCpu, point.legacyCpu]);

function judgeResource(question: GateQuestion, name: string, pick: Pick): GateAnswer {
  const { gate, evidence } = question;
  const judged = judgedOf(question, pick);
  const { verdict, samples, ratios, measured, missing } = judged;
  const words = { name: `${name} ratio`, format: formatRatio };
  const waiting = (more: number): Missing => ({
    what: `a pass takes ${counted(more, 'more window')} of ${formatAbout(gate.windowMs)}`,
    expectedMs: samples === 0 || evidence.elapsedMs === undefined ? null : more * gate.windowMs,
  });
  if (measured === null) {
    const both = ' with metrics of both sides (`metrics` of legacy and candidate)';
    return {
      verdict,
      measured,
      samples,
      tell: () => ({
        ...words,
        samples: `: ${samples} of ${WINDOWS_MIN} windows${both}`,
        interval: null,
        notes: [],
        missing: missing ?? waiting(WINDOWS_MIN),
      }),
    };
  }
  return {
    verdict,
    measured,
    samples,
    tell: () => ({
      ...words,
      samples: ` over ${counted(samples, 'window')}`,
      interval: samples < WINDOWS_MIN ? null : medianInterval(ratios, gate.alpha),
      notes: [],
      missing:
        verdict !== 'inconclusive'
          ? null
          : (missing ??
            (measured > gate.limit ? ABOVE_LIMIT : waiting(windowsMissing(gate, judged)))),
    }),
  };
}

/** What both sides' windows are worth, one against the other. */
interface Judged {
  readonly verdict: GateOutcome;
  /** Null without a window. */
  readonly measured: number | null;
  readonly samples: number;
  /** The candidate's by legacy's, window by window. */
  readonly ratios: readonly number[];
  readonly outcomes: readonly WindowOutcome[];
  /** Of the newest windows, the last one over the limit; -1 for none. */
  readonly lastOver: number;
  /** What is waited for before anything counts. */
  readonly missing: Missing | null;
}

interface LastJudged {
  readonly points: readonly ResourcePoint[];
  readonly harmAlpha: number;
  readonly judged: Judged;
}

/** Gates are judged more often than windows close; the same windows are worth the same. */
const lastJudged = new WeakMap<GateSettings, LastJudged>();

function judgedOf({ gate, evidence, harmAlpha }: GateQuestion, pick: Pick): Judged {
  const points = evidence.resources.get(gate.windowMs) ?? [];
  const last = lastJudged.get(gate);
  if (last?.points === points && last.harmAlpha === harmAlpha) return last.judged;
  const judged = judgeWindows(gate, points, harmAlpha, pick);
  if (points.length > 0) lastJudged.set(gate, { points, harmAlpha, judged });
  return judged;
}

function judgeWindows(
  gate: GateSettings,
  points: readonly ResourcePoint[],
  harmAlpha: number,
  pick: Pick,
): Judged {
  const filled = filledOf(points);
  const candidate: number[] = [];
  const legacy: number[] = [];
  for (const point of filled.points) {
    const [a, b] = pick(point);
    if (a === null || b === null || b <= 0) continue;
    candidate.push(a);
    legacy.push(b);
  }
  const samples = candidate.length;
  // The tests look at every window of the step, else looking again would undo their error rate;
  // what is shown, and must be within the limit for a pass in each window, is the newest half hour.
  const ratios = candidate.map((value, i) => value / legacy[i]!);
  const newest = ratios.slice(-recentOf(gate));
  const lastOver = newest.findLastIndex((ratio) => ratio > gate.limit);
  const against = (limit: number): readonly WindowOutcome[] =>
    signs(
      candidate,
      legacy.map((value) => value * limit),
    );
  const outcomes = against(gate.limit);
  const isHeard = samples >= WINDOWS_MIN && filled.missing === null;
  const isOver = isHeard && lnOver(against(HARM_MARGIN * gate.limit)) >= -Math.log(harmAlpha);
  const isWithin = isHeard && lastOver < 0 && lnWithin(outcomes) >= -Math.log(gate.alpha);
  return {
    verdict: isOver ? 'fail' : isWithin ? 'pass' : 'inconclusive',
    measured: samples === 0 ? null : median(newest),
    samples,
    ratios,
    outcomes,
    lastOver,
    missing: filled.missing,
  };
}

/** Newest windows that are looked at. */
function recentOf({ windowMs }: GateSettings): number {
  return Math.max(WINDOWS_MIN, Math.floor(RECENT_MS / windowMs));
}

/** How many more there have to be; those that are looked at must all be within the limit. */
function windowsMissing(gate: GateSettings, { samples, outcomes, lastOver }: Judged): number {
  const recent = recentOf(gate);
  const untilOut = lastOver < 0 ? 0 : lastOver + 1 + Math.max(0, recent - samples);
  const enough = Math.max(WINDOWS_MIN, windowsToPass(outcomes, gate.alpha));
  return Math.max(1, enough - samples, untilOut);
}

/** Windows that pass, all in all, if those still to come are within the limit. */
function windowsToPass(outcomes: readonly WindowOutcome[], alpha: number): number {
  const good: WindowOutcome[] = [...outcomes];
  while (lnWithin(good) < -Math.log(alpha)) good.push(-1);
  return good.length;
}
