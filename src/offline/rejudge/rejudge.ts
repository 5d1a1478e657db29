/**
 * Looks at every recorded pair again: under the rules it was recorded with, and under new ones.
 *
 *     read blocks -> threads: unpack, compare twice -> in their order: add up -> what changed
 *
 * Whatever the number of threads, the same comes out: batches are cut by the recording alone and
 * added up in their order, and pairs whose rules need an order go to one thread.
 */
import type { LookedAt } from '../../../replay/recorded-findings.ts';
import { ClusterTable } from '../../compare/cluster.ts';
import { RuleTally } from '../../compare/rules/rule-tally.ts';
import { LIMITS } from '../../kit/limits.ts';
import type { Cluster } from '../../model/cluster.ts';
import type { RuleCount } from '../../model/pair.ts';
import type { CompareRule } from '../../model/settings.ts';
import type { RecordingDescription } from '../../recording/format.ts';
import type { PackedBlock, RecordingReader } from '../../recording/reader.ts';
import { RouteTotals } from '../../rollout/route-totals.ts';
import { needsOrderAnywhere } from './order.ts';
import type { Judged, OldRules, Part, RejudgedTask } from './rejudge-messages.ts';
import { RejudgePool } from './rejudge-pool.ts';
import { type Turns, TurnTally } from './turns.ts';

export interface RejudgeOptions {
  readonly after: LookedAt;
  /** Old rules in place of those that each recording says it was made with; null: those. */
  readonly before: LookedAt | null;
  /** Threads, at least one. */
  readonly threads: number;
  readonly redactKey: Uint8Array;
  /** Told now and then how many records are done. */
  readonly onProgress?: (records: number) => void;
}

/** What all pairs came to under one set of rules. */
export interface RulesOutcome {
  readonly clusters: readonly Cluster[];
  readonly rules: readonly RuleCount[];
  readonly totals: RouteTotals;
}

export interface RejudgeOutcome {
  readonly turns: Turns;
  readonly before: RulesOutcome;
  readonly after: RulesOutcome;
}

/** Reads all recordings, none of them read yet, to their ends; throws where a thread fails. */
export async function rejudge(
  readers: readonly RecordingReader[],
  options: RejudgeOptions,
): Promise<RejudgeOutcome> {
  return new Rejudgement(readers, options).run();
}

/**
 * The rules a recording was made with. It holds those of all routes with each of them: what is the
 * same with every one, and was written for none, is told apart again.
 */
export function recordedRules({ routes, key }: RecordingDescription): LookedAt {
  const [first] = routes;
  const texts = routes.map(({ compare }) => new Set(compare.map((rule) => JSON.stringify(rule))));
  const isGeneral = (rule: CompareRule): boolean =>
    rule.route === undefined && texts.every((text) => text.has(JSON.stringify(rule)));
  const compare = (first?.compare ?? []).filter(isGeneral);
  const own = (rules: readonly CompareRule[]): readonly CompareRule[] =>
    rules.filter((rule) => !isGeneral(rule));
  // The same objects everywhere: that is how rules of all routes are known.
  return {
    routes: routes.map((route) => ({ ...route, compare: [...own(route.compare), ...compare] })),
    compare,
    key,
  };
}

class Sum {
  readonly #clusters = new ClusterTable(null);
  readonly #rules = new RuleTally();
  readonly #totals = new RouteTotals();

  absorb({ clusters, rules, routes }: Judged): void {
    this.#clusters.absorb(clusters);
    this.#rules.absorb(rules);
    this.#totals.accept(routes);
  }

