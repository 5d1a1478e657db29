/**
 * Whether a configuration sees what it should: known bugs are put into recorded answers, one at a
 * time, and each goes the way of every pair. In: answers, rules. Out: what was caught, what each
 * rule hid, and what nobody saw. Sends nothing; the answers are changed on copies.
 */
import { assert } from '../kit/assert.ts';
import { CrossfadeError } from '../kit/errors.ts';
import { createRandom } from '../kit/random.ts';
import type { DivergenceKind } from '../model/pair.ts';
import type { CompareRule, KeySource, RouteSettings } from '../model/settings.ts';
import { RuleBook } from '../proxy/analyst/rule-book.ts';
import type { RecordedPair } from '../recording/format.ts';
import { type BodyText, bodyTextOf } from './body-text.ts';
import type { Injection, TriedBug } from './edit.ts';
import { judgeSelfTest, type SelfTestGate } from './gates.ts';
import { injectionsOf } from './inject.ts';
import { groundOf, mutate } from './mutator.ts';
import type { SelfTestResult } from './result.ts';
import { type Sample, type SampledAnswer, sampleAnswers } from './sample.ts';
import { BugTally } from './tally.ts';
import { tryBug, type Verdict } from './trial.ts';

/** What is tested, and how much of it. */
export interface SelfTestOptions {
  readonly routes: readonly RouteSettings[];
  /** Of requests that match no route. */
  readonly compare: readonly CompareRule[];
  readonly key: readonly KeySource[] | null;
  /** Answers that are used at most, drawn over the routes. */
  readonly answersMax: number;
  /** Random edits. */
  readonly edits: number;
  /** Places of one kind that are tried in one answer. */
  readonly placesMax: number;
  /** Bytes of bodies that are made for one kind in one answer: of a long one fewer are tried. */
  readonly placesMaxBytes: number;
  readonly seed: number;
  readonly gates: readonly SelfTestGate[];
  /** Kinds that rules may hide everywhere. */
  readonly mayHide: ReadonlySet<DivergenceKind>;
  /** Wall clock, by which rules hold or are over. */
  readonly atMs: number;
  /** Of each bug, once it was tried. */
  readonly onTried?: (bug: TriedBug, sampled: SampledAnswer, verdict: Verdict) => void;
  /** Of each answer that is done with. */
  readonly onProgress?: (done: number, all: number) => void;
}

/**
 * `open` begins to read the records anew. Throws `no-answers` where they hold none that can be
 * compared. Takes a processor for as long as it takes; a map of the user's own, a process.
 */
export async function runSelfTest(
  open: () => AsyncIterable<RecordedPair>,
  options: SelfTestOptions,
): Promise<SelfTestResult> {
  const { routes, compare, key, answersMax, seed } = options;
  const sample = await sampleAnswers(open, { routes, key, max: answersMax, seed });
  if (sample.answers.length === 0) throw noAnswers(sample);
  const book = new RuleBook({ routes, compare });
  const tally = new BugTally();
  const withLeaves: SampledAnswer[] = [];
  try {
    for (const [index, sampled] of sample.answers.entries()) {
      const body = bodyOf(sampled);
      tryKinds(book, sampled, body, tally, options);
      if (groundOf(body) !== null) withLeaves.push(sampled);
      options.onProgress?.(index + 1, sample.answers.length);
    }
    tryRandom(book, withLeaves, tally, options);
  } finally {
    book.close();
  }
  return resultOf(sample, tally, options);
}

function noAnswers({ records, answered, leftOut }: Sample): CrossfadeError {
  if (answered === 0) {
    const what = records === 0 ? 'no records' : `${records} requests and not one answer`;
    return new CrossfadeError('no-answers', `the recording holds ${what}`, {
      hint: '`generate` writes requests alone: `crossfade record` writes answers as well',
    });
  }
  const why = Object.entries(leftOut).map(([reason, count]) => `${count} ${reason}`);
  return new CrossfadeError(
    'no-answers',
    `none of the ${answered} answers can be compared: ${why.join(', ')}`,
    { hint: 'record answers that are whole, can be unpacked, and are not 503' },
  );
}

