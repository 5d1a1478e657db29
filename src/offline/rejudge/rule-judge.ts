/**
 * Judges the pairs of a recording twice: under the rules they were recorded with and under new
 * ones. In: records, batch by batch. Out: what each batch came to; what rules remember goes on
 * from batch to batch, and nothing else.
 */
import type { LookedAt } from '../../../replay/recorded-findings.ts';
import { recordedPair } from '../../../replay/recorded-pair.ts';
import { isByteEqual } from '../../compare/bytes.ts';
import { ClusterTable } from '../../compare/cluster.ts';
import { DistinctSketch } from '../../kit/distinct-sketch.ts';
import { murmur3 } from '../../kit/hash.ts';
import type { Random } from '../../kit/random.ts';
import type { Comparison, Pair } from '../../model/pair.ts';
import type { RoutePairs } from '../../model/window.ts';
import { RuleBook } from '../../proxy/analyst/rule-book.ts';
import { createIdentifier, type Identifier } from '../../proxy/identify/identify.ts';
import type { RecordedPair } from '../../recording/format.ts';
import type { Redactor } from '../../recording/redact.ts';
import { needsOrder, withoutOrdered } from './order.ts';
import type { Judged, OldRules, Part, Rejudged } from './rejudge-messages.ts';
import { TurnTally } from './turns.ts';

/** Of one recording, and one part of its pairs. */
export interface RuleJudgeOptions {
  readonly before: OldRules;
  readonly after: LookedAt;
  readonly part: Part;
  readonly redactor: Redactor;
}

/** Old rules and new ones, side by side. */
export class RuleJudge {
  readonly #part: Part;
  readonly #startedAtMs: number;
  readonly #before: OneLook;
  readonly #after: OneLook;

  constructor({ before, after, part, redactor }: RuleJudgeOptions) {
    this.#part = part;
    this.#startedAtMs = before.startedAtMs;
    this.#before = new OneLook(before.looked, before.isFoundAnew, part, redactor);
    this.#after = new OneLook(after, true, part, redactor);
  }

  /** `first`: number of the first record in its recording. */
  judge(records: readonly RecordedPair[], first: number): Rejudged {
    const turns = new TurnTally();
    records.forEach((record, i) => this.#judge(record, first + i, turns));
    return { turns: turns.turns(), before: this.#before.take(), after: this.#after.take() };
  }

  /** Ends what runs maps of the user's own. */
  close(): void {
    this.#before.close();
    this.#after.close();
  }

  #judge(record: RecordedPair, number: number, turns: TurnTally): void {
    const before = this.#before.pairOf(record, this.#startedAtMs);
    const after = this.#after.pairOf(record, this.#startedAtMs);
    if (before === null || after === null) {
      if (this.#part === 'free') turns.single();
      return;
    }
    const isOrdered =
      (this.#before.isOrdered(before) || this.#after.isOrdered(after)) && !areEqual(before);
    if (isOrdered !== (this.#part === 'ordered')) return;
    const was = this.#before.compare(before, number);
    const is = this.#after.compare(after, number);
    turns.add(was, is, before.arrivedAtMs);
  }
}

/** No rule is asked of such a pair. */
function areEqual({ legacy, candidate }: Pair): boolean {
  return (
    legacy.answer !== null &&
    candidate.answer !== null &&
    isByteEqual(legacy.answer, candidate.answer)
  );
}

/** One set of rules at work. */
class OneLook {
  readonly #identifier: Identifier;
  readonly #isFoundAnew: boolean;
  readonly #ordered: (route: string) => boolean;
  readonly #book: RuleBook;
  readonly #redactor: Redactor;
  readonly #draws = new PairDraws();
  #clusters: ClusterTable;
  #routes = new Map<string, { compared: number; readonly keys: DistinctSketch }>();

  constructor(looked: LookedAt, isFoundAnew: boolean, part: Part, redactor: Redactor) {
    this.#identifier = createIdentifier(looked.routes, looked.key);
    this.#isFoundAnew = isFoundAnew;
    const inOrder = new Map(
      looked.routes.map(({ match, compare }) => [match, needsOrder(compare)]),
    );
    const isGeneralInOrder = needsOrder(looked.compare);
    this.#ordered = (route) => inOrder.get(route) ?? isGeneralInOrder;
    this.#book = new RuleBook(part === 'free' ? withoutOrdered(looked) : looked);
    this.#redactor = redactor;
    this.#clusters = this.#newTable();
  }

  pairOf(record: RecordedPair, startedAtMs: number): Pair | null {
    const [recordedKey = null] = record.keys;
    if (!this.#isFoundAnew) return recordedPair(record, record.route, recordedKey, startedAtMs);
    const { method, target, headers, body } = record.request;
    const { route, keys } = this.#identifier.identify(method, target, headers, body);
    // What a key was taken from may have been replaced when it was recorded.
    return recordedPair(record, route.name, keys[0] ?? recordedKey, startedAtMs);
  }

  isOrdered({ route }: Pair): boolean {
    return this.#ordered(route);
  }

  compare(pair: Pair, number: number): Comparison {
    const comparison = this.#book.compare(pair);
    if (comparison.kind === 'not-comparable') return comparison;
    const route = this.#routes.get(pair.route) ?? { compared: 0, keys: new DistinctSketch() };
    this.#routes.set(pair.route, route);
    route.compared += 1;
    if (pair.key !== null) route.keys.add(pair.key);
    if (comparison.kind === 'mismatched') {
      this.#draws.begin(number);
      this.#clusters.add(pair, comparison.divergences);
    }
    return comparison;
  }

  /** What was seen since the last call. */
  take(): Judged {
    const clusters = this.#clusters.clusters();
    // A table learns names: what an earlier batch has taught it depends on who judged that.
    this.#clusters = this.#newTable();
    const routes = [...this.#routes].map(([route, { compared, keys }]): RoutePairs => {
      return { route, compared, keys: keys.toText() };
    });
    this.#routes = new Map();
    return { clusters, rules: this.#book.takeCounts(), routes };
  }

  close(): void {
    this.#book.close();
  }

  #newTable(): ClusterTable {
    const redact = (name: string, value: string): string => this.#redactor.value(name, value);
    return new ClusterTable(redact, { random: this.#draws });
  }
}

const UINT32 = 2 ** 32;

/** Draws that follow from the pair's number: whoever judges it, the same examples are kept. */
class PairDraws implements Random {
  #number = 0;
  #draws = 0;

  begin(number: number): void {
    this.#number = number;
    this.#draws = 0;
  }

  next(): number {
    this.#draws += 1;
    return murmur3(`${this.#number}:${this.#draws}`) / UINT32;
  }

  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }
}
