/** Gates that count windows or seconds, whatever the traffic: resources, and spikes. */
import type { ResourcePoint } from '../judge/evidence.ts';
import { NO_SPIKES } from '../judge/evidence.ts';
import { formatDuration } from '../kit/units.ts';
import { SECOND_ANSWERS_MIN } from '../measure/spikes.ts';
import {
  type GatePlanner,
  type GateQuestion,
  type Refusal,
  type Regression,
  UNKNOWN,
} from './gate-plan.ts';
import { longer, longerMs } from './hold.ts';
import { measuredSecondsOf } from './pairs.ts';
import { smallest } from './search.ts';

const RATIOS = [1.1, 1.25, 1.5, 2];
const WINDOWS_MAX = 2000;
const SECONDS_MAX = 7 * 86_400;

/** `memory.ratio < 1.0`, `cpu.ratio < 1.0` */
export const planResource: GatePlanner = (question) => {
  const { gate, step } = question;
  const { windowMs } = gate;
  const verdict = (windows: number, ratio: number): string =>
    question.ask({ resources: new Map([[windowMs, points(windows, windowMs, ratio)]]) });
  const needed = smallest(1, WINDOWS_MAX, (n) => verdict(n, gate.limit / 2) === 'pass');
  const afterMs = needed === null ? null : needed * windowMs;
  return {
    pairsPerSec: question.pairsPerSec,
    needs: needed === null ? null : { samples: needed, unit: 'windows' },
    passesAfterMs: afterMs,
    finds: null,
    regressions: RATIOS.map((times): Regression => {
      const size = gate.limit * times;
      const windows = smallest(1, WINDOWS_MAX, (n) => verdict(n, size) === 'fail');
      const foundMs = windows === null ? null : windows * windowMs;
      const isFound = foundMs !== null && (step.holdMs === 0 || foundMs <= step.holdMs);
      return {
        size,
        samples: windows,
        unit: 'windows',
        afterMs: isFound ? foundMs : null,
        independent: null,
      };
    }),
    refusal: refusalOf(question, afterMs, `${needed} windows of ${formatDuration(windowMs)}`),
  };
};

function points(windows: number, windowMs: number, ratio: number): readonly ResourcePoint[] {
  return Array.from({ length: windows }, (_, i) => ({
    startMs: i * windowMs,
    legacyBytes: 1e8,
    candidateBytes: 1e8 * ratio,
    legacyCpu: 0.5,
    candidateCpu: 0.5 * ratio,
  }));
}

/** A smaller share of the seconds is as good as none. */
const MEASURED_MIN = 0.001;
const TOO_FEW_A_SECOND: Refusal = {
  outlook: 'never',
  why: `a second has a p99 of its own from ${SECOND_ANSWERS_MIN} pairs on, and none has as many`,
  mend: 'leave the gate out: quantiles over windows see pauses too',
};

/** `candidate.spikes = none` */
export const planSpikes: GatePlanner = (question) => {
  const quiet = (seconds: number): string =>
    question.ask({ spikes: { ...NO_SPIKES, seconds, quietSeconds: seconds } });
  const { pairsPerSec, copiedSeconds } = question;
  const measured = measuredSecondsOf(pairsPerSec, copiedSeconds);
  if (measured < MEASURED_MIN) return { ...UNKNOWN, pairsPerSec, refusal: TOO_FEW_A_SECOND };
  const needed = smallest(1, SECONDS_MAX, (seconds) => quiet(seconds) === 'pass');
  const afterMs = needed === null ? null : Math.ceil(needed / measured) * 1000;
  return {
    pairsPerSec,
    needs: needed === null ? null : { samples: needed, unit: 'seconds' },
    passesAfterMs: afterMs,
    finds: null,
    regressions: [],
    refusal: refusalOf(question, afterMs, `${needed} quiet seconds`),
  };
};

function refusalOf({ step }: GateQuestion, neededMs: number | null, needs: string): Refusal | null {
  if (step.holdMs === 0 || (neededMs !== null && neededMs <= step.holdMs)) return null;
  if (neededMs === null) {
    return { outlook: 'never', why: 'nothing would pass it', mend: 'take another limit' };
  }
  return {
    outlook: 'late',
    why: `it needs ${needs}, and the hold is ${formatDuration(step.holdMs)}`,
    mend: `hold: ${longer(neededMs)}`,
    holdMs: longerMs(neededMs),
  };
}
