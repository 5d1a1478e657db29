/**
 * The traffic of one rollout out of the totals that each proxy reports since it began. Exact at
 * every moment, whatever is lost: received = mirrored + skipped + dropped, and mirrored =
 * compared + notComparable + inFlight, as each hold for every proxy and for every difference
 * taken here.
 */
import { NONE_LEARNED, NONE_RULED, type NoiseCounts, type RefereeCounts } from '../model/race.ts';
import type { TrafficCounts } from '../model/window.ts';

export const NO_TRAFFIC: TrafficCounts = {
  received: 0,
  mirrored: 0,
  skipped: {},
  dropped: {},
  inFlight: 0,
  compared: 0,
  matched: 0,
  mismatched: 0,
  ignored: 0,
  notComparable: {},
  rescued: 0,
  rescueAsked: 0,
  rescueWaitUs: 0,
  failedSafe: 0,
  failedWrites: 0,
  keyless: 0,
  taintedKeys: 0,
  taintedBy: {},
  journalEntries: 0,
  journalBytes: 0,
  rejected: {},
  overridden: 0,
};

interface Reported {
  /** Its totals since it began. */
  readonly newest: TrafficCounts;
  /** What of them belongs to earlier rollouts. */
  readonly before: TrafficCounts;
}

/** Where every request of the rollout went, all proxies together, lost ones included. */
export class TrafficLedger {
  #base: TrafficCounts;
  readonly #workers = new Map<number, Reported>();

  /** `base`: what an earlier controller had counted of this rollout. */
  constructor(base: TrafficCounts = NO_TRAFFIC) {
    this.#base = base;
  }

  /** Takes a proxy's newest totals in place of its last ones. */
  accept(worker: number, newest: TrafficCounts): void {
    const known = this.#workers.get(worker);
    // Totals never shrink: another process has taken the number.
    if (known !== undefined && newest.received < known.newest.received) this.lost(worker);
    const before = this.#workers.get(worker)?.before ?? NO_TRAFFIC;
    this.#workers.set(worker, { newest, before });
  }

  /** Keeps what a proxy has counted; its pairs in flight will never be compared. */
  lost(worker: number): void {
    const reported = this.#workers.get(worker);
    if (reported === undefined) return;
    this.#workers.delete(worker);
    this.#base = add(this.#base, settled(differenceOf(reported)));
  }