function tryOne(
  book: RuleBook,
  bug: TriedBug,
  make: Injection['make'],
  sampled: SampledAnswer,
  tally: BugTally,
  { atMs, onTried }: SelfTestOptions,
): void {
  const verdict = tryBug(book, bug, sampled, make(), atMs);
  // As it was recorded the answer is not: the bug has made it so, packed again as it is.
  if (verdict.kind === 'not-compared' && verdict.reason === 'too-large') {
    tally.leaveOut(bug.kind, 1);
    return;
  }
  tally.add(bug, sampled, verdict);
  onTried?.(bug, sampled, verdict);
}

function bodyOf({ answer }: SampledAnswer): BodyText {
  const body = bodyTextOf(answer);
  assert(body !== null, 'a sampled answer can be unpacked');
  return body;
}

/** Of each kind, however long the answer. */
const PLACES_MIN = 10;

function tryKinds(
  book: RuleBook,
  sampled: SampledAnswer,
  body: BodyText,
  tally: BugTally,
  options: SelfTestOptions,
): void {
  const byBytes = Math.floor(options.placesMaxBytes / Math.max(1, body.bytes.length));
  const max = Math.min(options.placesMax, Math.max(PLACES_MIN, byBytes));
  const byKind = Map.groupBy(injectionsOf(body), ({ kind }) => kind);
  for (const [kind, injections] of byKind) {
    const chosen = spread(injections, max);
    tally.leaveOut(kind, injections.length - chosen.length);
    for (const bug of chosen) tryOne(book, bug, bug.make, sampled, tally, options);
  }
}

/** So many of all, evenly from the first to the last. */
function spread<T>(all: readonly T[], max: number): readonly T[] {
  if (all.length <= max) return all;
  return Array.from({ length: max }, (_, i) => all[Math.floor((i * all.length) / max)]!);
}

/** The edits are shared out first: so no more than one answer is taken apart at a time. */
function tryRandom(
  book: RuleBook,
  answers: readonly SampledAnswer[],
  tally: BugTally,
  options: SelfTestOptions,
): void {
  const random = createRandom(options.seed ^ 0x5e1f);
  const shares = answers.map(() => 0);
  for (let left = answers.length === 0 ? 0 : options.edits; left > 0; left -= 1) {
    shares[random.int(0, answers.length - 1)]! += 1;
  }
  for (const [index, sampled] of answers.entries()) {
    const ground = shares[index] === 0 ? null : groundOf(bodyOf(sampled));
    for (let done = 0; ground !== null && done < shares[index]!; done += 1) {
      const { edit, meaningless } = mutate(ground, random);
      tally.addMeaningless(meaningless);
      if (edit === null) continue;
      const { path, what, answer } = edit;
      tryOne(book, { kind: null, path, what }, () => answer, sampled, tally, options);
    }
  }
}

function resultOf(sample: Sample, tally: BugTally, options: SelfTestOptions): SelfTestResult {
  const { gates, mayHide, seed } = options;
  const measured = {
    bugs: tally.bugs(),
    random: tally.random(),
    kinds: tally.kinds(),
    blinded: tally.blinded(mayHide),
  };
  const judged = judgeSelfTest(gates, measured);
  const has = (verdict: string): boolean => judged.some((gate) => gate.verdict === verdict);
  const usable = Object.fromEntries(sample.routes);
  const routes = Object.fromEntries([...sample.routes.keys()].map((route) => [route, 0]));
  for (const { route } of sample.answers) routes[route]! += 1;
  const { records, answered, leftOut } = sample;
  return {
    outcome: has('fail') ? 'fail' : has('inconclusive') ? 'inconclusive' : 'pass',
    seed,
    records,
    answered,
    answers: sample.answers.length,
    routes,
    usable,
    leftOut,
    ...measured,
    hidden: tally.hidden(),
    holes: tally.holes(),
    gates: judged,
  };
}
