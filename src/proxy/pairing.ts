/**
 * Both legs of a mirrored request have ended: count them, say whether they can be compared, and
 * compare. Byte-equal pairs are settled here with one memory compare; the rest is the
 * analyst's.
 */
import { isByteEqual } from '../compare/bytes.ts';
import type { Accumulator } from '../measure/accumulate.ts';
import type { Exchange } from '../model/exchange.ts';
import type { NotComparableReason, Pair } from '../model/pair.ts';
import type { Analyst } from './analyst.ts';
import type { Leg } from '../wire/leg.ts';
import type { MissedWrites } from './missed-writes.ts';
import { OVERLOAD, type OverloadLevel } from './overload.ts';
import type { Passage } from './passage.ts';
import type { TaintedKeys } from './taint.ts';

interface PairingParts {
  readonly count: Accumulator;
  readonly tainted: TaintedKeys;
  readonly missed: MissedWrites;
  readonly analyst: Analyst;
  /** 0 to 100: share of pairs compared. */
  readonly comparePercent: () => number;
  readonly isRecording: boolean;
  /** What the proxy has given up for now. */
  readonly overload: () => OverloadLevel;
}

interface Settling {
  readonly passage: Passage;
}

export interface Pairing {
  /** Takes a pair whose two legs have ended. */
  settle(passage: Passage): void;
  /** Pairs that the analyst has not answered for yet. */
  readonly pendingCount: number;
}

/** Pairs whose bytes are equal are settled here; all others go to the analyst. */
export function createPairing(parts: PairingParts): Pairing {
  const { count, analyst } = parts;
  const pending = new Map<number, Settling>();
  let nextId = 0;

  analyst.onVerdict((id, comparison) => {
    const settling = pending.get(id);
    if (settling === undefined) return;
    pending.delete(id);
    const { identity, plan } = settling.passage;
    if (comparison.kind === 'not-comparable') {
      count.notComparable(identity.route.name, plan.liveSide, comparison.reason);
    } else count.compared(identity.route.name, plan.liveSide, comparison.kind);
  });

  const compare = (passage: Passage, legacy: Exchange, candidate: Exchange): void => {
    const route = passage.identity.route.name;
    const { liveSide } = passage.plan;
    const isEqual = areAnswersEqual(legacy, candidate);
    const level = parts.overload();
    const isRecording = parts.isRecording && level < OVERLOAD.record;
    if (isEqual) count.compared(route, liveSide, 'matched');
    if (isEqual && !isRecording) return;
    if (!isEqual && level >= OVERLOAD.compare) {
      count.notComparable(route, liveSide, 'overload');
      return;
    }
    const id = nextId;
    nextId += 1;
    const item = {
      id,
      pair: toPair(passage, legacy, candidate),
      keys: passage.identity.keys,
      compare: !isEqual,
      record: isRecording,
    };
    if (!isEqual) pending.set(id, { passage });
    if (analyst.offer(item) || isEqual) return;
    pending.delete(id);
    count.notComparable(route, liveSide, 'compare-dropped');
  };

  return {
    get pendingCount() {
      return pending.size;
    },
    settle(passage) {
      const legacy = passage.exchangeOf('legacy');
      const candidate = passage.exchangeOf('candidate');
      const { identity, plan } = passage;
      countLegs(count, passage, legacy, candidate);
      const reason = notComparable(passage, parts);
      if (!identity.isSafe) parts.missed.settled(passage);
      if (reason === null) compare(passage, legacy, candidate);
      else {
        count.notComparable(identity.route.name, plan.liveSide, reason);
        if (reason === 'tainted' && areAnswersEqual(legacy, candidate))
          parts.missed.agreed(passage);
        if (parts.isRecording && parts.overload() < OVERLOAD.record) {
          const pair = toPair(passage, legacy, candidate);
          const { keys } = identity;
          analyst.offer({ id: -1, pair, keys, compare: false, record: true });
        }
      }
    },
  };
}

function countLegs(
  count: Accumulator,
  passage: Passage,
  legacy: Exchange,
  candidate: Exchange,
): void {
  const hasOutwaited = hasClientOutwaited(passage);
  if (passage.isClientGone && !hasOutwaited) return;
  const isLegacyCut = isCutEarly(legacy, candidate);
  const isCandidateCut = isCutEarly(candidate, legacy);
  const areTimed = hasOutwaited || (isTimed(legacy) && isTimed(candidate));
  count.legs(passage.identity.route.name, passage.plan.liveSide, {
    legacyUs: legacy.latencyUs,
    candidateUs: candidate.latencyUs,
    hasLegacyFailed: hasSideFailed(passage.legOf('legacy')) && !isLegacyCut,
    hasCandidateFailed: hasSideFailed(passage.legOf('candidate')) && !isCandidateCut,
    isTimed: areTimed && !passage.hasWaited && !isLegacyCut && !isCandidateCut,
  });
}

/** A leg that we cut says nothing against its side. */
function hasSideFailed(leg: Leg): boolean {
  return leg.isFailed && leg.outcome !== 'too-large' && leg.outcome !== 'aborted';
}

/**
 * The client gave up on a live side that had not begun to answer, when the other side's answer
 * was there: the time it waited is a latency of the live side, if not yet the whole of it. Left
 * out, a side that hangs would be judged by the answers it gives quickly.
 */
function hasClientOutwaited({ isClientGone, live, shadow }: Passage): boolean {
  if (!isClientGone || live!.firstByteUs > 0) return false;
  return shadow!.isAnswered && shadow!.finishedUs < live!.finishedUs;
}

/** Cut by a deadline that the other side needed longer than: says nothing of which is slower. */
function isCutEarly(exchange: Exchange, other: Exchange): boolean {
  return exchange.outcome === 'timeout' && other.latencyUs >= exchange.latencyUs;
}

/** A time-out counts as slow; a leg that failed at once says nothing of its speed. */
function isTimed(exchange: Exchange): boolean {
  return exchange.outcome === 'answered' || exchange.outcome === 'timeout';
}

function notComparable(passage: Passage, parts: PairingParts): NotComparableReason | null {
  const live = passage.live!;
  const shadow = passage.shadow!;
  if (passage.isClientGone) return 'client-aborted';
  if (!live.isAnswered) return 'live-failed';
  if (!shadow.isAnswered) return shadow.outcome === 'too-large' ? 'too-large' : 'shadow-failed';
  if (live.status === 503 || shadow.status === 503) return 'unavailable';
  const isTainted = passage.wasTainted ?? parts.tainted.hasAny(passage.identity.keys);
  if (!passage.plan.isJudged || isTainted) return 'tainted';
  if (passage.isRaced) return 'raced';
  if (!isKnown(live) || !isKnown(shadow)) return 'too-large';
  const percent = parts.comparePercent();
  return percent < 100 && Math.random() * 100 >= percent ? 'not-sampled' : null;
}

function areAnswersEqual({ answer: legacy }: Exchange, { answer: candidate }: Exchange): boolean {
  return legacy !== null && candidate !== null && isByteEqual(legacy, candidate);
}

/** Kept whole, or hashed to its end. */
function isKnown(leg: Leg): boolean {
  return leg.isCaptureWhole || leg.bodyHash !== null;
}

function toPair(passage: Passage, legacy: Exchange, candidate: Exchange): Pair {
  return {
    route: passage.identity.route.name,
    key: passage.identity.keys[0] ?? null,
    liveSide: passage.plan.liveSide,
    arrivedAtMs: passage.arrivedAtMs,
    request: passage.message(),
    legacy,
    candidate,
  };
}
