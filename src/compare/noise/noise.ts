/**
 * What legacy shows against itself is not the candidate's fault. In: pairs of legacy with itself,
 * and pairs with the candidate. Out: the comparisons of the latter without what is noise, a
 * place at a time, and the numbers it was judged by. A place is noise while legacy is proved to
 * differ from itself there and the candidate is not proved to differ more often; an array whose
 * order legacy does not keep is compared without order, its elements found by what they are
 * known by. Where there are no pairs of legacy with itself it does nothing at all.
 */
import { LIMITS } from '../../kit/limits.ts';
import type { NoiseView } from '../../model/noise.ts';
import type { Comparison, Divergence, Pair, RuleHit } from '../../model/pair.ts';
import type { CompareRule } from '../../model/settings.ts';
import { compareExchanges } from '../compare.ts';
import { templateOf } from '../divergences.ts';
import { ruleName } from '../rules/rule-name.ts';
import { placeOf, ruleOf } from './array-tally.ts';
import { noiseName } from './noise-name.ts';
import { NOISE_LIMITS, type NoiseLimits } from './path-tally.ts';
import {
  newRoute,
  type Ranks,
  type RouteState,
  RouteTallies,
  type Shown,
} from './route-tallies.ts';
import { studyArrays } from './study.ts';
import { viewOf } from './view.ts';

/** Two answers compared by rules: {@link compareExchanges}, with whatever it needs besides. */
export type Compare = (pair: Pair, rules: readonly CompareRule[]) => Comparison;

/** All that was learned, as plain data for another thread. */
export interface NoiseState {
  readonly ranks: Ranks;
  readonly routes: readonly RouteState[];
}

export interface NoiseOptions {
  /** {@link compareExchanges} unless given. */
  readonly compare?: Compare;
  readonly limits?: NoiseLimits;
  /** What an earlier one has learned. */
  readonly state?: NoiseState;
}

export interface Noise {
  /** Takes a pair of legacy with itself: the second answer stands in the candidate's place. */
  learn(pair: Pair, rules: readonly CompareRule[]): void;
  /**
   * Compares a pair with the candidate, without noise. `isCounted`: it is part of the evidence.
   * `compare`: in place of that of the options.
   */
  judge(
    pair: Pair,
    rules: readonly CompareRule[],
    isCounted: boolean,
    compare?: Compare,
  ): Comparison;
  /** So many pairs with the candidate were byte-equal. */
  equal(route: string, pairs: number): void;
  /** The rules of a route, and behind them those over arrays that were learned. */
  rulesFor(route: string, rules: readonly CompareRule[]): readonly CompareRule[];
  /** Another candidate build: what legacy shows against itself stays known. */
  begin(): void;
  view(): NoiseView;
  state(): NoiseState;
}

/** Learns routes as they come, so many at most; of others everything counts. */
export function createNoise(options: NoiseOptions = {}): Noise {
  return new LearnedNoise(options);
}

/** One route's rules with those learned, and of how many arrays and changes these are. */
interface JoinedRules {
  readonly own: readonly CompareRule[];
  readonly learned: string;
  readonly joined: readonly CompareRule[];
}

const TOO_COMPLEX: Comparison = { kind: 'not-comparable', reason: 'too-complex' };

class LearnedNoise implements Noise {
  readonly #compare: Compare;
  readonly #limits: NoiseLimits;
  readonly #ranks: Ranks;
  readonly #routes = new Map<string, RouteTallies>();
  readonly #joined = new Map<string, JoinedRules>();

  constructor({ compare, limits, state }: NoiseOptions) {
    this.#compare = compare ?? compareExchanges;
    this.#limits = limits ?? NOISE_LIMITS;
    this.#ranks = state?.ranks ?? { next: 1 };
    for (const route of state?.routes ?? []) {
      this.#routes.set(route.route, new RouteTallies(route, this.#limits, this.#ranks));
    }
  }

  learn(pair: Pair, rules: readonly CompareRule[]): void {
    const tallies = this.#talliesOf(pair.route);
    if (tallies === undefined) return;
    const compareAll = (): Comparison =>
      this.#compareAll(this.#compare, pair, rules, () => false).comparison;
    let comparison = compareAll();
    if (comparison.kind === 'not-comparable') return;
    const { legacy, candidate } = pair;
    if (comparison.kind === 'mismatched' && isStudied(tallies, comparison.divergences)) {
      if (studyArrays(legacy.answer!, candidate.answer!, tallies, rules)) {
        comparison = compareAll();
      }
    }
    const divergences = comparison.kind === 'mismatched' ? comparison.divergences : [];
    tallies.learn([...shownOf(divergences), ...movedOf(tallies, comparison)]);
  }

