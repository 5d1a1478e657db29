import type { GateResult } from '../src/model/rollout.ts';

/**
 * The gate `NAME = none` of what can be repeated: one is too many, and none among those looked
 * at is enough; inconclusive where nothing was.
 */
export function noneGate(
  name: string,
  found: number,
  samples: number,
  unit: string,
  what: string,
): GateResult {
  const verdict = found > 0 ? 'fail' : samples > 0 ? 'pass' : 'inconclusive';
  const words = { fail: 'Fail', pass: 'Pass', inconclusive: 'Inconclusive' };
  return {
    gate: `${name} = none`,
    verdict,
    measured: samples === 0 ? null : found,
    limit: 0,
    samples,
    sentence:
      `${words[verdict]}: ${found} of ${samples} ${unit} ${what}, limit none; ` +
      'a plain count, which states no chance of error',
    onFail: 'hold',
  };
}
