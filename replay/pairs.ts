/**
 * Settles the pairs of a replay: counts both legs, says whether they can be compared, compares,
 * clusters what differs. A key whose write took effect on one side alone is not judged from
 * then on. In: pairs as they end, per key in order. Out: counts, clusters, a summary a second.
 */
import { ClusterTable } from '../src/compare/cluster.ts';
import { Accumulator } from '../src/measure/accumulate.ts';
import { LatencyHistogram } from '../src/measure/latency.ts';
import { type Exchange, SIDES, type Side } from '../src/model/exchange.ts';
import type { Cluster } from '../src/model/cluster.ts';
import type { Comparison, Pair, RuleCount } from '../src/model/pair.ts';
import type { CompareRule } from '../src/model/settings.ts';
import type { Cell, RoutePairs, TrafficCounts } from '../src/model/window.ts';
import { RuleBook } from '../src/proxy/analyst/rule-book.ts';
import { TaintedKeys } from '../src/proxy/missed/taint.ts';
import type { Redactor } from '../src/recording/redact.ts';

/** A request whose two legs have ended. */
export interface ReplayedPair {
  readonly pair: Pair;
  readonly keys: readonly string[];
  readonly isSafe: boolean;
  readonly rules: readonly CompareRule[];
}

/** Latencies of one side: from the intended time, and from when it was sent. */
export interface SideTimes {
  readonly fromIntended: LatencyHistogram;
  readonly fromSent: LatencyHistogram;
}

/** The pairs of one replay: compared, counted, timed, and the keys that are not judged. */
/** Totals of one replay, and cells since the last look. */
export class ReplayedPairs {
  readonly #count = new Accumulator();
  readonly #tainted = new TaintedKeys();
  readonly #book = new RuleBook({ routes: [], compare: [] });
  readonly #clusters: ClusterTable;
  readonly times: Readonly<Record<Side, SideTimes>>;
  #candidateOnlyErrors = 0;
  #pairs = 0;

  constructor(redactor: Redactor) {
    this.#clusters = new ClusterTable((name, value) => redactor.value(name, value));
    const times = (): SideTimes => ({
      fromIntended: new LatencyHistogram(3),
      fromSent: new LatencyHistogram(3),
    });
    this.times = { legacy: times(), candidate: times() };
  }

  /** Pairs in which the candidate failed and legacy did not. */
  get candidateOnlyErrors(): number {
    return this.#candidateOnlyErrors;
  }

  /** Pairs whose two legs have ended. */
  get pairs(): number {
    return this.#pairs;
  }

  get clusters(): readonly Cluster[] {
    return this.#clusters.clusters();
  }

  /** A request is about to be sent; exactly one `settle` follows. */
  begin(): void {
    this.#count.mirrored();
  }

  settle(replayed: ReplayedPair): void {
    const { pair, keys, isSafe } = replayed;
    const { legacy, candidate } = pair;
    this.#countLegs(pair);
    const comparison = this.#compare(replayed);
    if (comparison.kind === 'not-comparable') {
      this.#count.notComparable(pair.route, pair.liveSide, comparison.reason);
    } else {
      if (pair.key !== null) this.#count.keyed(pair.route, pair.key);
      this.#count.compared(pair.route, pair.liveSide, comparison.kind);
    }
    if (comparison.kind === 'mismatched') this.#clusters.add(pair, comparison.divergences);
    if (!isSafe && hasParted(legacy, candidate)) {
      for (const key of keys)
        this.#tainted.add(key, hasFailed(legacy) ? 'candidate' : 'legacy', 'shadow-unknown');
    }
  }

  /** What rules hid since the last call. */
  takeRules(): readonly RuleCount[] {
    return this.#book.takeCounts();
  }

  /** Ends what runs maps of the user's own. */
  close(): void {
    this.#book.close();
  }

  traffic(): TrafficCounts {
    const { count: taintedKeys } = this.#tainted;
    const taintedBy = this.#tainted.countBy();
    return this.#count.traffic({ taintedKeys, taintedBy, journalEntries: 0, journalBytes: 0 });
  }

  /** What has been compared since the last call. */
  takeRoutes(): readonly RoutePairs[] {
    return this.#count.takeRoutes();
  }

  /** What has been counted since the last call. */
  takeCells(): readonly Cell[] {
    return this.#count.takeCells();
  }

  #compare({ pair, keys, rules }: ReplayedPair): Comparison {
    const isTainted = keys.some((key) => this.#tainted.has(key));
    const comparison = isTainted ? this.#book.look(pair, rules) : this.#book.compare(pair, rules);
    if (!isTainted || comparison.kind === 'not-comparable') return comparison;
    return { kind: 'not-comparable', reason: 'tainted' };
  }

  #countLegs(pair: Pair): void {
    const { legacy, candidate } = pair;
    if (legacy.outcome === 'aborted' || candidate.outcome === 'aborted') return;
    const hasLegacyFailed = hasFailed(legacy);
    const hasCandidateFailed = hasFailed(candidate);
    this.#pairs += 1;
    if (hasCandidateFailed && !hasLegacyFailed) this.#candidateOnlyErrors += 1;
    const isPairTimed = isTimed(legacy) && isTimed(candidate);
    this.#count.legs(pair.route, pair.liveSide, {
      legacyUs: legacy.latencyUs,
      candidateUs: candidate.latencyUs,
      hasLegacyFailed,
      hasCandidateFailed,
      isTimed: isPairTimed,
    });
    if (!isPairTimed) return;
    for (const side of SIDES) {
      this.times[side].fromIntended.record(pair[side].latencyUs);
      this.times[side].fromSent.record(pair[side].serviceUs);
    }
  }
}

/** A time-out counts as slow; a leg that failed at once says nothing of its speed. */
function isTimed(exchange: Exchange): boolean {
  return exchange.outcome === 'answered' || exchange.outcome === 'timeout';
}

function hasFailed({ answer }: Exchange): boolean {
  return answer === null || answer.status >= 500;
}

/** A write may have taken effect on one side alone: only one failed, or nobody knows. */
function hasParted(legacy: Exchange, candidate: Exchange): boolean {
  if (hasFailed(legacy) !== hasFailed(candidate)) return true;
  return legacy.answer === null || candidate.answer === null;
}
