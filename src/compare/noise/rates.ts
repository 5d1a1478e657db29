import { confidenceInterval, tuning } from '../../kit/e-process.ts';
import type { NoiseStatus, NoiseView, RateBounds } from '../../model/noise.ts';

/** The intervals hold at every moment with a chance of 1 less this. */
const ALPHA = 0.05;
/** Pairs at which they are narrowest. */
const TUNED = tuning(1000, ALPHA);

/** The view with the rates of what was counted, and their intervals. */
export function withRates(view: NoiseView): NoiseStatus {
  return {
    routes: view.routes,
    paths: view.paths.map((path) => ({
      ...path,
      noise: boundsOf(path.noiseDiffering, path.noisePairs),
      judged: boundsOf(path.judgedDiffering, path.judgedPairs),
    })),
    arrays: view.arrays.map((array) => ({
      ...array,
      noise: boundsOf(array.noiseMoved, array.noisePairs),
      judged: boundsOf(array.judgedMoved, array.judgedPairs),
    })),
  };
}

function boundsOf(differing: number, pairs: number): RateBounds {
  if (pairs === 0) return { ratio: 0, lower: 0, upper: 1 };
  const seen = Math.min(differing, pairs);
  return { ratio: seen / pairs, ...confidenceInterval(seen, pairs, ALPHA, TUNED) };
}
