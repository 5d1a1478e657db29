/**
 * Windows of one step as the product would see them: drawn once, histogram by histogram, and
 * looked at by the judge's own functions. Climbs take from the pool at random, each window by how
 * many pauses of either side fall into it.
 */
import { type Cell, EMPTY_CELL, type HistogramCounts } from '../../model/window.ts';
import type { EvidenceWindow } from '../../judge/evidence.ts';
import { countAbove } from '../../judge/buckets.ts';
import { type Stratum as SeenStratum, strataOf } from '../../judge/windows.ts';
import { THRESHOLDS, thresholdUs } from '../../kit/threshold-grid.ts';
import { binomial, createRandom, normal, type Random } from '../../kit/random.ts';
import { murmur3 } from '../../kit/hash.ts';
import { type Side, SIDES } from '../../model/exchange.ts';
import type { GateSettings } from '../../model/settings.ts';
import { Arm, type ArmLatency, beyondUs, exceededBy } from './arm.ts';
import { type Injection, isWrongAt } from './injection.ts';
import { pauseUs, type World } from './world.ts';

/** Windows of a kind that is usual, and of others: enough that none of them stands out. */
const USUAL_WINDOWS = 2000;
const OTHER_WINDOWS = 500;

/** The windows of one length in one step, or of one route in it. */
export interface Lane {
  readonly windowMs: number;
  readonly route: string | null;
  readonly gates: readonly GateSettings[];
}

/** What a pool is of. */
export interface PoolOf {
  readonly world: World;
  readonly injection: Injection;
  readonly percent: number;
  readonly lane: Lane;
}

interface Stratum {
  readonly liveSide: Side;
  readonly ratio: number;
  readonly legacy: Arm;
  readonly candidate: Arm;
  readonly ratios: Arm | null;
}

/** Pauses that fall into a window. */
type PausesIn = Readonly<Record<Side, number>>;

/** The windows of one kind, each drawn when it is first taken: the same one whoever takes it. */
export class PooledKind {
  readonly size: number;
  readonly #route: string | null;
  readonly #draw: (index: number) => EvidenceWindow;
  readonly #windows: EvidenceWindow[] = [];
  readonly #strata: (readonly SeenStratum[])[] = [];

  constructor(size: number, route: string | null, draw: (index: number) => EvidenceWindow) {
    this.size = size;
    this.#route = route;
    this.#draw = draw;
  }

  window(index: number): EvidenceWindow {
    return (this.#windows[index] ??= this.#draw(index));
  }

  /** The window's live sides, as the judge takes it apart. */
  strata(index: number): readonly SeenStratum[] {
    return (this.#strata[index] ??= strataOf(this.window(index), this.#route));
  }
}

/** More pauses than a window has. */
const KINDS = 1_000_000;

/** A number for the pauses of both sides in one window; 0 for none. */
export function kindOf(legacy: number, candidate: number): number {
  return legacy * KINDS + candidate;
}

/** Windows of one lane of a step, drawn as they are asked for. */
export class WindowPool {
  readonly #of: PoolOf;
  readonly #pairs: number;
  readonly #margins: readonly number[];
  readonly #strata: readonly Stratum[];
  readonly #kinds = new Map<number, PooledKind>();
  #usual: PooledKind | null = null;

  constructor(of: PoolOf) {
    const { world, percent, lane } = of;
    const share = lane.route === null ? 1 : (new Map(world.routeRatios).get(lane.route) ?? 0);
    this.#of = of;
    this.#pairs = (world.pairsPerSec * share * lane.windowMs) / 1000;
    const ratio = lane.gates.filter(({ metric }) => metric === 'latency');
    this.#margins = [...new Set(ratio.map(({ limit }) => limit))];
    this.#strata = SIDES.map((liveSide) => {
      const isLive = liveSide === 'candidate';
      const mean = (isLive ? percent : 100 - percent) / 100;
      return { liveSide, ratio: mean, ...armsOf(of, isLive, this.#pairs * mean) };
    }).filter((stratum) => stratum.ratio > 0);
  }

  /** The windows into which so many pauses fall, as {@link kindOf} names them. */
  kind(kind: number): PooledKind {
    if (kind === 0) return (this.#usual ??= this.#begin(0));
    let windows = this.#kinds.get(kind);
    if (windows === undefined) {
      windows = this.#begin(kind);
      this.#kinds.set(kind, windows);
    }
    return windows;
  }

  #begin(kind: number): PooledKind {
    const { world, injection, percent, lane } = this.#of;
    const pauses = { legacy: Math.floor(kind / KINDS), candidate: kind % KINDS };
    const place = [injection.name, percent, lane.windowMs, lane.route, kind].join('/');
    const isUsual = kind === 0 || lane.windowMs > 60_000;
    return new PooledKind(isUsual ? USUAL_WINDOWS : OTHER_WINDOWS, lane.route, (index) =>
      this.#one(createRandom(murmur3(`${place}/${index}`, world.seed)), pauses),
    );
  }

  #one(random: Random, pauses: PausesIn): EvidenceWindow {
    const { lane } = this.#of;
    const pairs = aboutSoMany(random, this.#pairs);
    const live = this.#strata.find(({ liveSide }) => liveSide === 'candidate')?.ratio ?? 0;
    const ofCandidate = binomial(random, pairs, live);
    const slow = this.#pausedIn(random, pauses, live);
    const cells = this.#strata.map(({ liveSide, legacy, candidate, ratios }): Cell => {
      const isLive = liveSide === 'candidate';
      const n = isLive ? ofCandidate : pairs - ofCandidate;
      const drawn = {
        legacy: this.#arm(random, legacy, n, slow.legacy, isLive, 'legacy'),
        candidate: this.#arm(random, candidate, n, slow.candidate, isLive, 'candidate'),
      };
      return {
        ...EMPTY_CELL,
        route: lane.route ?? 'all',
        liveSide,
        ...drawn,
        ...(ratios !== null && { ratios: ratios.draw(random, n, 0, 0) }),
        parted: this.#margins.map((margin) => parted(random, margin, n, drawn)),
      };
    });
    const seconds = lane.windowMs / 1000;
    return { startMs: 0, endMs: lane.windowMs, seconds, stalledSeconds: 0, cells };
  }

