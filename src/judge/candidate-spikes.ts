import { formatAbout, formatLatency } from '../kit/units.ts';
import { counted, formatCount, type GateJudge } from './gate-judge.ts';

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
  const verdict = spikes >= SPIKES_MAX ? 'fail' : quietSeconds >= quietS ? 'pass' : 'inconclusive';
  return {
    verdict,
    measured: spikes,
    samples: seconds,
    tell: () => {
      const left = formatAbout((quietS - quietSeconds) * 1000);
      const usual = worst === null ? '' : formatLatency(worst.usualUs);
      return {
        name: 'candidate spikes',
        format: formatCount,
        samples: `: ${formatCount(spikes)} in ${counted(seconds, 'second')}`,
        interval: null,
        notes: [
          ...(worst === null
            ? []
            : [`, worst p99 ${formatLatency(worst.p99Us)} where ${usual} is usual`]),
          ...(shared === 0 ? [] : [`, ${formatCount(shared)} more on both sides at once`]),
        ],
        missing:
          verdict === 'inconclusive'
            ? {
                what: `a pass takes ${left} more without a spike`,
                expectedMs:
                  evidence.elapsedMs === undefined ? null : (quietS - quietSeconds) * 1000,
              }
            : null,
      };
    },
  };
};
