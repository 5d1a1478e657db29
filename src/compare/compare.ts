/**
 * Compares the two answers of a pair. In: answers as they came, and the route's rules. Out: a
 * verdict with every difference located and named, or the reason why there is none. Pure: the
 * same pair and rules give the same comparison, in the analyst thread, in a replay, in a test.
 */
import type { Answer, Exchange, RawHeaders } from '../model/exchange.ts';
import type { Comparison, NotComparableReason, Pair, RuleHit } from '../model/pair.ts';
import type { CompareRule } from '../model/settings.ts';
import { type BodyComparison, compareBodies, compareHashes } from './body.ts';
import { isByteEqual } from './bytes.ts';
import { DivergenceList } from './divergences.ts';
import { headerDifferences } from './headers.ts';
import { type RuleContext, RuleSet } from './rules.ts';
import type { RuleMemory } from './rules/memory.ts';

/** What a comparison needs of a pair. */
export type ComparedPair = Pick<Pair, 'liveSide' | 'arrivedAtMs' | 'legacy' | 'candidate'> &
  Partial<Pick<Pair, 'route' | 'key'>>;

/**
 * Rules are taken as they held when the request arrived. Never throws, whatever the bytes.
 * `memory`: what rules remember of earlier pairs; without one each pair stands alone.
 */
export function compareExchanges(
  pair: ComparedPair,
  rules: readonly CompareRule[],
  memory: RuleMemory | null = null,
): Comparison {
  const reason = whyNotComparable(pair);
  if (reason !== null) return { kind: 'not-comparable', reason };
  const { legacy, candidate, arrivedAtMs } = pair;
  const context = memory === null ? null : contextOf(pair, memory);
  return compareAnswers(legacy.answer!, candidate.answer!, rules, arrivedAtMs, context);
}

function contextOf(pair: ComparedPair, memory: RuleMemory): RuleContext {
  const { route = '', key = null, arrivedAtMs, legacy, candidate } = pair;
  const endMs = {
    legacy: arrivedAtMs + legacy.latencyUs / 1000,
    candidate: arrivedAtMs + candidate.latencyUs / 1000,
  };
  return { memory, route, key, arrivedAtMs, endMs };
}

/** A body neither kept whole nor hashed says nothing of the rest. */
const TOO_LARGE: Comparison = { kind: 'not-comparable', reason: 'too-large' };
const NO_HITS: readonly RuleHit[] = [];
const MATCHED: Comparison = { kind: 'matched' };

/** `atMs`: the wall clock that decides which rules hold. */
export function compareAnswers(
  legacy: Answer,
  candidate: Answer,
  rules: readonly CompareRule[],
  atMs: number,
  context: RuleContext | null = null,
): Comparison {
  if (isByteEqual(legacy, candidate)) return MATCHED;
  if (!isKnown(legacy) || !isKnown(candidate)) return TOO_LARGE;
  const ruleSet = rules.length === 0 ? null : new RuleSet(rules, atMs, context);
  const divergences = new DivergenceList();
  const parts = { legacy, candidate, rules: ruleSet, divergences };
  if (!hasOtherStatus(parts)) {
    const areEmpty = legacy.bodyBytes === 0 && candidate.bodyBytes === 0;
    compareFields('header', legacy.headers, candidate.headers, areEmpty, parts);
    if (legacy.trailers.length + candidate.trailers.length > 0) {
      compareFields('trailer', legacy.trailers, candidate.trailers, false, parts);
    }
    const areWhole = isWhole(legacy) && isWhole(candidate);
    const reason = areWhole ? compareBodies(parts) : compareHashes(parts);
    // What differs besides is a difference, whatever the bodies may be.
    const isUnknown = reason !== null && divergences.found.length === 0;
    if (isUnknown) return { kind: 'not-comparable', reason };
  }
  return verdictOf(divergences, ruleSet);
}

function verdictOf({ found, noted }: DivergenceList, rules: RuleSet | null): Comparison {
  const hidden = rules === null ? NO_HITS : rules.hits;
  if (found.length > 0) {
    if (hidden.length === 0) return { kind: 'mismatched', divergences: found };
    return { kind: 'mismatched', divergences: found, hidden };
  }
  if (hidden.length > 0) return { kind: 'ignored', rules: hidden.map(({ rule }) => rule), hidden };
  return noted.length > 0 ? { kind: 'matched', noted } : MATCHED;
}

/** Another status brings another body: one cause, told once. */
function hasOtherStatus({ legacy, candidate, rules, divergences }: BodyComparison): boolean {
  if (legacy.status === candidate.status) return false;
  const [a, b] = [String(legacy.status), String(candidate.status)];
  if (rules?.isNameIgnored('status') === true) return false;
  if (rules?.excusesPart('status', 'status', a, b) === true) return false;
  divergences.add('status', 'status', a, b);
  return true;
}

/** Null when both sides answered with something that can be held against the other. */
function whyNotComparable(pair: ComparedPair): NotComparableReason | null {
  const isLegacyLive = pair.liveSide === 'legacy';
  const live = isLegacyLive ? pair.legacy : pair.candidate;
  const shadow = isLegacyLive ? pair.candidate : pair.legacy;
  if (live.outcome === 'aborted') return 'client-aborted';
  if (!isAnswered(live)) return 'live-failed';
  if (!isAnswered(shadow)) return shadow.outcome === 'too-large' ? 'too-large' : 'shadow-failed';
  const isUnavailable = live.answer.status === 503 || shadow.answer.status === 503;
  return isUnavailable ? 'unavailable' : null;
}

function isAnswered(exchange: Exchange): exchange is Exchange & { readonly answer: Answer } {
  return exchange.outcome === 'answered' && exchange.answer !== null;
}

function isKnown(answer: Answer): boolean {
  return answer.bodyHash !== null || isWhole(answer);
}

function isWhole(answer: Answer): boolean {
  return answer.body.length === answer.bodyBytes;
}

function compareFields(
  part: 'header' | 'trailer',
  legacy: RawHeaders,
  candidate: RawHeaders,
  areBodiesEmpty: boolean,
  { rules, divergences }: BodyComparison,
): void {
  for (const difference of headerDifferences(legacy, candidate, areBodiesEmpty)) {
    const { name, kind, legacy: a, candidate: b } = difference;
    const path = `${part}:${name}`;
    if (rules?.isNameIgnored(path) === true) continue;
    if (rules?.excusesPart(path, kind, a, b) === true) continue;
    divergences.add(path, kind, a, b);
  }
}
