/**
 * The rules of one route at one moment, for one pair: asked of each difference as it is found,
 * they say whether it is excused, and count what they hid.
 */
import { LIMITS } from '../kit/limits.ts';
import type { Side } from '../model/exchange.ts';
import type { DivergenceKind, RuleHit } from '../model/pair.ts';
import type { CompareRule } from '../model/settings.ts';
import { type JsonValue, canonicalText, isScalar } from './json.ts';
import { inferFieldKind, inferKind } from './kinds.ts';
import { isPureForm, isSameBy } from './rules/forms.ts';
import { isOrdinal, type Leaf, leafOf } from './rules/leaves.ts';
import type { RuleMemory } from './rules/memory.ts';
import { DeepPlaces, fitsFlat, fitsSegments, segmentsOf } from './rules/places.ts';
import { type ReadyRule, type ReadyRules, readyRules } from './rules/ready-rules.ts';

export { isRuleHeld } from './rules/ready-rules.ts';

/** A place in a JSON text, from the leaf up: only differences are ever spelled out. */
export interface JsonPath {
  readonly parent: JsonPath | null;
  /** Key or index. */
  readonly segment: string;
  /** 0 for the root. */
  readonly depth: number;
}

export const ROOT: JsonPath = { parent: null, segment: '', depth: 0 };

/** The path of a member or element of the value at `parent`. */
export function childOf(parent: JsonPath, segment: string): JsonPath {
  return { parent, segment, depth: parent.depth + 1 };
}

/** JSON Pointer of a path; `body` for the root. Source: RFC 6901. */
export function pointerOf(path: JsonPath): string {
  if (path.depth === 0) return 'body';
  let pointer = '';
  for (let at = path; at.parent !== null; at = at.parent) {
    pointer = `/${escapeSegment(at.segment)}${pointer}`;
  }
  return pointer;
}

function escapeSegment(segment: string): string {
  for (let at = 0; at < segment.length; at += 1) {
    const code = segment.charCodeAt(at);
    if (code === TILDE || code === SLASH) {
      return segment.replaceAll('~', '~0').replaceAll('/', '~1');
    }
  }
  return segment;
}

const TILDE = 0x7e;
const SLASH = 0x2f;

/** What rules that remember need to know of the pair. */
export interface RuleContext {
  readonly memory: RuleMemory;
  readonly route: string;
  /** First key of the request. */
  readonly key: string | null;
  /** Wall clock. */
  readonly arrivedAtMs: number;
  /** When each side's answer had come, wall clock. */
  readonly endMs: Readonly<Record<Side, number>>;
}

/** The rules of one pair. */
export class RuleSet {
  readonly #ready: ReadyRules;
  readonly #atMs: number;
  readonly #context: RuleContext | null;
  readonly #deep: DeepPlaces | null;
  readonly #hits = new Map<string, number>();
  #patternCharsLeft: number = LIMITS.patternCharsPerPairMax;

  /** `atMs`: wall clock; rules whose last day is before it do not hold. */
  constructor(rules: readonly CompareRule[], atMs: number, context: RuleContext | null = null) {
    this.#ready = readyRules(rules);
    this.#atMs = atMs;
    this.#context = context;
    this.#deep = this.#ready.deep.length === 0 ? null : new DeepPlaces(this.#ready.deep);
  }

  /** Whether any of them takes arrays for sets. */
  get hasSets(): boolean {
    return this.#ready.lists.length > 0;
  }

