/**
 * False alarms: each trial is one run of some tests on two arms that are alike, looked at again
 * and again. It answers which of them have ever alarmed.
 */
import { countShare, NO_SHARES } from '../../src/judge/design-effect.ts';
import { byRequests, isHeard, SILENT, weigh } from '../../src/judge/latency-proof.ts';
import { SPLIT_ALPHA, splitProblem } from '../../src/judge/share-check.ts';
import { WindowSigns } from '../../src/judge/sign-bets.ts';
import { crossings, lnOver, lnWithin, signs } from '../../src/judge/sign-test.ts';
import { lnTwoArms } from '../../src/judge/two-arms.ts';
import { betOn, NO_BET, tuningFor } from '../../src/judge/window-bet.ts';
import { lnBetaBinomial, lnMixture, tuning } from '../../src/kit/e-process.ts';
import { binomial, type Random } from '../../src/kit/random.ts';
import {
  bucketsBetween,
  burstsOf,
  drawInto,
  RATE_PER_SEC,
  SLOW_SHARE,
  slowIn,
  type World,
} from './alike-arms.ts';

export interface AlarmTrial {
  readonly names: readonly string[];
  readonly alpha: number;
  /** One run of so many looks: whether each of the tests has alarmed. */
  readonly run: (random: Random, looks: number) => readonly boolean[];
}

const ALPHA = 0.01;
const NEEDED = -Math.log(ALPHA);

/** Looks at `lnE` after each second, in which `trials` more come, each `p` likely. */
function counted(
  name: string,
  p: number,
  trials: number,
  lnE: (k: number, n: number) => number,
): AlarmTrial {
  const run = (random: Random, looks: number): readonly boolean[] => {
    let k = 0;
    for (let second = 1; second <= looks; second += 1) {
      k += binomial(random, trials, p);
      if (lnE(k, second * trials) >= NEEDED) return [true];
    }
    return [false];
  };
  return { names: [name], alpha: ALPHA, run };
}

/** As `counted`, of those among a second's requests that say something. */
function conditional(name: string, share: number, p: number, size: number): AlarmTrial {
  const c = tuning(size, ALPHA);
  const run = (random: Random, looks: number): readonly boolean[] => {
    let k = 0;
    let n = 0;
    for (let second = 1; second <= looks; second += 1) {
      const more = binomial(random, RATE_PER_SEC, share);
      k += binomial(random, more, p);
      n += more;
      if (lnBetaBinomial(k, n, p, c) >= NEEDED) return [true];
    }
    return [false];
  };
  return { names: [name], alpha: ALPHA, run };
}

/** A hundred keys a second, of which `percent` are live on the candidate as they should be. */
function shareCheck(percent: number): AlarmTrial {
  const run = (random: Random, looks: number): readonly boolean[] => {
    let onCandidate = 0;
    for (let second = 1; second <= looks; second += 1) {
      onCandidate += binomial(random, 100, percent / 100);
      if (splitProblem(onCandidate, 100 * second, percent) !== '') return [true];
    }
    return [false];
  };
  return { names: [`share check at ${percent} %`], alpha: SPLIT_ALPHA, run };
}

function twoArms(p: number): AlarmTrial {
  const buckets = bucketsBetween((1 - p) * 2, (1 - p) / 2, 20);
  const c = tuning(500 / (1 - p), ALPHA);
  const run = (random: Random, looks: number): readonly boolean[] => {
    const a = { counts: [...buckets.empty], c };
    const b = { counts: [...buckets.empty], c };
    for (let second = 1; second <= looks; second += 1) {
      drawInto(a.counts, random, RATE_PER_SEC, buckets);
      drawInto(b.counts, random, RATE_PER_SEC, buckets);
      if (lnTwoArms(a, b, p, 1).lnE >= NEEDED) return [true];
    }
    return [false];
  };
  return { names: [`p${p * 100} of two arms`], alpha: ALPHA, run };
}

/** Tests of single requests, each slow for itself, looked at each second. */
export const REQUEST_TRIALS: readonly AlarmTrial[] = [
  counted('p99 of one arm', 0.99, RATE_PER_SEC, (k, n) =>
    lnBetaBinomial(k, n, 0.99, tuning(100_000, ALPHA)),
  ),
  counted('p99.9 of one arm', 0.999, RATE_PER_SEC, (k, n) =>
    lnBetaBinomial(k, n, 0.999, tuning(1_000_000, ALPHA)),
  ),
  counted('mismatch certificate at its very limit', 0.001, RATE_PER_SEC, (k, n) =>
    lnMixture(k, n, 0.001),
  ),
  counted('sign test of pairs', 0.5, RATE_PER_SEC, (k, n) =>
    lnBetaBinomial(k, n, 0.5, tuning(10_000, ALPHA)),
  ),
  conditional('paired exceedance', 0.01, 0.5, 1031),
  conditional('errors by whose they are, at 50 %', 0.005, 0.5, 317),
  conditional('errors by whose they are, at 1 %', 0.005, 0.01, 6137),
  shareCheck(1),
  shareCheck(50),
  twoArms(0.99),
];

/** All windows of one run: slow requests of each arm, and what is told of them. */
interface WindowRun {
  readonly legacy: readonly number[];
  readonly candidate: readonly number[];
}