  judge(
    pair: Pair,
    rules: readonly CompareRule[],
    isCounted: boolean,
    compare: Compare = this.#compare,
  ): Comparison {
    const tallies = this.#talliesOf(pair.route);
    if (tallies === undefined) return compare(pair, rules);
    const { comparison, isWhole } = this.#compareAll(compare, pair, rules, (found) =>
      found.some((each) => tallies.verdictOf(each) !== 'noise'),
    );
    if (comparison.kind === 'not-comparable') return comparison;
    const divergences = comparison.kind === 'mismatched' ? comparison.divergences : [];
    const moved = movedOf(tallies, comparison);
    if (isCounted) tallies.judge([...shownOf(divergences), ...moved]);
    const all = [
      ...divergences,
      ...moved.filter((each) => tallies.verdictOf(each) === 'candidate-higher').map(orderOf),
    ];
    const left = withoutNoise(tallies, comparison, all, moved);
    // Nobody knows what else there is: it is neither noise nor a mismatch.
    if (!isWhole && left.kind === 'ignored') return TOO_COMPLEX;
    const isHeld = left.kind === 'not-comparable' && left.reason === 'learning';
    if (isHeld && isCounted) tallies.state.heldBack += 1;
    return left;
  }

  equal(route: string, pairs: number): void {
    this.#talliesOf(route)?.judge([], pairs);
  }

  rulesFor(route: string, rules: readonly CompareRule[]): readonly CompareRule[] {
    const arrays = [...(this.#routes.get(route)?.state.arrays.values() ?? [])];
    const unordered = arrays.filter(({ by }) => by !== null);
    if (unordered.length === 0) return rules;
    const learned = unordered.map(({ path, by }) => JSON.stringify([path, by])).join('\n');
    const known = this.#joined.get(route);
    // The same array for the same rules: they are made ready once.
    if (known?.own === rules && known.learned === learned) return known.joined;
    const joined = [...rules, ...unordered.map(ruleOf)];
    this.#joined.set(route, { own: rules, learned, joined });
    return joined;
  }

  begin(): void {
    for (const tallies of this.#routes.values()) tallies.forgetCandidate();
  }

  view(): NoiseView {
    return viewOf([...this.#routes.values()]);
  }

  state(): NoiseState {
    return { ranks: this.#ranks, routes: [...this.#routes.values()].map(({ state }) => state) };
  }

  #talliesOf(route: string): RouteTallies | undefined {
    const known = this.#routes.get(route);
    if (known !== undefined || this.#routes.size >= LIMITS.routesMax) return known;
    const tallies = new RouteTallies(newRoute(route), this.#limits, this.#ranks);
    this.#routes.set(route, tallies);
    return tallies;
  }

  /**
   * The comparison with all places that differ: where so many do that not all could be told, it
   * is made again without those that were, or noise would hide the others behind it. Ends as
   * soon as `isEnough` holds of what was found.
   */
  #compareAll(
    compare: Compare,
    pair: Pair,
    rules: readonly CompareRule[],
    isEnough: (found: readonly Shown[]) => boolean,
  ): WholeComparison {
    const joined = this.rulesFor(pair.route, rules);
    const first = compare(pair, joined);
    if (first.kind !== 'mismatched') return { comparison: first, isWhole: true };
    const divergences = [...first.divergences];
    const told = new Map<string, CompareRule>();
    let last: Comparison = first;
    for (let pass = 1; pass < LIMITS.noisePassesMax && isCut(last, pair); pass += 1) {
      const found = shownOf(divergences);
      if (isEnough(found)) break;
      for (const shown of found) told.set(`${shown.kind} ${shown.path}`, ignoring(shown));
      last = compare(pair, [...told.values(), ...joined]);
      if (last.kind === 'mismatched') divergences.push(...last.divergences);
    }
    return { comparison: { ...first, divergences }, isWhole: !isCut(last, pair) };
  }
}

interface WholeComparison {
  readonly comparison: Comparison;
  /** No place that differs is left out. */
  readonly isWhole: boolean;
}

/** What one comparison tells may not be all. */
function isCut(comparison: Comparison, { legacy, candidate }: Pair): boolean {
  if (comparison.kind !== 'mismatched') return false;
  const { divergencesPerPairMax, divergencesPerPathMax, divergencesSeenMax } = LIMITS;
  const { length } = comparison.divergences;
  if (length >= divergencesPerPairMax) return true;
  // Two bytes are the least that an element takes.
  const bodyBytes = Math.max(legacy.answer!.bodyBytes, candidate.answer!.bodyBytes);
  return length >= divergencesPerPathMax && bodyBytes > 2 * divergencesSeenMax;
}

function ignoring({ path, kind }: Shown): CompareRule {
  const rest = { by: [], tolerance: 0, reason: '', owner: 'noise', until: '' };
  return { path, as: 'ignore', kinds: [kind], ...rest };
}

/** Something differs in an array whose order may not be kept, and may be found out. */
function isStudied({ state }: RouteTallies, divergences: readonly Divergence[]): boolean {
  const { noisePairs, arrays } = state;
  if (noisePairs >= LIMITS.noiseStudiesMax && noisePairs % 16 !== 0) return false;
  const known = [...arrays.values()].filter(({ by }) => by !== null);
  return divergences.some(({ path, kind }) => {
    if (kind === 'array-order' || kind === 'id-order' || kind === 'too-different') return true;
    const template = templateOf(path);
    if (!template.includes('*')) return false;
    const inner = template.slice(0, template.lastIndexOf('/*'));
    return noisePairs < LIMITS.noiseStudiesMax || !known.some((array) => array.path === inner);
  });
}

function shownOf(divergences: readonly Divergence[]): Shown[] {
  const shown = new Map<string, Shown>();
  for (const { path, kind } of divergences) {
    const place = templateOf(path);
    shown.set(`${kind} ${place}`, { path: place, kind });
  }
  return [...shown.values()];
}

/** The arrays without order whose elements stand in another one in this pair. */
function movedOf({ state }: RouteTallies, comparison: Comparison): Shown[] {
  if (comparison.kind !== 'mismatched' && comparison.kind !== 'ignored') return [];
  const hit = new Set((comparison.hidden ?? []).map(({ rule }) => rule));
  return [...state.arrays.values()]
    .filter((array) => array.by !== null && hit.has(ruleName(ruleOf(array))))
    .map(({ path }) => ({ path: placeOf(path), kind: 'array-order' }));
}

function orderOf({ path, kind }: Shown): Divergence {
  const legacy = 'an order that legacy seldom changes';
  return { path, kind, legacy, candidate: 'another order, more often than legacy' };
}

/** The comparison with those of its divergences that are not noise. */
function withoutNoise(
  tallies: RouteTallies,
  comparison: Exclude<Comparison, { kind: 'not-comparable' }>,
  divergences: readonly Divergence[],
  moved: readonly Shown[],
): Comparison {
  const left: Divergence[] = [];
  const hits = new Map<string, number>();
  let isLearning = true;
  for (const divergence of divergences) {
    const place = { path: templateOf(divergence.path), kind: divergence.kind };
    const verdict = tallies.verdictOf(place);
    if (verdict === 'noise') {
      const name = noiseName(place);
      hits.set(name, (hits.get(name) ?? 0) + 1);
      continue;
    }
    left.push(divergence);
    if (verdict !== 'learning') isLearning = false;
  }
  if (left.length > 0 && isLearning) return { kind: 'not-comparable', reason: 'learning' };
  for (const each of moved) hits.set(noiseName(each), 1);
  if (hits.size === 0) {
    return left.length === 0
      ? comparison
      : { ...comparison, kind: 'mismatched', divergences: left };
  }
  const learned = new Set([...tallies.state.arrays.values()].map((each) => ruleName(ruleOf(each))));
  const ofRules = comparison.kind === 'matched' ? [] : (comparison.hidden ?? []);
  const hidden: readonly RuleHit[] = [
    ...ofRules.filter(({ rule }) => !learned.has(rule)),
    ...[...hits].map(([rule, count]) => ({ rule, divergences: count })),
  ];
  if (left.length === 0) return { kind: 'ignored', rules: hidden.map(({ rule }) => rule), hidden };
  return { kind: 'mismatched', divergences: left, hidden };
}
