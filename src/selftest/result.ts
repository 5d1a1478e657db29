/** What a self-test found, as every form of its report tells it. */
import type { DivergenceKind, NotComparableReason } from '../model/pair.ts';
import type { GateResult } from '../model/rollout.ts';

/** How bugs of one kind fared, or random edits. Each bug is in one of the first four counts. */
export interface BugCounts {
  readonly caught: number;
  /** Rules explain that nothing was reported. */
  readonly hidden: number;
  /** Nothing explains it: a hole of the comparison. */
  readonly missed: number;
  readonly notCompared: number;
  /** All four together. */
  readonly tried: number;
}

export interface KindResult extends BugCounts {
  readonly kind: DivergenceKind;
  /** Of the caught: reported as this kind. */
  readonly named: number;
  /** As which others were reported, the most frequent first. */
  readonly otherNames: readonly (readonly [kind: DivergenceKind, count: number])[];
  /** Rules that hid some. */
  readonly rules: readonly string[];
  /** Places beyond what is tried in one answer, and bugs too large once they were packed again. */
  readonly leftOut: number;
}

export interface RandomResult extends BugCounts {
  /** Draws that changed the bytes and not the meaning: no bugs, drawn again. */
  readonly meaningless: number;
  /** Too large once they were packed again. */
  readonly leftOut: number;
  /** As what the caught were reported. */
  readonly names: readonly (readonly [kind: DivergenceKind, count: number])[];
}

/** Bugs of one kind at one place that one rule hid. */
export interface HiddenRow {
  readonly rule: string;
  readonly route: string;
  /** Indexes and ids as `*`. */
  readonly path: string;
  /** Null: random edits. */
  readonly kind: DivergenceKind | null;
  readonly count: number;
  /** What was done in the first of them. */
  readonly what: string;
}

/** A bug that was neither reported nor hidden by a rule. */
export interface Hole {
  readonly route: string;
  readonly target: string;
  readonly path: string;
  /** Null: a random edit. */
  readonly kind: DivergenceKind | null;
  readonly what: string;
  /** Absent: it was compared, and nothing was found. */
  readonly reason?: NotComparableReason;
}

/** A kind of which not one bug was caught, because of rules. */
export interface Blindness {
  /** Null: on all routes. */
  readonly route: string | null;
  readonly kind: DivergenceKind;
  readonly tried: number;
  readonly rules: readonly string[];
  /** One field of a body was all the place there was, and rules name it without a wildcard. */
  readonly isNarrow: boolean;
  /** Somebody has said that it may be so. */
  readonly isAccepted: boolean;
}

/** Whether a kind is hidden on all routes, by rules that are too blunt for it. */
export function isTooBlunt({ route, isNarrow, isAccepted }: Blindness): boolean {
  return route === null && !isNarrow && !isAccepted;
}

export interface SelfTestResult {
  readonly outcome: 'pass' | 'fail' | 'inconclusive';
  readonly seed: number;
  readonly records: number;
  readonly answered: number;
  /** Answers that bugs were put into; by route, every configured one among them. */
  readonly answers: number;
  readonly routes: Readonly<Record<string, number>>;
  /** Answers there were to choose from, by route as well. */
  readonly usable: Readonly<Record<string, number>>;
  readonly leftOut: Readonly<Partial<Record<string, number>>>;
  readonly bugs: BugCounts;
  readonly random: RandomResult;
  readonly kinds: readonly KindResult[];
  readonly blinded: readonly Blindness[];
  readonly hidden: readonly HiddenRow[];
  /** The first of them; all are counted. */
  readonly holes: readonly Hole[];
  readonly gates: readonly GateResult[];
}