  #arm(
    random: Random,
    arm: Arm,
    pairs: number,
    paused: Paused,
    isLive: boolean,
    side: Side,
  ): HistogramCounts {
    const slow = Math.min(pairs, isLive ? paused.live : paused.shadow);
    const { world, injection, percent } = this.#of;
    const us = pauseUs(pausedRequests(world, injection, percent, side), world);
    return arm.draw(random, pairs - slow, slow, us);
  }

  /** How many pairs of the window wait for the end of a pause, by whether the candidate is live. */
  #pausedIn(random: Random, pauses: PausesIn, live: number): Readonly<Record<Side, Paused>> {
    const { world, injection, percent } = this.#of;
    const of = (side: Side): Paused => {
      const requests = pausedRequests(world, injection, percent, side);
      const copied = world.pairsPerSec / world.ratePerSec / world.copiedSeconds;
      let all = 0;
      for (let i = 0; i < pauses[side]; i += 1) {
        all += binomial(random, Math.round(requests), Math.min(1, copied));
      }
      const ofCandidate = binomial(random, all, live);
      return { live: ofCandidate, shadow: all - ofCandidate };
    };
    return { legacy: of('legacy'), candidate: of('candidate') };
  }
}

interface Paused {
  readonly live: number;
  readonly shadow: number;
}

/** Requests that come while a side pauses. */
export function pausedRequests(
  { pauses }: World,
  injection: Injection,
  percent: number,
  side: Side,
): number {
  if (pauses === null) return 0;
  const { wrong } = injection;
  const isWrong = side === 'candidate' && wrong.kind === 'pauses';
  const isLonger = isWrong && isWrongAt(injection, percent, true);
  return pauses.requests * (isLonger ? wrong.times : 1);
}

/** A Poisson count, by its normal limit where that is as good. */
function aboutSoMany(random: Random, mean: number): number {
  return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
}

function armsOf(
  { world, injection, percent, lane }: PoolOf,
  isLive: boolean,
  pairs: number,
): Pick<Stratum, 'legacy' | 'candidate' | 'ratios'> {
  const sound: ArmLatency = { medianUs: world.medianUs, sigma: world.sigma, slower: null };
  const { wrong } = injection;
  const isSlower = wrong.kind === 'slower' && isWrongAt(injection, percent, isLive);
  // So that the quantile itself, and a share about it, takes so many times as long.
  const aboveUs = isSlower ? exceededBy(sound, Math.min(1 - 1e-9, 2 * (1 - wrong.quantile))) : 0;
  const slow = isSlower ? { ...sound, slower: { aboveUs, times: wrong.times } } : sound;
  const fromUs = lowestUs(sound, lane.gates, pairs);
  const isPaired = lane.gates.some(({ metric }) => metric === 'latency.paired');
  // Of two independent answers, in thousandths.
  const ratios = { medianUs: 1000, sigma: world.sigma * Math.SQRT2, slower: null };
  return {
    legacy: new Arm(sound, fromUs),
    candidate: new Arm(slow, fromUs),
    ratios: isPaired ? new Arm(ratios, 0) : null,
  };
}

/** What is faster than this no gate tells apart. */
function lowestUs(sound: ArmLatency, gates: readonly GateSettings[], pairs: number): number {
  const lowest = gates.map(({ metric, quantile, limit }) => {
    if (metric === 'latency.paired') return Infinity;
    const us = beyondUs(sound, pairs, quantile ?? 0.99);
    return metric === 'latency.limit' ? Math.min(us, limit / 1.1) : us * Math.min(1, limit);
  });
  const least = Math.min(...lowest);
  return Number.isFinite(least) ? least : 0;
}

/** Pairs of which one side alone is beyond a threshold, were both slow each for itself. */
function parted(
  random: Random,
  margin: number,
  pairs: number,
  { legacy, candidate }: Readonly<Record<Side, HistogramCounts>>,
): { readonly margin: number; readonly more: number[]; readonly less: number[] } {
  const told = { margin, more: [] as number[], less: [] as number[] };
  const lowest = Math.max(legacy[0] ?? 0, candidate[0] ?? 0);
  const before = { more: 0, less: 0 };
  for (let index = 0; index < THRESHOLDS && pairs > 0; index += 1) {
    const at = thresholdUs(index);
    if (at / margin <= lowest) continue;
    const ofLegacy = countAbove(legacy, at / margin);
    const ofCandidate = countAbove(candidate, at);
    const both = Math.min(ofLegacy, binomial(random, ofCandidate, ofLegacy / pairs));
    const now = { more: ofCandidate - both, less: ofLegacy - both };
    for (const which of ['more', 'less'] as const) {
      if (now[which] !== before[which]) told[which].push(index, now[which] - before[which]);
      before[which] = now[which];
    }
    if (ofLegacy + ofCandidate === 0) break;
  }
  return told;
}
