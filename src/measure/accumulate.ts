/**
 * What a proxy counts between two summaries. One call for each thing that can happen to a
 * request; nothing here decides anything. The identities of {@link TrafficCounts} hold after
 * every call.
 */
import { DistinctSketch } from '../kit/distinct-sketch.ts';
import type { Side } from '../model/exchange.ts';
import type { DropReason, NotComparableReason, SkipReason } from '../model/pair.ts';
import type { RejectReason } from '../model/reject.ts';
import {
  type Cell,
  NO_COUNTS,
  type PairCounts,
  type PlacedKeys,
  type RoutePairs,
  type TrafficCounts,
} from '../model/window.ts';
import { KeySample } from './key-sample.ts';
import { LatencyHistogram } from './latency.ts';
import { PartedTally } from './parted.ts';

/** How the legs of one pair ended, as the cells count it. */
export interface LegTimes {
  readonly legacyUs: number;
  readonly candidateUs: number;
  readonly hasLegacyFailed: boolean;
  readonly hasCandidateFailed: boolean;
  /** Both latencies were taken under like conditions and may be compared. */
  readonly isTimed: boolean;
}

type MutableCounts = { -readonly [K in keyof PairCounts]: PairCounts[K] };

interface MutableCell extends MutableCounts {
  readonly route: string;
  readonly liveSide: Side;
  readonly legacy: LatencyHistogram;
  readonly candidate: LatencyHistogram;
  readonly ratios: LatencyHistogram;
  readonly parted: readonly PartedTally[];
  readonly live: LatencyHistogram;
}

interface MutableRoute {
  compared: number;
  readonly keys: DistinctSketch;
}

type Tally<K extends string> = Partial<Record<K, number>>;

/** What stands of the writes that a side missed; not counted here. */
export type MissedCounts = Pick<
  TrafficCounts,
  'taintedKeys' | 'taintedBy' | 'journalEntries' | 'journalBytes'
>;

const NONE_MISSED: MissedCounts = {
  taintedKeys: 0,
  taintedBy: {},
  journalEntries: 0,
  journalBytes: 0,
};

/** Counts of one proxy and the cells of its current second, summed into summaries. */
export class Accumulator {
  #received = 0;
  #mirrored = 0;
  #matched = 0;
  #mismatched = 0;
  #ignored = 0;
  #rescued = 0;
  #rescueAsked = 0;
  #rescueWaitUs = 0;
  #failedSafe = 0;
  #failedWrites = 0;
  #keyless = 0;
  #overridden = 0;
  readonly #rejected: Tally<RejectReason> = {};
  readonly #skipped: Tally<SkipReason> = {};
  readonly #dropped: Tally<DropReason> = {};
  readonly #notComparable: Tally<NotComparableReason> = {};
  #notComparableTotal = 0;
  #unplacedBy: Tally<string> | undefined;
  readonly #cells = new Map<string, MutableCell>();
  #routes = new Map<string, MutableRoute>();

  readonly #placed = new KeySample();
  readonly #margins: readonly number[];

  /** `margins`: by how much the candidate may be slower, as gates have it. */
  constructor(margins: readonly number[] = []) {
    this.#margins = margins;
  }

  /** A request came and will be mirrored; exactly one of matched … notComparable follows. */
  mirrored(): void {
    this.#received += 1;
    this.#mirrored += 1;
  }

  skipped(reason: SkipReason): void {
    this.#received += 1;
    this.#skipped[reason] = (this.#skipped[reason] ?? 0) + 1;
  }

  dropped(reason: DropReason, route: string, liveSide: Side): void {
    this.#received += 1;
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
    this.#cell(route, liveSide).eligible += 1;
  }

  keyless(): void {
    this.#keyless += 1;
  }

  /** A declared write reached one side alone, and has no key that could be tainted. */
  unplaced(route: string): void {
    this.#unplacedBy ??= {};
    this.#unplacedBy[route] = (this.#unplacedBy[route] ?? 0) + 1;
  }

  /** Refused before it reached a side; never among the received. */
  rejected(reason: RejectReason): void {
    this.#rejected[reason] = (this.#rejected[reason] ?? 0) + 1;
  }

  /** A tester chose the side. */
  overridden(): void {
    this.#overridden += 1;
  }

  /** A client has got legacy's answer in the candidate's place, after so long. */
  rescued(waitUs: number): void {
    this.#rescued += 1;
    this.#rescueWaitUs += waitUs;
  }

  /** Legacy was asked for a rescue alone. */
  rescueAsked(): void {
    this.#rescueAsked += 1;
  }

  /** What the client got was no whole answer below 500. */
  clientFailed(isSafe: boolean): void {
    if (isSafe) this.#failedSafe += 1;
    else this.#failedWrites += 1;
  }

  /** Latency that a client waited for, whether the request was mirrored or not. */
  liveLatency(route: string, liveSide: Side, latencyUs: number): void {
    this.#cell(route, liveSide).live.record(latencyUs);
  }

