/**
 * Compares the two answers of a pair. In: answers as they came, and the route's rules. Out: a
 * verdict with every difference located and named, or the reason why there is none. Pure: the
 * same pair and rules give the same comparison, in the analyst thread, in a replay, in a test.
 */
import type { Answer, Exchange, RawHeaders } from '../model/exchange.ts';
import type { Comparison, NotComparableReason, Pair } from '../model/pair.ts';
import type { CompareRule } from '../model/settings.ts';
import { compareBodies, compareHashes } from './body.ts';
import { isByteEqual } from './bytes.ts';
import { DivergenceList } from './divergences.ts';
import { headerDifferences } from './headers.ts';
import { RuleSet } from './rules.ts';

/** What a comparison needs of a pair. */
export type ComparedPair = Pick<Pair, 'liveSide' | 'arrivedAtMs' | 'legacy' | 'candidate'>;

/** Rules are taken as they held when the request arrived. Never throws, whatever the bytes. */
export function compareExchanges(pair: ComparedPair, rules: readonly CompareRule[]): Comparison {
  const reason = whyNotComparable(pair);
  if (reason !== null) return { kind: 'not-comparable', reason };
  const { legacy, candidate } = pair;
  return compareAnswers(legacy.answer!, candidate.answer!, rules, pair.arrivedAtMs);
}

/** A body neither kept whole nor hashed says nothing of the rest. */
const TOO_LARGE: Comparison = { kind: 'not-comparable', reason: 'too-large' };

/** `atMs`: the wall clock that decides which rules hold. */
export function compareAnswers(
  legacy: Answer,
  candidate: Answer,
  rules: readonly CompareRule[],
  atMs: number,
): Comparison {
  if (isByteEqual(legacy, candidate)) return { kind: 'matched' };
  if (!isKnown(legacy) || !isKnown(candidate)) return TOO_LARGE;
  const ruleSet = new RuleSet(rules, atMs);
  const divergences = new DivergenceList();
  const hasOtherStatus = legacy.status !== candidate.status && !ruleSet.isNameIgnored('status');
  if (hasOtherStatus) {
    // Another status brings another body: one cause, told once.
    divergences.add('status', 'status', String(legacy.status), String(candidate.status));
  } else {
    const areEmpty = legacy.bodyBytes === 0 && candidate.bodyBytes === 0;
    compareFields('header', legacy.headers, candidate.headers, areEmpty, ruleSet, divergences);
    compareFields('trailer', legacy.trailers, candidate.trailers, false, ruleSet, divergences);
    if (isWhole(legacy) && isWhole(candidate)) {
      compareBodies(legacy, candidate, ruleSet, divergences);
    } else compareHashes(legacy, candidate, ruleSet, divergences);
  }
  if (divergences.found.length > 0) {
    return { kind: 'mismatched', divergences: divergences.found };
  }
  if (ruleSet.used.size > 0) return { kind: 'ignored', rules: [...ruleSet.used] };
  return { kind: 'matched' };
}

/** Null when both sides answered with something that can be held against the other. */
function whyNotComparable(pair: ComparedPair): NotComparableReason | null {
  const [live, shadow] =
    pair.liveSide === 'legacy' ? [pair.legacy, pair.candidate] : [pair.candidate, pair.legacy];
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
  kind: 'header' | 'trailer',
  legacy: RawHeaders,
  candidate: RawHeaders,
  areBodiesEmpty: boolean,
  rules: RuleSet,
  divergences: DivergenceList,
): void {
  for (const difference of headerDifferences(legacy, candidate, areBodiesEmpty)) {
    const path = `${kind}:${difference.name}`;
    if (rules.isNameIgnored(path)) continue;
    divergences.add(path, 'header', difference.legacy, difference.candidate);
  }
}
