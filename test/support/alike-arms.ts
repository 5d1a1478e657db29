/** Two arms that are alike: what reaches them, second by second or window by window. */
import { binomial, type Random } from '../../src/kit/random.ts';

/** Requests a second, of which so many are slow each for itself. */
export const RATE_PER_SEC = 1000;
export const SLOW_SHARE = 0.005;
/** How long after a burst the next one comes, as a rule. */
const BURST_EVERY_S = 120;

/** How slow requests come: each for itself, and in bursts of so many, of each arm's own. */
export interface World {
  readonly name: string;
  readonly burst: number;
  readonly isPeriodic: boolean;
}

export const ALONE: World = { name: 'independent', burst: 0, isPeriodic: false };
export const WORLDS: readonly World[] = [
  ALONE,
  { name: 'a burst of 50 each 120 s', burst: 50, isPeriodic: true },
  { name: 'a burst of 200 each 120 s', burst: 200, isPeriodic: true },
  { name: 'bursts of 50 at random', burst: 50, isPeriodic: false },
  { name: 'bursts of 200 at random', burst: 200, isPeriodic: false },
];

/** Slow requests in bursts between two moments, seconds, that only go on. */
export type Bursts = (fromS: number, toS: number) => number;

/** One arm's bursts in one run. */
export function burstsOf({ burst, isPeriodic }: World, random: Random): Bursts {
  if (burst === 0) return () => 0;
  const gapS = (): number =>
    isPeriodic ? BURST_EVERY_S : -Math.log(1 - random.next()) * BURST_EVERY_S;
  let nextS = isPeriodic ? random.next() * BURST_EVERY_S : gapS();
  return (_, toS) => {
    let slow = 0;
    for (; nextS < toS; nextS += gapS()) slow += burst;
    return slow;
  };
}

/** Exceedances of one arm in one window. */
export function slowIn(random: Random, requests: number, lift = 1): number {
  return binomial(random, requests, SLOW_SHARE * lift);
}

/** Shares above the edges between buckets, each a hundred and fiftieth narrower than the last. */
export interface Buckets {
  readonly tails: readonly number[];
  /** Value and count of each bucket, all empty. */
  readonly empty: readonly number[];
}

/** `count` edges from the share `most` above the first to `least` above the last. */
export function bucketsBetween(most: number, least: number, count: number): Buckets {
  const tails = Array.from({ length: count }, (_, j) => most * (least / most) ** (j / (count - 1)));
  const empty = [...tails, 0].flatMap((_, j) => [j + 1, 0]);
  return { tails, empty };
}

/** Draws requests into a histogram whose shares above each edge are `lift` times the tails. */
export function drawInto(
  counts: number[],
  random: Random,
  requests: number,
  { tails }: Buckets,
  lift = 1,
): void {
  let left = requests;
  let above = 1;
  for (const [j, tail] of tails.entries()) {
    const next = Math.min(1, tail * lift);
    const here = binomial(random, left, Math.max(0, 1 - next / above));
    counts[2 * j + 1]! += here;
    left -= here;
    above = next;
  }
  counts[2 * tails.length + 1]! += left;
}
