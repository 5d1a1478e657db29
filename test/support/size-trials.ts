/** How much it takes to tell two arms apart that differ: one run of a test until it rejects. */
import { lnTwoArms } from '../../src/judge/two-arms.ts';
import { betOn, NO_BET, tuningFor } from '../../src/judge/window-bet.ts';
import { lnBetaBinomial, tuning } from '../../src/kit/e-process.ts';
import type { Random } from '../../src/kit/random.ts';
import {
  ALONE,
  bucketsBetween,
  burstsOf,
  drawInto,
  RATE_PER_SEC,
  SLOW_SHARE,
  slowIn,
  WORLDS,
  type World,
} from './alike-arms.ts';

export interface SizeTrial {
  readonly name: string;
  /** Median that the design tells, from and to. */
  readonly from: number;
  readonly to: number;
  readonly unit: string;
  /** Runs of which the median is taken. */
  readonly runs: number;
  readonly run: (random: Random) => number;
}

const ALPHA = 0.01;
const NEEDED = -Math.log(ALPHA);
/** Looks in the time that is expected. */
const LOOKS = 100;
/** A run ends at so many times what is expected. */
const FAR = 10;

/** Candidate requests until the quantiles are told apart, `ratio` times as many being over it. */
function twoArms(p: number, ratio: number, share: number, size: number): SizeTrial {
  const others = (1 - share) / share;
  const batch = Math.max(1, Math.round(size / LOOKS));
  const tuned = { a: tuning(size, ALPHA), b: tuning(size * others, ALPHA) };
  const buckets = bucketsBetween((1 - p) * 1.1, (1 - p) / ratio / 1.1, 150);
  const run = (random: Random): number => {
    const a = { counts: [...buckets.empty], c: tuned.a };
    const b = { counts: [...buckets.empty], c: tuned.b };
    for (let requests = batch; requests < FAR * size; requests += batch) {
      drawInto(a.counts, random, batch, buckets, ratio);
      drawInto(b.counts, random, Math.round(batch * others), buckets);
      const { lnE, side } = lnTwoArms(a, b, p, 1);
      if (side > 0 && lnE >= NEEDED) return requests;
    }
    return Infinity;
  };
  const name = `p${p * 100}, ${ratio} times as many over it, at ${share * 100} %`;
  return { name, from: size, to: size, unit: 'requests', runs: 401, run };
}

/** Trials until a chance is told from `p`, which they succeed with. */
function proportion(
  name: string,
  p: number,
  truth: number,
  size: number,
  unit: string,
  tuned = size,
): SizeTrial {
  const c = tuning(tuned, ALPHA);
  const run = (random: Random): number => {
    let k = 0;
    for (let n = 1; n < FAR * size; n += 1) {
      if (random.next() < truth) k += 1;
      if (k > n * p && lnBetaBinomial(k, n, p, c) >= NEEDED) return n;
    }
    return Infinity;
  };
  return { name, from: size, to: size, unit, runs: 4001, run };
}

function pairs(ratio: number, size: number): SizeTrial {
  const name = `pairs over it on one side, ${ratio} times as many`;
  return proportion(name, 0.5, ratio / (1 + ratio), size, 'discordant pairs');
}

function errors(ratio: number, share: number, size: number): SizeTrial {
  const truth = (share * ratio) / (share * ratio + 1 - share);
  return proportion(`errors ${ratio} times, at ${share * 100} %`, share, truth, size, 'errors');
}

const BET_WINDOW_S = 120;

/** Windows until a bet on a candidate with so many more slow requests has won. */
function bet(lift: number, from: number, to: number, world: World): SizeTrial {
  const requests = RATE_PER_SEC * BET_WINDOW_S;
  const usual = SLOW_SHARE + world.burst / requests;
  const run = (random: Random): number => {
    const legacy = burstsOf(world, random);
    const candidate = burstsOf(world, random);
    const state = { ...NO_BET };
    for (let w = 1; w < FAR * to; w += 1) {
      const at = [(w - 1) * BET_WINDOW_S, w * BET_WINDOW_S] as const;
      const slow = slowIn(random, requests) + legacy(...at);
      const slower = slowIn(random, requests, lift) + Math.round(candidate(...at) * lift);
      betOn(state, (slower - slow) / requests / (1.2 * usual), tuningFor(ALPHA));
      if (state.lnWorse >= NEEDED) return w;
    }
    return Infinity;
  };
  const name = `bet on windows, ${Math.round((lift - 1) * 100)} % more: ${world.name}`;
  return { name, from, to, unit: 'windows', runs: 4001, run };
}

const HALF = 0.5;
const TENTH = 0.1;
const HUNDREDTH = 0.01;

/** The first two ratios of each row of the tables of sizes. */
export const SIZE_TRIALS: readonly SizeTrial[] = [
  twoArms(0.99, 1.1, HALF, 339_000),
  twoArms(0.99, 1.1, TENTH, 179_000),
  twoArms(0.99, 1.1, HUNDREDTH, 162_000),
  twoArms(0.99, 1.25, HALF, 63_000),
  twoArms(0.99, 1.25, TENTH, 31_000),
  twoArms(0.99, 1.25, HUNDREDTH, 27_000),
  twoArms(0.999, 1.1, HALF, 3_400_000),
  twoArms(0.999, 1.1, TENTH, 1_800_000),
  twoArms(0.999, 1.1, HUNDREDTH, 1_600_000),
  twoArms(0.999, 1.25, HALF, 630_000),
  twoArms(0.999, 1.25, TENTH, 311_000),
  twoArms(0.999, 1.25, HUNDREDTH, 274_000),
  twoArms(0.5, 1.05, HALF, 13_100),
  twoArms(0.5, 1.05, TENTH, 7000),
  twoArms(0.5, 1.05, HUNDREDTH, 6200),
  twoArms(0.5, 1.1, HALF, 3400),
  twoArms(0.5, 1.1, TENTH, 1800),
  twoArms(0.5, 1.1, HUNDREDTH, 1600),
  pairs(1.1, 5624),
  pairs(1.25, 1031),
  errors(1.5, HALF, 317),
  errors(2, HALF, 113),
  errors(1.5, TENTH, 712),
  errors(2, TENTH, 216),
  errors(1.5, HUNDREDTH, 6137),
  errors(2, HUNDREDTH, 1767),
  proportion('windows worse, all of them', 0.5, 1, 14, 'windows', 100),
  proportion('windows worse, nine of ten', 0.5, 0.9, 21, 'windows', 100),
  ...WORLDS.map((world) => bet(1.1, 110, 177, world)),
  ...WORLDS.map((world) => bet(1.25, 45, 54, world)),
];

/** Those that a moment suffices for. */
export const QUICK_SIZE_TRIALS: readonly SizeTrial[] = [
  { ...twoArms(0.99, 1.25, HALF, 63_000), runs: 51 },
  { ...pairs(1.25, 1031), runs: 401 },
  { ...errors(1.5, TENTH, 712), runs: 401 },
  { ...proportion('windows worse, nine of ten', 0.5, 0.9, 21, 'windows', 100), runs: 401 },
  { ...bet(1.25, 45, 54, ALONE), runs: 101 },
];

/** The median of its runs, and whether it is within 20 % of what the design tells. */
export function sizeOf(trial: SizeTrial, random: Random): { median: number; isNear: boolean } {
  const { from, to, runs, run } = trial;
  const needed = Array.from({ length: runs }, () => run(random)).sort((a, b) => a - b);
  const median = needed[runs >> 1]!;
  return { median, isNear: median >= 0.8 * from && median <= 1.2 * to };
}
