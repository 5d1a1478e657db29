/** Compare rules made ready: patterns split, expired ones left out, found by path. */
import type { CompareRule } from '../model/settings.ts';
import { type JsonScalar, type JsonValue, canonicalText, isScalar } from './json.ts';
import { exactDecimal } from './kinds.ts';
import { isSameMoment, parseMoment } from './timestamps.ts';

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
  const segments: string[] = [];
  for (let at = path; at.parent !== null; at = at.parent) segments.push(escapeSegment(at.segment));
  return `/${segments.reverse().join('/')}`;
}

function escapeSegment(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}

interface ReadyRule {
  readonly rule: CompareRule;
  readonly segments: readonly string[];
}

/** The rules of one route at one moment. `used` gathers those that explained a difference. */
export class RuleSet {
  readonly used: Set<string> = new Set<string>();
  readonly #byKind: Readonly<Record<CompareRule['as'], readonly ReadyRule[]>>;
  readonly #ignoredNames: ReadonlySet<string>;

  /** `atMs`: wall clock; rules whose last day is before it do not hold. */
  constructor(rules: readonly CompareRule[], atMs: number) {
    const held = rules.filter((rule) => isRuleHeld(rule, atMs));
    const ready = (as: CompareRule['as']): ReadyRule[] =>
      held
        .filter((rule) => rule.as === as && (rule.path === '' || rule.path.startsWith('/')))
        .map((rule) => ({ rule, segments: segmentsOf(rule.path) }));
    this.#byKind = {
      ignore: ready('ignore'),
      set: ready('set'),
      tolerance: ready('tolerance'),
      instant: ready('instant'),
    };
    const ignored = held.filter((rule) => rule.as === 'ignore');
    this.#ignoredNames = new Set(ignored.map((rule) => rule.path.toLowerCase()));
  }

  /** Whether `status`, `body`, `header:name` or `trailer:name` is not compared; marks the rule. */
  isNameIgnored(name: string): boolean {
    if (!this.#ignoredNames.has(name)) return false;
    this.used.add(`ignore ${name}`);
    return true;
  }

  /** The first rule of this kind whose pattern fits the path. */
  find(as: CompareRule['as'], path: JsonPath): CompareRule | undefined {
    return this.#byKind[as].find(({ segments }) => fits(segments, path))?.rule;
  }

  /** Whether a rule excuses the difference of these two values at the path; marks it as used. */
  isExcused(
    path: JsonPath,
    legacy: JsonValue | undefined,
    candidate: JsonValue | undefined,
  ): boolean {
    if (this.isIgnored(path)) return true;
    if (legacy === undefined || candidate === undefined) return false;
    if (!isScalar(legacy) || !isScalar(candidate)) return false;
    const tolerance = this.find('tolerance', path);
    if (tolerance !== undefined && isWithin(legacy, candidate, tolerance.tolerance)) {
      this.use(tolerance);
      return true;
    }
    const instant = this.find('instant', path);
    if (instant === undefined || !isSameInstant(legacy, candidate)) return false;
    this.use(instant);
    return true;
  }

  /** Whether the path is not compared; marks the rule as used. */
  isIgnored(path: JsonPath): boolean {
    const rule = this.find('ignore', path);
    if (rule !== undefined) this.use(rule);
    return rule !== undefined;
  }

  use(rule: CompareRule): void {
    this.used.add(`${rule.as} ${rule.path}`);
  }
}

/** A rule holds through the last moment of its last day, UTC; for ever when none is named. */
export function isRuleHeld(rule: CompareRule, atMs: number): boolean {
  if (rule.until === '') return true;
  const untilMs = Date.parse(rule.until);
  const isDay = /^\d{4}-\d\d-\d\d$/.test(rule.until);
  return isDay ? atMs < untilMs + 86_400_000 : atMs <= untilMs;
}

function segmentsOf(path: string): string[] {
  const segments = path.split('/').slice(1);
  return segments.map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function fits(segments: readonly string[], path: JsonPath): boolean {
  if (segments.length !== path.depth) return false;
  let at = path;
  for (let i = segments.length - 1; i >= 0; i -= 1) {
    if (segments[i] !== '*' && segments[i] !== at.segment) return false;
    at = at.parent!;
  }
  return true;
}

function isWithin(a: JsonScalar, b: JsonScalar, tolerance: number): boolean {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return false;
  if (exactDecimal(a.source) === exactDecimal(b.source)) return true;
  if (isLongInteger(a.source) && isLongInteger(b.source)) {
    const distance = BigInt(a.source) - BigInt(b.source);
    return (distance < 0n ? -distance : distance) <= BigInt(Math.floor(tolerance));
  }
  const distance = Math.abs(Number(a.source) - Number(b.source));
  // 0.4 - 0.3 is a little more than 0.1 in binary.
  return distance <= tolerance * (1 + 1e-9);
}

/** Integers that a double may round, short enough to be worth exact arithmetic. */
function isLongInteger(source: string): boolean {
  return source.length <= 40 && /^-?\d+$/.test(source);
}

function isSameInstant(a: JsonScalar, b: JsonScalar): boolean {
  if (typeof a !== 'string' || typeof b !== 'string') return false;
  const first = parseMoment(a);
  const second = first === undefined ? undefined : parseMoment(b);
  return first !== undefined && second !== undefined && isSameMoment(first, second);
}

/** What an element of a set is known by: its fields in `by`, or itself where it lacks them. */
export function identityOf(item: JsonValue, by: readonly string[]): string {
  if (by.length === 0 || isScalar(item) || item.kind !== 'object') return canonicalText(item);
  const values = by.map((field) => item.members.get(field.replace(/^\//, '')));
  if (values.every((value) => value === undefined)) return canonicalText(item);
  return values.map((value) => (value === undefined ? '' : canonicalText(value))).join('\u0000');
}