function windowsOf(world: World, windowS: number, random: Random, looks: number): WindowRun {
  const requests = RATE_PER_SEC * windowS;
  const arm = (): readonly number[] => {
    const bursts = burstsOf(world, random);
    return Array.from(
      { length: looks },
      (_, i) => slowIn(random, requests) + bursts(i * windowS, (i + 1) * windowS),
    );
  };
  return { legacy: arm(), candidate: arm() };
}

const WINDOW_S = 600;
/** What 48 hours have of windows. */
export const WINDOW_LOOKS: number = (48 * 3600) / WINDOW_S;

/** Tests of windows, looked at after each of them. */
export function windowTrial(world: World): AlarmTrial {
  const c = tuning(100, ALPHA);
  const names = ['sign test', 'bet', 'proof of harm', 'proof that all is well'];
  return {
    names: names.map((name) => `${name} on windows: ${world.name}`),
    alpha: ALPHA,
    run: (random, looks) => {
      const seen = windowsOf(world, WINDOW_S, random, looks);
      const plain = signs(seen.candidate, seen.legacy);
      const crossed = crossings(seen.candidate, seen.legacy);
      const bets = betsOf(seen, WINDOW_S);
      const lnSign = (windows: number): number => {
        const told = plain.slice(0, windows).filter((outcome) => outcome !== 0);
        return lnBetaBinomial(told.filter((each) => each === 1).length, told.length, 0.5, c);
      };
      const everOver = (lnE: (windows: number) => number): boolean => {
        for (let windows = 1; windows <= looks; windows += 1) {
          if (lnE(windows) >= NEEDED) return true;
        }
        return false;
      };
      return [
        everOver(lnSign),
        everOver((windows) => bets[windows - 1]!),
        everOver((windows) => lnOver(plain.slice(0, windows))),
        everOver((windows) => lnWithin(crossed.slice(0, windows))),
      ];
    },
  };
}

/** ln of what a bet on a worse candidate has become, after each window. */
function betsOf({ legacy, candidate }: WindowRun, windowS: number): readonly number[] {
  const bet = { ...NO_BET };
  return candidate.map((slow, i) => {
    const difference = (slow - legacy[i]!) / (RATE_PER_SEC * windowS);
    betOn(bet, difference / (1.2 * SLOW_SHARE), tuningFor(ALPHA));
    return bet.lnWorse;
  });
}

const GATE_WINDOW_S = 10;
/** What an hour has of windows. */
export const GATE_LOOKS: number = 3600 / GATE_WINDOW_S;

/**
 * The whole of a latency gate, looked at after each window of 10 s: what single requests say is
 * heard only while these are not seen to be slow together.
 */
export function gateTrial(world: World): AlarmTrial {
  const p = 1 - SLOW_SHARE;
  const requests = RATE_PER_SEC * GATE_WINDOW_S;
  const run = (random: Random, looks: number): readonly boolean[] => {
    const seen = windowsOf(world, GATE_WINDOW_S, random, looks);
    const outcomes = new WindowSigns();
    const bets = betsOf(seen, GATE_WINDOW_S);
    const arms = { legacy: [...GATE_BUCKETS.empty], candidate: [...GATE_BUCKETS.empty] };
    const sums = { legacy: { ...NO_SHARES }, candidate: { ...NO_SHARES } };
    let isHarm = false;
    let isOk = false;
    for (let i = 0; i < looks; i += 1) {
      for (const side of ['legacy', 'candidate'] as const) {
        const over = seen[side][i]!;
        countShare(sums[side], over, requests);
        addSlow(arms[side], random, requests, over);
      }
      outcomes.add(seen.candidate[i]!, seen.legacy[i]!);
      const { lnHarm, lnOk } = weigh({
        plain: outcomes.plain,
        crossed: outcomes.crossed,
        lnWorse: bets[i]!,
        requests: isHeard(sums) ? byRequests(arms, p, 1) : SILENT,
      });
      isHarm ||= lnHarm >= NEEDED;
      isOk ||= lnOk >= NEEDED;
    }
    return [isHarm, isOk];
  };
  const names = ['proves harm', 'proves that all is well'];
  const told = names.map((name) => `a latency gate ${name}: ${world.name}`);
  return { names: told, alpha: ALPHA, run };
}

const GATE_BUCKETS = bucketsBetween(SLOW_SHARE * 2, SLOW_SHARE / 2, 20);

/** The slow ones into the buckets above the quantile, all others below. */
function addSlow(counts: number[], random: Random, all: number, over: number): void {
  const { tails } = GATE_BUCKETS;
  const first = tails.findIndex((tail) => tail <= SLOW_SHARE);
  counts[2 * first - 1]! += all - over;
  let left = over;
  let above = SLOW_SHARE;
  for (let j = first; j < tails.length; j += 1) {
    const here = binomial(random, left, 1 - tails[j]! / above);
    counts[2 * j + 1]! += here;
    left -= here;
    above = tails[j]!;
  }
  counts[2 * tails.length + 1]! += left;
}

/** The most alarms that so many runs may have: the 99.9 % quantile of Binomial(runs, alpha). */
export function alarmsMax(runs: number, alpha: number): number {
  let mass = (1 - alpha) ** runs;
  let sum = mass;
  let most = 0;
  while (sum < 0.999) {
    mass *= ((runs - most) / (most + 1)) * (alpha / (1 - alpha));
    most += 1;
    sum += mass;
  }
  return most;
}
