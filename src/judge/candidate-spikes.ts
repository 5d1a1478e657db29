import { lnMixture } from '../kit/e-process.ts';
import { formatAbout, formatLatency } from '../kit/units.ts';
import type { Evidence } from './evidence.ts';
import { counted, expectedMs, formatCount, type GateJudge } from './gate-judge.ts';

/** Chance that as many spikes as proof takes are the candidate's, of a side that has no more. */
const SPIKES_ALPHA = 0.001;
/** Quiet time that passes: eight periods of a collector that runs every two minutes … */
const QUIET_MAX_S = 960;
/** … or so many windows of the gate, where they are shorter. */
const QUIET_WINDOWS = 5;

/**
 * `candidate.spikes = none`: seconds in which the candidate's p99 leapt while legacy's did not.
 * Passes after a quiet time. Fails when it is proved that the candidate spikes more often than
 * legacy does, each by itself: at the eleventh spike where legacy has none. Two runtimes that pause
 * alike, each when it likes, are alike; fewer spikes are forgiven once they are over.
 */
export const judgeCandidateSpikes: GateJudge = ({ gate, evidence }) => {
  const { spikes, legacySpikes, shared, seconds, quietSeconds, worst } = evidence.spikes;
  const quietS = Math.min(QUIET_MAX_S, Math.ceil((QUIET_WINDOWS * gate.windowMs) / 1000));
  const hasMore = hasMoreSpikes(spikes, legacySpikes);
  const verdict = hasMore ? 'fail' : quietSeconds >= quietS ? 'pass' : 'inconclusive';
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
          ...(legacySpikes === 0 ? [] : [`, ${formatCount(legacySpikes)} of legacy alone`]),
          ...(shared === 0 ? [] : [`, ${formatCount(shared)} more on both sides at once`]),
        ],
        missing:
          verdict === 'inconclusive'
            ? {
                what: `a pass takes ${left} more without a spike`,
                expectedMs: quietExpectedMs(quietS - quietSeconds, evidence),
              }
            : null,
      };
    },
  };
};

/** How long so many quiet seconds take: those with too few answers are none. */
function quietExpectedMs(quietS: number, evidence: Evidence): number | null {
  const expected = expectedMs(quietS, evidence.spikes.seconds, evidence);
  return expected === null ? null : Math.max(1000 * quietS, expected);
}

function hasMoreSpikes(spikes: number, legacySpikes: number): boolean {
  return spikesToProof(spikes, legacySpikes) === 0;
}

/**
 * How many more spikes of the candidate it takes at least until it is proved that more of them are
 * its own than legacy's; 0 where that is proved. None is worth more than twice what was.
 */
export function spikesToProof(spikes: number, legacySpikes: number): number {
  const lnMissing = -Math.log(SPIKES_ALPHA) - lnMixture(legacySpikes, spikes + legacySpikes, 0.5);
  return lnMissing <= 0 ? 0 : Math.max(1, Math.ceil(lnMissing / Math.LN2 - 1e-9));
}