  outcome(): RulesOutcome {
    const [clusters, rules] = [this.#clusters.clusters(), this.#rules.counts()];
    return { clusters, rules, totals: this.#totals };
  }
}

interface Batch {
  readonly id: number;
  readonly blocks: readonly PackedBlock[];
}

class Rejudgement {
  readonly #readers: readonly RecordingReader[];
  readonly #options: RejudgeOptions;
  readonly #parts: readonly Part[];
  readonly #pool: RejudgePool;
  readonly #turns = new TurnTally();
  readonly #before = new Sum();
  readonly #after = new Sum();
  /** Recordings that turned out to end before what was read of them. */
  readonly #refused = new Set<number>();
  /** Given to threads and not added up. */
  readonly #open = new Map<number, { readonly batch: Batch; readonly done: RejudgedTask[] }>();
  #nextId = 0;
  #nextToAdd = 0;

  constructor(readers: readonly RecordingReader[], options: RejudgeOptions) {
    const { after, threads, redactKey } = options;
    this.#readers = readers;
    this.#options = options;
    const before = readers.map(({ description }): OldRules => {
      const { startedAtMs } = description;
      if (options.before === null) {
        return { startedAtMs, looked: recordedRules(description), isFoundAnew: false };
      }
      return { startedAtMs, looked: options.before, isFoundAnew: true };
    });
    const isInOrder = [after, ...before.map(({ looked }) => looked)].some(needsOrderAnywhere);
    this.#parts = isInOrder ? ['free', 'ordered'] : ['free'];
    const start = { before, after, redactKey };
    this.#pool = new RejudgePool(start, threads, (task) => this.#take(task));
  }

  async run(): Promise<RejudgeOutcome> {
    try {
      for (const [recording, reader] of this.#readers.entries()) {
        for (const blocks of batchesOf(reader.blocks())) {
          if (this.#refused.has(recording)) break;
          await this.#give(recording, blocks);
        }
        // Only then is it known whether all that was read of it counts.
        while (this.#pool.isBusy) await this.#pool.change();
      }
    } finally {
      await this.#pool.close();
    }
    const [before, after] = [this.#before.outcome(), this.#after.outcome()];
    return { turns: this.#turns.turns(), before, after };
  }

  async #give(recording: number, blocks: readonly PackedBlock[]): Promise<void> {
    const aheadMax = this.#options.threads * LIMITS.rejudgeAheadPerThread;
    while (this.#nextId - this.#nextToAdd >= aheadMax) await this.#pool.change();
    const batch = { id: this.#nextId, blocks };
    this.#nextId += 1;
    this.#open.set(batch.id, { batch, done: [] });
    const packed = blocks.map(({ head, stored }) => ({ head, stored }));
    for (const part of this.#parts) {
      await this.#pool.give({ id: batch.id, recording, part, blocks: packed });
    }
  }

  #take(task: RejudgedTask): void {
    this.#open.get(task.id)?.done.push(task);
    for (;;) {
      const next = this.#open.get(this.#nextToAdd);
      if (next === undefined || next.done.length < this.#parts.length) return;
      this.#open.delete(this.#nextToAdd);
      this.#nextToAdd += 1;
      this.#add(next.batch, next.done);
    }
  }

  #add({ blocks }: Batch, done: readonly RejudgedTask[]): void {
    for (const part of this.#parts) {
      const task = done.find((each) => each.part === part);
      if (task === undefined || this.#refused.has(task.recording)) return;
      this.#turns.absorb(task.turns);
      this.#before.absorb(task.before);
      this.#after.absorb(task.after);
    }
    const [{ recording, damaged }] = [done[0]!];
    if (damaged !== null) {
      this.#refused.add(recording);
      this.#readers[recording]!.refuse(blocks[damaged]!);
    }
    this.#options.onProgress?.(this.#turns.turns().records);
  }
}

/** Blocks together as long as they are few and small: the same whatever is done with them. */
function* batchesOf(blocks: Iterable<PackedBlock>): Generator<readonly PackedBlock[]> {
  let batch: PackedBlock[] = [];
  let records = 0;
  let bytes = 0;
  for (const block of blocks) {
    batch.push(block);
    records += block.head.records;
    bytes += block.head.storedBytes;
    if (records < LIMITS.rejudgeBatchRecords && bytes < LIMITS.rejudgeBatchBytes) continue;
    yield batch;
    batch = [];
    records = 0;
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}