  /** What each rule hid so far. */
  get hits(): readonly RuleHit[] {
    return [...this.#hits].map(([rule, divergences]) => ({ rule, divergences }));
  }

  /** Names of the rules that hid something. */
  get used(): ReadonlySet<string> {
    return new Set(this.#hits.keys());
  }

  /** Whether `status`, `body`, `header:name` or `trailer:name` is not compared; counts it. */
  isNameIgnored(name: string): boolean {
    const rule = this.#ready.parts
      .get(name)
      ?.find((each) => each.rule.as === 'ignore' && each.kinds === null && this.#isHeld(each));
    if (rule !== undefined) this.#hit(rule);
    return rule !== undefined;
  }

  /** Whether a rule excuses that a part of the answer other than the body differs; counts it. */
  excusesPart(
    name: string,
    kind: DivergenceKind,
    legacy: string | undefined,
    candidate: string | undefined,
  ): boolean {
    const rules = this.#ready.parts.get(name);
    if (rules === undefined) return false;
    const [a, b] = [legacy, candidate].map((text): Leaf | undefined =>
      text === undefined ? undefined : { kind: 'text', text },
    );
    const rule = rules.find(
      (each) =>
        this.#isHeld(each) &&
        isOfKind(each, kind) &&
        (isList(each) ? areSameLists(each, legacy, candidate) : this.#isSame(each, name, a, b)),
    );
    if (rule !== undefined) this.#hit(rule);
    return rule !== undefined;
  }

  /** Whether a divergence of this kind is ignored at the place, written as a pointer; counts it. */
  excusesAt(path: string, kind: DivergenceKind): boolean {
    const { narrow } = this.#ready;
    if (!narrow.some((each) => isOfKind(each, kind))) return false;
    const segments = path.startsWith('/') ? segmentsOf(path) : path === 'body' ? [] : null;
    const rule = narrow.find((each) => {
      if (!this.#isHeld(each) || !isOfKind(each, kind)) return false;
      if (each.segments === null) return each.rule.path.toLowerCase() === path;
      return segments !== null && fitsSegments(each.segments, segments);
    });
    if (rule !== undefined) this.#hit(rule);
    return rule !== undefined;
  }

  /** The first rule that leaves the place out (ignore) or says how its array is compared (set). */
  find(what: 'ignore' | 'set', path: JsonPath): CompareRule | undefined {
    const rules = what === 'ignore' ? this.#ready.covers : this.#ready.lists;
    return this.#first(rules, path)?.rule;
  }

  /** Whether a rule excuses the difference of these two values at the path; counts it. */
  isExcused(
    path: JsonPath,
    legacy: JsonValue | undefined,
    candidate: JsonValue | undefined,
  ): boolean {
    const { values } = this.#ready;
    if (values.length === 0) return false;
    const areBoth = legacy !== undefined && candidate !== undefined;
    let kind: DivergenceKind | null = null;
    for (const each of values) {
      if (!this.#isHeld(each) || !this.#fits(each, path)) continue;
      if (each.kinds !== null) {
        kind ??= kindAt(path, legacy, candidate);
        if (!each.kinds.has(kind)) continue;
      }
      const isExcused =
        each.rule.as === 'presence'
          ? areBoth
          : this.#isSame(each, path, leafOf(legacy), leafOf(candidate));
      if (!isExcused) continue;
      this.#hit(each);
      return true;
    }
    return false;
  }

  /** Whether the path is not compared; counts it. For values that are there on both sides. */
  isIgnored(path: JsonPath): boolean {
    const rule = this.#first(this.#ready.covers, path);
    if (rule !== undefined) this.#hit(rule);
    return rule !== undefined;
  }

  /** Counts divergences that the rule, one that `find` gave, has hidden. */
  use(rule: CompareRule, divergences = 1): void {
    const ready = [...this.#ready.covers, ...this.#ready.lists].find((each) => each.rule === rule);
    if (ready !== undefined) this.#hit(ready, divergences);
  }

  #hit({ name }: ReadyRule, divergences = 1): void {
    this.#hits.set(name, (this.#hits.get(name) ?? 0) + divergences);
  }

  #first(rules: readonly ReadyRule[], path: JsonPath): ReadyRule | undefined {
    return rules.find((each) => this.#isHeld(each) && this.#fits(each, path));
  }

  #isHeld({ endMs }: ReadyRule): boolean {
    return this.#atMs < endMs;
  }

  #fits({ segments, deep }: ReadyRule, path: JsonPath): boolean {
    if (deep >= 0) return this.#deep!.fits(deep, path);
    return segments !== null && fitsFlat(segments, path);
  }

  /** `place` tells concrete places apart, for rules that remember. */
  #isSame(
    ready: ReadyRule,
    place: JsonPath | string,
    a: Leaf | undefined,
    b: Leaf | undefined,
  ): boolean {
    const { as } = ready.rule;
    if (as === 'ignore') return true;
    if (a === undefined || b === undefined) return false;
    if (isPureForm(as)) return isSameBy(as, a, b, ready.rule);
    switch (as) {
      case 'presence':
        return true;
      case 'pattern':
        return this.#doBothFit(ready, a, b);
      case 'bijection':
        return this.#arePartners(ready, a, b);
      case 'monotonic':
        return this.#areRising(ready, place, a, b);
      default:
        return false;
    }
  }

  /** Of one type: a number in place of a text is another thing. */
  #doBothFit({ pattern }: ReadyRule, a: Leaf, b: Leaf): boolean {
    if (pattern === null || a.kind !== b.kind) return false;
    this.#patternCharsLeft -= a.text.length + b.text.length;
    return this.#patternCharsLeft >= 0 && pattern.fits(a.text) && pattern.fits(b.text);
  }

  #arePartners({ name }: ReadyRule, a: Leaf, b: Leaf): boolean {
    const areIds = [a, b].every(({ kind }) => kind !== 'boolean' && kind !== 'null');
    // Without a memory of pairs there is nothing that it could go against.
    return areIds && this.#context?.memory.arePartners(name, a, b) !== false;
  }

  /** Both sides are looked at, whatever the first one shows: each has its own memory. */
  #areRising({ name }: ReadyRule, place: JsonPath | string, a: Leaf, b: Leaf): boolean {
    if (!isOrdinal(a) || !isOrdinal(b)) return false;
    if (this.#context === null) return true;
    const { memory, route, key, arrivedAtMs, endMs } = this.#context;
    const where = typeof place === 'string' ? place : pointerOf(place);
    const whose = `${name}\n${route}\n${key ?? ''}\n${where}`;
    const sight = (side: Side, value: Leaf) => ({ side, value, arrivedAtMs, endMs: endMs[side] });
    const hasLegacyFallen = memory.hasFallen(whose, sight('legacy', a));
    const hasCandidateFallen = memory.hasFallen(whose, sight('candidate', b));
    return !hasLegacyFallen && !hasCandidateFallen;
  }
}

/** As the walk tells it: of a field its name has a say. */
function kindAt(
  path: JsonPath,
  legacy: JsonValue | undefined,
  candidate: JsonValue | undefined,
): DivergenceKind {
  if (legacy !== undefined && !isScalar(legacy)) return inferKind(legacy, candidate);
  if (candidate !== undefined && !isScalar(candidate)) return inferKind(legacy, candidate);
  return inferFieldKind(path.segment, legacy, candidate);
}

function isOfKind({ kinds }: ReadyRule, kind: DivergenceKind): boolean {
  return kinds === null || kinds.has(kind);
}

function isList({ rule }: ReadyRule): boolean {
  return rule.as === 'set' || rule.as === 'multiset';
}

/** A list in a field, its members between commas. */
function areSameLists({ rule }: ReadyRule, a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const [first, second] = [a, b].map((text) => {
    const members = text.split(',').map((member) => member.trim());
    return (rule.as === 'set' ? [...new Set(members)] : members).sort().join(',');
  });
  return first === second;
}

/** What an element of a set is known by: its fields in `by`, or itself where it lacks them. */
export function identityOf(item: JsonValue, by: readonly string[]): string {
  if (by.length === 0 || isScalar(item) || item.kind !== 'object') return canonicalText(item);
  const values = by.map((field) => item.members.get(field.replace(/^\//, '')));
  if (values.every((value) => value === undefined)) return canonicalText(item);
  return values.map((value) => (value === undefined ? '' : canonicalText(value))).join('\u0000');
}
