/** What became of verdicts: counted pair by pair, and added up without loss. */
import type { Comparison, NotComparableReason } from '../../model/pair.ts';

export type VerdictKind = Comparison['kind'];

export const VERDICT_KINDS: readonly VerdictKind[] = [
  'matched',
  'mismatched',
  'ignored',
  'not-comparable',
];

/** A rule that turned verdicts, alone or with others. */
export interface RuleTurn {
  readonly rule: string;
  readonly pairs: number;
  /** Pairs of which it alone hid everything. */
  readonly alone: number;
}

export interface VerdictTurn {
  readonly before: VerdictKind;
  readonly after: VerdictKind;
  readonly pairs: number;
}

type ReasonCounts = Readonly<Partial<Record<NotComparableReason, number>>>;

/** Everything that was counted. */
export interface Turns {
  /** Recorded requests, with both answers or not. */
  readonly records: number;
  /** Requests of which an answer was not recorded: nothing can be said of them. */
  readonly single: number;
  /** In a fixed order, without zeros. */
  readonly verdicts: readonly VerdictTurn[];
  readonly notComparableBefore: ReasonCounts;
  readonly notComparableAfter: ReasonCounts;
  /** Pairs that were comparable before and are not now, and all on which a map fails now. */
  readonly lost: number;
  /** Rules that hide now what was mismatched. */
  readonly excused: readonly RuleTurn[];
  /** Rules that hid what is mismatched now. */
  readonly exposed: readonly RuleTurn[];
  /** Arrival of the first and the last pair, wall clock; 0 where there is none. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Counts turns; tallies of several threads make one. */
export class TurnTally {
  #records = 0;
  #single = 0;
  #lost = 0;
  #firstMs = 0;
  #lastMs = 0;
  readonly #verdicts = new Map<string, number>();
  readonly #before: Partial<Record<NotComparableReason, number>> = {};
  readonly #after: Partial<Record<NotComparableReason, number>> = {};
  readonly #excused = new Map<string, RuleTurn>();
  readonly #exposed = new Map<string, RuleTurn>();

  /** A request of which only one answer, or none, was recorded. */
  single(): void {
    this.#records += 1;
    this.#single += 1;
  }

  /** `atMs`: the pair's arrival, wall clock. */
  add(before: Comparison, after: Comparison, atMs: number): void {
    this.#records += 1;
    this.#see(atMs, atMs);
    addCount(this.#verdicts, `${before.kind} ${after.kind}`, 1);
    if (before.kind === 'not-comparable') addReason(this.#before, before.reason, 1);
    if (after.kind === 'not-comparable') {
      addReason(this.#after, after.reason, 1);
      if (before.kind !== after.kind || after.reason === 'map-failed') this.#lost += 1;
    }
    if (before.kind === 'mismatched' && after.kind === 'ignored') {
      addRules(this.#excused, after.rules);
    }
    if (before.kind === 'ignored' && after.kind === 'mismatched') {
      addRules(this.#exposed, before.rules);
    }
  }

  absorb(turns: Turns): void {
    this.#records += turns.records;
    this.#single += turns.single;
    this.#lost += turns.lost;
    if (turns.lastMs !== 0) this.#see(turns.firstMs, turns.lastMs);
    for (const { before, after, pairs } of turns.verdicts) {
      addCount(this.#verdicts, `${before} ${after}`, pairs);
    }
    absorbReasons(this.#before, turns.notComparableBefore);
    absorbReasons(this.#after, turns.notComparableAfter);
    for (const turn of turns.excused) addTurn(this.#excused, turn);
    for (const turn of turns.exposed) addTurn(this.#exposed, turn);
  }

  turns(): Turns {
    const verdicts = VERDICT_KINDS.flatMap((before) =>
      VERDICT_KINDS.map((after): VerdictTurn => {
        return { before, after, pairs: this.#verdicts.get(`${before} ${after}`) ?? 0 };
      }),
    );
    return {
      records: this.#records,
      single: this.#single,
      verdicts: verdicts.filter(({ pairs }) => pairs > 0),
      notComparableBefore: { ...this.#before },
      notComparableAfter: { ...this.#after },
      lost: this.#lost,
      excused: sorted(this.#excused),
      exposed: sorted(this.#exposed),
      firstMs: this.#firstMs,
      lastMs: this.#lastMs,
    };
  }

  #see(firstMs: number, lastMs: number): void {
    this.#firstMs = this.#lastMs === 0 ? firstMs : Math.min(this.#firstMs, firstMs);
    this.#lastMs = Math.max(this.#lastMs, lastMs);
  }
}

function addCount(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}

function addReason(
  counts: Partial<Record<NotComparableReason, number>>,
  reason: NotComparableReason,
  count: number,
): void {
  counts[reason] = (counts[reason] ?? 0) + count;
}

function absorbReasons(
  counts: Partial<Record<NotComparableReason, number>>,
  more: ReasonCounts,
): void {
  for (const [reason, count] of Object.entries(more)) {
    addReason(counts, reason as NotComparableReason, count);
  }
}

function addRules(turns: Map<string, RuleTurn>, rules: readonly string[]): void {
  const alone = rules.length === 1 ? 1 : 0;
  for (const rule of rules) addTurn(turns, { rule, pairs: 1, alone });
}

function addTurn(turns: Map<string, RuleTurn>, turn: RuleTurn): void {
  const known = turns.get(turn.rule) ?? { rule: turn.rule, pairs: 0, alone: 0 };
  const { rule, pairs, alone } = turn;
  turns.set(rule, { rule, pairs: known.pairs + pairs, alone: known.alone + alone });
}

/** Those that turned most first. */
function sorted(turns: ReadonlyMap<string, RuleTurn>): readonly RuleTurn[] {
  return [...turns.values()].sort((a, b) => b.pairs - a.pairs || (a.rule < b.rule ? -1 : 1));
}

/** Pairs with such a verdict under the old rules, the new ones, or both; null: any. */
export function pairsOf(
  { verdicts }: Pick<Turns, 'verdicts'>,
  before: VerdictKind | null,
  after: VerdictKind | null,
): number {
  return verdicts
    .filter((turn) => before === null || turn.before === before)
    .filter((turn) => after === null || turn.after === after)
    .reduce((sum, { pairs }) => sum + pairs, 0);
}
