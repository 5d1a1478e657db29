/**
 * Compares pairs by the rules of their routes, remembers what rules have to remember, runs maps of
 * the user's own, and counts what each rule hid. One for each analyst, or replay.
 */
import { type ComparedPair, compareExchanges } from '../../compare/compare.ts';
import { decodeBody } from '../../compare/decode.ts';
import { isRuleHeld } from '../../compare/rules.ts';
import { isNoiseName } from '../../compare/noise/noise-name.ts';
import { RuleMemory } from '../../compare/rules/memory.ts';
import { ruleName } from '../../compare/rules/rule-name.ts';
import { RuleTally } from '../../compare/rules/rule-tally.ts';
import type { Answer, Exchange, RawHeaders } from '../../model/exchange.ts';
import type { Comparison, Divergence, Pair, RuleCount, RuleHit } from '../../model/pair.ts';
import type { CompareRule, RouteSettings } from '../../model/settings.ts';
import type { RawAnswer } from './map-messages.ts';
import { MapRunner, type MapTimes } from './map-runner.ts';

/** What the book is made of. */
export interface RuleSources {
  readonly routes: readonly RouteSettings[];
  /** Of requests that match no route. */
  readonly compare: readonly CompareRule[];
}

type Mismatch = Extract<Comparison, { kind: 'mismatched' }>;

/** The rules of a configuration at work. */
export class RuleBook {
  readonly #byRoute: ReadonlyMap<string, readonly CompareRule[]>;
  readonly #general: readonly CompareRule[];
  readonly #memory = new RuleMemory();
  readonly #tally = new RuleTally();
  readonly #maps: MapRunner;

  constructor({ routes, compare }: RuleSources, times: MapTimes = {}) {
    this.#byRoute = new Map(routes.map((route) => [route.match, route.compare]));
    this.#general = compare;
    this.#maps = new MapRunner(times);
    for (const { map } of [...routes.flatMap((route) => route.compare), ...compare]) {
      if (map !== undefined) this.#maps.prepare(map);
    }
  }

  /** Those of a route, by its name. */
  rulesOf(route: string): readonly CompareRule[] {
    return this.#byRoute.get(route) ?? this.#general;
  }

  /**
   * As `compareExchanges`, through the route's map where it has one. Counts what was hidden.
   * `rules`: those of the pair's route unless given.
   */
  compare(pair: Pair, rules: readonly CompareRule[] = this.rulesOf(pair.route)): Comparison {
    const comparison = this.compareUncounted(pair, rules);
    this.count(comparison, pair.arrivedAtMs);
    return comparison;
  }

  /** The same, for a caller that counts what is left of it. */
  compareUncounted(pair: Pair, rules: readonly CompareRule[]): Comparison {
    return this.#compare(pair, rules, this.#memory);
  }

  /** Counts what rules of the configuration have hidden; `atMs`: the pair's arrival, wall clock. */
  count(comparison: Comparison, atMs: number): void {
    if (comparison.kind !== 'mismatched' && comparison.kind !== 'ignored') return;
    const hidden = comparison.hidden ?? [];
    this.#tally.add(
      hidden.filter(({ rule }) => !isNoiseName(rule)),
      atMs,
    );
  }

  /** The same for a pair that is not judged: nothing is counted and nothing remembered. */
  look(pair: Pair, rules: readonly CompareRule[] = this.rulesOf(pair.route)): Comparison {
    return this.#compare(pair, rules, new RuleMemory());
  }

  /** What rules hid, and on what maps failed, since the last call. */
  takeCounts(): readonly RuleCount[] {
    return this.#tally.take();
  }

  close(): void {
    this.#maps.close();
  }

  /** A map is asked where the answers differ without it: alike, they are alike behind it too. */
  #compare(pair: Pair, rules: readonly CompareRule[], memory: RuleMemory): Comparison {
    const plain = compareExchanges(pair, rules, memory);
    if (plain.kind !== 'mismatched') return plain;
    const rule = rules.find(({ as }) => as === 'map');
    if (rule?.map === undefined || !isRuleHeld(rule, pair.arrivedAtMs)) return plain;
    const [legacy, candidate] = [pair.legacy.answer!, pair.candidate.answer!].map(rawAnswer);
    if (legacy === null || candidate === null) {
      return { kind: 'not-comparable', reason: 'too-large' };
    }
    // Bytes that cannot be unpacked differ as bytes.
    if (legacy === undefined || candidate === undefined) return plain;
    const mapped = this.#maps.map(rule.map, legacy, candidate);
    if (mapped.kind === 'failed') {
      this.#tally.failed(ruleName(rule), mapped.why, mapped.isOff);
      return { kind: 'not-comparable', reason: 'map-failed' };
    }
    const behind: ComparedPair = {
      ...pair,
      legacy: withBody(pair.legacy, mapped.legacy),
      candidate: withBody(pair.candidate, mapped.candidate),
    };
    return joined(plain, compareExchanges(behind, rules, memory), ruleName(rule));
  }
}

/** With its body unpacked; null where it is not there whole, undefined where it is damaged. */
function rawAnswer({ status, headers, body, bodyBytes }: Answer): RawAnswer | null | undefined {
  if (body.length !== bodyBytes) return null;
  const unpacked = decodeBody(headers, body);
  return unpacked.kind === 'decoded' ? { status, headers, body: unpacked.bytes } : undefined;
}

/** Fields that say how the body was written: behind a map they are no longer true of it. */
const OF_BODY: ReadonlySet<string> = new Set(['content-type', 'content-encoding']);

function withBody(exchange: Exchange, text: string): Exchange {
  const body = Buffer.from(text);
  const answer: Answer = {
    ...exchange.answer!,
    headers: [...withoutBodyFields(exchange.answer!.headers), 'content-type', 'application/json'],
    body,
    bodyBytes: body.length,
    bodyHash: null,
  };
  return { ...exchange, answer };
}

function withoutBodyFields(headers: RawHeaders): RawHeaders {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (!OF_BODY.has(headers[i]!.toLowerCase())) kept.push(headers[i]!, headers[i + 1]!);
  }
  return kept;
}

/** What differs behind the map, and before it what the map was not asked about. */
function joined(plain: Mismatch, behind: Comparison, rule: string): Comparison {
  if (behind.kind === 'not-comparable') return behind;
  const kept = plain.divergences.filter(({ path }) => OF_BODY.has(path.replace(/^header:/, '')));
  const found = behind.kind === 'mismatched' ? behind.divergences : [];
  const divergences = [...kept, ...found];
  const hits = behind.kind === 'matched' ? [] : (behind.hidden ?? []);
  const hidden = withHit(hits, rule, hiddenBy(plain.divergences, divergences));
  if (divergences.length > 0) {
    return { kind: 'mismatched', divergences, ...(hidden.length > 0 ? { hidden } : {}) };
  }
  return { kind: 'ignored', rules: hidden.map((hit) => hit.rule), hidden };
}

function hiddenBy(before: readonly Divergence[], behind: readonly Divergence[]): number {
  return Math.max(behind.length === 0 ? 1 : 0, before.length - behind.length);
}

function withHit(hits: readonly RuleHit[], rule: string, divergences: number): RuleHit[] {
  return divergences === 0 ? [...hits] : [...hits, { rule, divergences }];
}