  /** Both legs of a pair have ended. */
  legs(route: string, liveSide: Side, times: LegTimes): void {
    const cell = this.#cell(route, liveSide);
    if (times.hasCandidateFailed && times.hasLegacyFailed) cell.bothErrors += 1;
    else if (times.hasCandidateFailed) cell.candidateOnlyErrors += 1;
    else if (times.hasLegacyFailed) cell.legacyOnlyErrors += 1;
    cell.pairs += 1;
    if (!times.isTimed) return;
    cell.legacy.record(times.legacyUs);
    cell.candidate.record(times.candidateUs);
    cell.ratios.record(Math.round((1000 * times.candidateUs) / Math.max(1, times.legacyUs)));
    for (const tally of cell.parted) tally.add(times.legacyUs, times.candidateUs);
  }

  compared(route: string, liveSide: Side, result: 'matched' | 'mismatched' | 'ignored'): void {
    const cell = this.#cell(route, liveSide);
    cell.eligible += 1;
    cell.compared += 1;
    this.#route(route).compared += 1;
    if (result === 'matched') this.#matched += 1;
    else if (result === 'ignored') this.#ignored += 1;
    else {
      this.#mismatched += 1;
      cell.mismatched += 1;
    }
  }

  /** A pair of this key is about to be compared; only how many keys there are is kept. */
  keyed(route: string, key: string): void {
    this.#route(route).keys.add(key);
  }

  /** A key's request is mirrored, and this side answers it, as its cohort says. */
  placed(key: string, liveSide: Side): void {
    this.#placed.add(key, liveSide);
  }

  notComparable(route: string, liveSide: Side, reason: NotComparableReason): void {
    this.#cell(route, liveSide).eligible += 1;
    this.#notComparable[reason] = (this.#notComparable[reason] ?? 0) + 1;
    this.#notComparableTotal += 1;
  }

  /** Totals since the beginning; `atThePort`: what the data port has refused. */
  traffic(
    missed: MissedCounts = NONE_MISSED,
    atThePort: Readonly<Tally<RejectReason>> = {},
  ): TrafficCounts {
    const compared = this.#matched + this.#mismatched + this.#ignored;
    return {
      received: this.#received,
      mirrored: this.#mirrored,
      skipped: { ...this.#skipped },
      dropped: { ...this.#dropped },
      inFlight: this.#mirrored - compared - this.#notComparableTotal,
      compared,
      matched: this.#matched,
      mismatched: this.#mismatched,
      ignored: this.#ignored,
      notComparable: { ...this.#notComparable },
      rescued: this.#rescued,
      rescueAsked: this.#rescueAsked,
      rescueWaitUs: this.#rescueWaitUs,
      failedSafe: this.#failedSafe,
      failedWrites: this.#failedWrites,
      keyless: this.#keyless,
      ...missed,
      ...(this.#unplacedBy === undefined ? {} : { unplacedBy: { ...this.#unplacedBy } }),
      rejected: { ...atThePort, ...this.#rejected },
      overridden: this.#overridden,
    };
  }

  /** The cells since the last call; they begin anew. */
  takeCells(): readonly Cell[] {
    const cells: Cell[] = [];
    for (const cell of this.#cells.values()) {
      if (cell.eligible === 0 && cell.pairs === 0 && cell.live.count === 0) continue;
      cells.push({
        ...cell,
        legacy: cell.legacy.toCounts(),
        candidate: cell.candidate.toCounts(),
        ratios: cell.ratios.toCounts(),
        parted: cell.parted.map((tally) => tally.take()),
        live: cell.live.toCounts(),
      });
      clear(cell);
    }
    return cells;
  }

  /** What was compared since the last call, by route; it begins anew. */
  takeRoutes(): readonly RoutePairs[] {
    const routes = [...this.#routes].map(([route, { compared, keys }]) => {
      return { route, compared, keys: keys.toText() };
    });
    this.#routes = new Map();
    return routes;
  }

  /** Who answered which key since the last call, of a sample; undefined for none. */
  takePlaced(): PlacedKeys | undefined {
    return this.#placed.take();
  }

  #route(route: string): MutableRoute {
    let counted = this.#routes.get(route);
    if (counted === undefined) {
      counted = { compared: 0, keys: new DistinctSketch() };
      this.#routes.set(route, counted);
    }
    return counted;
  }

  #cell(route: string, liveSide: Side): MutableCell {
    const name = liveSide === 'legacy' ? route : `>${route}`;
    let cell = this.#cells.get(name);
    if (cell === undefined) {
      cell = {
        route,
        liveSide,
        ...NO_COUNTS,
        legacy: new LatencyHistogram(),
        candidate: new LatencyHistogram(),
        ratios: new LatencyHistogram(),
        parted: this.#margins.map((margin) => new PartedTally(margin)),
        live: new LatencyHistogram(),
      };
      this.#cells.set(name, cell);
    }
    return cell;
  }
}

function clear(cell: MutableCell): void {
  Object.assign(cell, NO_COUNTS);
  cell.legacy.reset();
  cell.candidate.reset();
  cell.ratios.reset();
  cell.live.reset();
}
