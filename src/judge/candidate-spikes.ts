import { formatDuration, formatLatency } from '../kit/units.ts';
import { formatCount, type GateJudge, gateResult } from './gate-judge.ts';

/** Spikes of the candidate alone that prove that it has them. */
const SPIKES_MAX = 3;
/** Quiet time that passes: eight periods of a collector that runs every two minutes … */
const QUIET_MAX_S = 960;
/** … or so many windows of the gate, where they are shorter. */
const QUIET_WINDOWS = 5;

/**
 * `candidate.spikes = none`: seconds in which the candidate's p99 leapt while legacy's did not.
 * Passes after a quiet time, fails at the third spike. A spike older than the quiet time is
 * forgiven as long as there are fewer than three.
 */
export const judgeCandidateSpikes: GateJudge = ({ gate, evidence }) => {
  const { spikes, shared, seconds, quietSeconds, worst } = evidence.spikes;
  const quietS = Math.min(QUIET_MAX_S, Math.ceil((QUIET_WINDOWS * gate.windowMs) / 1000));
  const most =
    worst === null
      ? ''
      : `, worst p99 ${formatLatency(worst.p99Us)} where ${formatLatency(worst.usualUs)} is usual`;
  const both = shared === 0 ? '' : `, ${formatCount(shared)} more on both sides at once`;
  const found = `${formatCount(spikes)} in ${formatCount(seconds)} seconds${most}${both}`;
  const verdict = spikes >= SPIKES_MAX ? 'fail' : quietSeconds >= quietS ? 'pass' : 'inconclusive';
  const waits =
    verdict === 'inconclusive'
      ? `; quiet for ${formatDuration(quietSeconds * 1000)} of ${formatDuration(quietS * 1000)}`
      : '';
  return gateResult(gate, {
    verdict,
    measured: spikes,
    samples: seconds,
    sentence: `candidate spikes: ${found}${waits}`,
  });
};
