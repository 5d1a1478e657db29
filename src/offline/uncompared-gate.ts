import type { GateResult } from '../model/rollout.ts';

/**
 * The gate `NAME = none` of what was not compared: it may differ, or not, so that one is too many
 * to pass and none to fail. `what` ends the sentence `2 of 10 …`.
 */
export function uncomparedGate(
  name: string,
  found: number,
  samples: number,
  what: string,
): GateResult {
  const isNone = found === 0;
  return {
    gate: `${name} = none`,
    verdict: isNone ? 'pass' : 'inconclusive',
    measured: found,
    limit: 0,
    samples,
    sentence:
      `${isNone ? 'Pass' : 'Inconclusive'}: ${found} of ${samples} ${what}, limit none; ` +
      'a plain count, which states no chance of error',
    onFail: 'hold',
  };
}
