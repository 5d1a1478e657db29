import { NOISE_LIMITS } from '../../src/compare/noise/path-tally.ts';
import { newRoute, RouteTallies, type Shown } from '../../src/compare/noise/route-tallies.ts';
import type { Random } from '../../src/kit/random.ts';

/** One place of an answer. */
export const PLACE: Shown = { path: '/a', kind: 'value' };

export interface Rates {
  readonly noise: number;
  readonly judged: number;
  /** Share of the requests asked twice. */
  readonly ratio: number;
}

/** So many requests, each asked of legacy, at a rate once more, and of the candidate. */
export function feed(tallies: RouteTallies, random: Random, pairs: number, rates: Rates): void {
  const at = (rate: number): Shown[] => (random.next() < rate ? [PLACE] : []);
  for (let i = 0; i < pairs; i += 1) {
    tallies.judge(at(rates.judged));
    if (random.next() < rates.ratio) tallies.learn(at(rates.noise));
  }
}

/** A route of which nothing is known. */
export function tallies(alpha: number = NOISE_LIMITS.alpha): RouteTallies {
  return new RouteTallies(newRoute('GET /'), { ...NOISE_LIMITS, alpha }, { next: 1 });
}
