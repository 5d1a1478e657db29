import type { RuleCount, RuleHit } from '../../model/pair.ts';

/** Adds up what rules hid; as many counts as there are rules that hid something. */
export class RuleTally {
  readonly #counts = new Map<string, RuleCount>();

  /** `atMs`: when the pair arrived, wall clock. */
  add(hidden: readonly RuleHit[], atMs: number): void {
    for (const { rule, divergences } of hidden) {
      const hit = { rule, pairs: 1, divergences, firstMs: atMs, lastMs: atMs };
      this.#counts.set(rule, addRuleCount(this.#counts.get(rule), hit));
    }
  }

  /** `problem`: why it failed on one pair more; `isOff`: it will on every other. */
  failed(rule: string, problem: string, isOff: boolean): void {
    const nothing = { rule, pairs: 0, divergences: 0, firstMs: 0, lastMs: 0 };
    const failure = { ...nothing, failures: 1, problem, ...(isOff ? { isOff } : {}) };
    this.#counts.set(rule, addRuleCount(this.#counts.get(rule), failure));
  }

  /** Adds what another tally has gathered. */
  absorb(counts: readonly RuleCount[]): void {
    for (const count of counts) {
      this.#counts.set(count.rule, addRuleCount(this.#counts.get(count.rule), count));
    }
  }

  counts(): readonly RuleCount[] {
    return [...this.#counts.values()];
  }

  /** What was gathered since the last call. */
  take(): readonly RuleCount[] {
    const counts = this.counts();
    this.#counts.clear();
    return counts;
  }
}

/** Both added up; `b` is the newer one and says how a map fares now. */
export function addRuleCount(a: RuleCount | undefined, b: RuleCount): RuleCount {
  if (a === undefined) return b;
  const firsts = [a.firstMs, b.firstMs].filter((ms) => ms > 0);
  const failures = (a.failures ?? 0) + (b.failures ?? 0);
  const problem = b.problem ?? a.problem;
  const isOff = b.problem === undefined && b.pairs === 0 ? a.isOff : b.isOff;
  return {
    rule: a.rule,
    pairs: a.pairs + b.pairs,
    divergences: a.divergences + b.divergences,
    firstMs: firsts.length === 0 ? 0 : Math.min(...firsts),
    lastMs: Math.max(a.lastMs, b.lastMs),
    ...(failures === 0 ? {} : { failures }),
    ...(problem === undefined ? {} : { problem }),
    ...(isOff === true ? { isOff } : {}),
  };
}
