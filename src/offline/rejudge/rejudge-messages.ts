/** What is said between a rejudgement and its threads. */
import type { LookedAt } from '../../../replay/recorded-findings.ts';
import type { Cluster } from '../../model/cluster.ts';
import type { RuleCount } from '../../model/pair.ts';
import type { RoutePairs } from '../../model/window.ts';
import type { PackedBlock } from '../../recording/reader.ts';
import type { Turns } from './turns.ts';

/** One recording with the rules that its pairs were under. */
export interface OldRules {
  /** When the recording began, wall clock. */
  readonly startedAtMs: number;
  readonly looked: LookedAt;
  /** Routes and keys are found anew; else they are as recorded. */
  readonly isFoundAnew: boolean;
}

/** What a thread is started with. */
export interface RejudgeStart {
  /** By the number of the recording. */
  readonly before: readonly OldRules[];
  readonly after: LookedAt;
  /** Credentials in examples become tokens under it. */
  readonly redactKey: Uint8Array;
}

/**
 * `free`: pairs that stand each for itself, whichever thread looks at them. `ordered`: those whose
 * rules depend on the pairs before; one thread looks at all of them, in their order.
 */
export type Part = 'free' | 'ordered';

/** Some blocks of a recording, one part of their pairs to be judged. */
export interface RejudgeTask {
  readonly id: number;
  /** Number of the recording. */
  readonly recording: number;
  readonly part: Part;
  readonly blocks: readonly Pick<PackedBlock, 'head' | 'stored'>[];
}

/** What pairs came to under one set of rules. */
export interface Judged {
  readonly clusters: readonly Cluster[];
  readonly rules: readonly RuleCount[];
  readonly routes: readonly RoutePairs[];
}

/** What became of the pairs of one task. */
export interface Rejudged {
  readonly turns: Turns;
  readonly before: Judged;
  readonly after: Judged;
}

/** The answer to one task; `damaged`: the block before which the recording ends. */
export interface RejudgedTask extends Rejudged {
  readonly id: number;
  readonly recording: number;
  readonly part: Part;
  readonly damaged: number | null;
}

export type ToRejudgeThread = RejudgeTask | { readonly part: 'end' };