  totals(): TrafficCounts {
    let sum = this.#base;
    for (const reported of this.#workers.values()) sum = add(sum, differenceOf(reported));
    return sum;
  }

  /** What a restart begins with: no proxy outlives its controller's ledger. */
  settled(): TrafficCounts {
    return settled(this.totals());
  }

  /** A new rollout: counts what is decided from now on, pairs now in flight included. */
  begin(): void {
    this.#base = NO_TRAFFIC;
    for (const [worker, { newest }] of this.#workers) {
      this.#workers.set(worker, { newest, before: decided(newest) });
    }
  }
}

/** The counts without the pairs in flight, as if these had not come yet. */
function decided(counts: TrafficCounts): TrafficCounts {
  return {
    ...counts,
    received: counts.received - counts.inFlight,
    mirrored: counts.mirrored - counts.inFlight,
    inFlight: 0,
  };
}

/** The counts with the pairs in flight given up. */
function settled(counts: TrafficCounts): TrafficCounts {
  if (counts.inFlight === 0) return counts;
  const lost = (counts.notComparable['worker-lost'] ?? 0) + counts.inFlight;
  return {
    ...counts,
    inFlight: 0,
    notComparable: { ...counts.notComparable, 'worker-lost': lost },
  };
}

function differenceOf({ newest, before }: Reported): TrafficCounts {
  return combine(newest, before, -1);
}

function add(a: TrafficCounts, b: TrafficCounts): TrafficCounts {
  return combine(a, b, 1);
}

function combine(a: TrafficCounts, b: TrafficCounts, factor: 1 | -1): TrafficCounts {
  return {
    received: a.received + factor * b.received,
    mirrored: a.mirrored + factor * b.mirrored,
    skipped: combineBy(a.skipped, b.skipped, factor),
    dropped: combineBy(a.dropped, b.dropped, factor),
    inFlight: a.inFlight + factor * b.inFlight,
    compared: a.compared + factor * b.compared,
    matched: a.matched + factor * b.matched,
    mismatched: a.mismatched + factor * b.mismatched,
    ignored: a.ignored + factor * b.ignored,
    notComparable: combineBy(a.notComparable, b.notComparable, factor),
    rescued: a.rescued + factor * b.rescued,
    rescueAsked: a.rescueAsked + factor * b.rescueAsked,
    rescueWaitUs: a.rescueWaitUs + factor * b.rescueWaitUs,
    failedSafe: a.failedSafe + factor * b.failedSafe,
    failedWrites: a.failedWrites + factor * b.failedWrites,
    keyless: a.keyless + factor * b.keyless,
    taintedKeys: a.taintedKeys + factor * b.taintedKeys,
    taintedBy: combineBy(a.taintedBy, b.taintedBy, factor),
    journalEntries: a.journalEntries + factor * b.journalEntries,
    journalBytes: a.journalBytes + factor * b.journalBytes,
    ...unplaced(a, b, factor),
    rejected: combineBy(a.rejected, b.rejected, factor),
    overridden: a.overridden + factor * b.overridden,
    ...combineAsked(a, b, factor),
  };
}

/** What was asked again; absent where nobody asks. */
function combineAsked(
  { referee: a, noise: m }: TrafficCounts,
  { referee: b, noise: n }: TrafficCounts,
  factor: 1 | -1,
): Pick<TrafficCounts, 'referee' | 'noise'> {
  const hasReferee = a !== undefined || b !== undefined;
  const hasNoise = m !== undefined || n !== undefined;
  return {
    ...(hasReferee && { referee: combineRuled(a ?? NONE_RULED, b ?? NONE_RULED, factor) }),
    ...(hasNoise && { noise: combineLearned(m ?? NONE_LEARNED, n ?? NONE_LEARNED, factor) }),
  };
}

function combineRuled(a: RefereeCounts, b: RefereeCounts, factor: 1 | -1): RefereeCounts {
  return {
    asked: a.asked + factor * b.asked,
    gone: a.gone + factor * b.gone,
    goneWithoutWrite: a.goneWithoutWrite + factor * b.goneWithoutWrite,
    stillThere: a.stillThere + factor * b.stillThere,
    unchecked: combineBy(a.unchecked, b.unchecked, factor),
  };
}

function combineLearned(a: NoiseCounts, b: NoiseCounts, factor: 1 | -1): NoiseCounts {
  return {
    asked: a.asked + factor * b.asked,
    learned: a.learned + factor * b.learned,
    unused: combineBy(a.unused, b.unused, factor),
  };
}

function unplaced(
  { unplacedBy: a }: TrafficCounts,
  { unplacedBy: b }: TrafficCounts,
  factor: 1 | -1,
): Pick<TrafficCounts, 'unplacedBy'> {
  if (a === undefined && b === undefined) return {};
  const unplacedBy = combineBy(a ?? {}, b ?? {}, factor);
  return Object.keys(unplacedBy).length === 0 ? {} : { unplacedBy };
}

function combineBy<K extends string>(
  a: Readonly<Partial<Record<K, number>>>,
  b: Readonly<Partial<Record<K, number>>>,
  factor: 1 | -1,
): Readonly<Partial<Record<K, number>>> {
  const sum: Partial<Record<string, number>> = { ...a };
  for (const [name, count] of Object.entries<number | undefined>(b)) {
    const total = (sum[name] ?? 0) + factor * (count ?? 0);
    if (total === 0) delete sum[name];
    else sum[name] = total;
  }
  return sum as Partial<Record<K, number>>;
}
