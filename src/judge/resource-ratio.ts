import { formatAbout } from '../kit/units.ts';
import type { GateOutcome } from '../model/rollout.ts';
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
  const { gate, evidence, harmAlpha } = question;
  const candidate: number[] = [];
  const legacy: number[] = [];
  const filled = filledOf(evidence.resources.get(gate.windowMs) ?? []);
  for (const point of filled.points) {
    const [a, b] = pick(point);
    if (a === null || b === null || b <= 0) continue;
    candidate.push(a);
    legacy.push(b);
  }
  const samples = candidate.length;
  const words = { name: `${name} ratio`, format: formatRatio };
  const waiting = (more: number): Missing => ({
    what: `a pass takes ${counted(more, 'more window')} of ${formatAbout(gate.windowMs)}`,
    expectedMs: samples === 0 || evidence.elapsedMs === undefined ? null : more * gate.windowMs,
  });
  if (samples === 0) {
    const both = ' with metrics of both sides (`metrics` of legacy and candidate)';
    return {
      verdict: 'inconclusive',
      measured: null,
      samples,
      tell: () => ({
        ...words,
        samples: `: ${samples} of ${WINDOWS_MIN} windows${both}`,
        interval: null,
        notes: [],
        missing: filled.missing ?? waiting(WINDOWS_MIN),
      }),
    };
  }
  // The tests look at every window of the step, else looking again would undo their error rate;
  // what is shown, and must be within the limit for a pass in each window, is the newest half hour.
  const recent = Math.max(WINDOWS_MIN, Math.floor(RECENT_MS / gate.windowMs));
  const ratios = candidate.map((value, i) => value / legacy[i]!);
  const newest = ratios.slice(-recent);
  const measured = median(newest);
  const lastOver = newest.findLastIndex((ratio) => ratio > gate.limit);
  const against = (limit: number): readonly WindowOutcome[] =>
    signs(
      candidate,
      legacy.map((value) => value * limit),
    );
  const outcomes = against(gate.limit);
  const isEnough = samples >= WINDOWS_MIN;
  const isHeard = isEnough && filled.missing === null;
  const isOver = isHeard && lnOver(against(HARM_MARGIN * gate.limit)) >= -Math.log(harmAlpha);
  const isWithin = isHeard && lastOver < 0 && lnWithin(outcomes) >= -Math.log(gate.alpha);
  const verdict: GateOutcome = isOver ? 'fail' : isWithin ? 'pass' : 'inconclusive';
  // The newest window over the limit has to be older than what is looked at.
  const untilOut = lastOver < 0 ? 0 : lastOver + 1 + Math.max(0, recent - newest.length);
  const untilProved = (): number =>
    Math.max(1, Math.max(WINDOWS_MIN, windowsToPass(outcomes, gate.alpha)) - samples, untilOut);
  return {
    verdict,
    measured,
    samples,
    tell: () => ({
      ...words,
      samples: ` over ${counted(samples, 'window')}`,
      interval: isEnough ? medianInterval(ratios, gate.alpha) : null,
      notes: [],
      missing:
        verdict !== 'inconclusive'
          ? null
          : (filled.missing ?? (measured > gate.limit ? ABOVE_LIMIT : waiting(untilProved()))),
    }),
  };
}

/** Windows that pass, all in all, if those still to come are within the limit. */
function windowsToPass(outcomes: readonly WindowOutcome[], alpha: number): number {
  const good: WindowOutcome[] = [...outcomes];
  while (lnWithin(good) < -Math.log(alpha)) good.push(-1);
  return good.length;
}
