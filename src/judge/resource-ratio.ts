import { formatDuration } from '../kit/units.ts';
import type { GateOutcome } from '../model/rollout.ts';
import type { GateSettings } from '../model/settings.ts';
import type { ResourcePoint } from './evidence.ts';
import { formatCount, formatRatio, type GateJudge, gateResult } from './gate-judge.ts';
import { lnOver, lnWithin, median, signs } from './sign-test.ts';

/** What is shown is of the newest windows: memory that has grown is seen. */
const RECENT_MS = 30 * 60_000;
/** Fewer windows than this say nothing. */
const WINDOWS_MIN = 5;

type Pick = (point: ResourcePoint) => readonly [number | null, number | null];

/** `memory.ratio < 1.0`: resident bytes of the candidate's process over legacy's. */
export const judgeMemoryRatio: GateJudge = ({ gate, evidence, harmAlpha }) =>
  judgeResource(gate, 'memory', evidence.resources.get(gate.windowMs) ?? [], harmAlpha, (point) => [
    point.candidateBytes,
    point.legacyBytes,
  ]);

/** `cpu.ratio < 1.0`: CPU time of the candidate's process over legacy's, window by window. */
export const judgeCpuRatio: GateJudge = ({ gate, evidence, harmAlpha }) =>
  judgeResource(gate, 'cpu', evidence.resources.get(gate.windowMs) ?? [], harmAlpha, (point) => [
    point.candidateCpu,
    point.legacyCpu,
  ]);

function judgeResource(
  gate: GateSettings,
  name: string,
  points: readonly ResourcePoint[],
  harmAlpha: number,
  pick: Pick,
): ReturnType<GateJudge> {
  const candidate: number[] = [];
  const legacy: number[] = [];
  for (const point of points) {
    const [a, b] = pick(point);
    if (a === null || b === null || b <= 0) continue;
    candidate.push(a);
    legacy.push(b);
  }
  const samples = candidate.length;
  if (samples < WINDOWS_MIN) {
    const sentence =
      `${name} ratio: ${samples} of ${WINDOWS_MIN} windows of ${formatDuration(gate.windowMs)} ` +
      'with metrics of both sides (`metrics` of legacy and candidate)';
    return gateResult(gate, { verdict: 'inconclusive', measured: null, samples, sentence });
  }
  // The tests look at every window of the step, else looking again would undo their error rate;
  // what is shown, and must be within the limit for a pass, is the newest half hour.
  const recent = Math.max(WINDOWS_MIN, Math.floor(RECENT_MS / gate.windowMs));
  const ratios = candidate.map((value, i) => value / legacy[i]!);
  const measured = median(ratios.slice(-recent));
  const outcomes = signs(
    candidate,
    legacy.map((value) => value * gate.limit),
  );
  const isOver = lnOver(outcomes) >= -Math.log(harmAlpha);
  const isWithin = measured <= gate.limit && lnWithin(outcomes) >= -Math.log(gate.alpha);
  const verdict: GateOutcome = isOver ? 'fail' : isWithin ? 'pass' : 'inconclusive';
  const sign = measured > gate.limit ? '>' : '<';
  const sentence =
    `${name} ratio ${formatRatio(measured)} ${sign} ${formatRatio(gate.limit)} over ` +
    `${formatCount(samples)} windows${verdict === 'inconclusive' ? ', not proved yet' : ''}`;
  return gateResult(gate, { verdict, measured, samples, sentence });
}
