/**
 * Both legs of a mirrored request have ended: count them, say whether they can be compared, and
 * compare. Byte-equal pairs are settled here with one memory compare; the rest is the
 * analyst's, and what it finds to differ the referee's.
 */
import { isByteEqual } from '../compare/bytes.ts';
import type { Accumulator } from '../measure/accumulate.ts';
import type { Exchange, Side } from '../model/exchange.ts';
import type { NoisePart } from '../model/noise.ts';
import type { Comparison, NotComparableReason, Pair } from '../model/pair.ts';
import type { Analyst } from './analyst/analyst.ts';
import type { Leg } from '../wire/leg.ts';
import type { MissedWrites } from './missed/missed-writes.ts';
import { OVERLOAD, type OverloadLevel } from './overload.ts';
import type { Passage } from './passage.ts';
import type { Ruling } from './referee/dispute.ts';
import type { Referee } from './referee/referee.ts';
import type { TaintedKeys } from './missed/taint.ts';

interface PairingParts {
  readonly count: Accumulator;
  readonly tainted: TaintedKeys;
  readonly missed: MissedWrites;
  readonly analyst: Analyst;
  readonly referee: Referee;
  /** 0 to 100: share of pairs compared. */
  readonly comparePercent: () => number;
  readonly isRecording: boolean;
  /** What the proxy has given up for now. */
  readonly overload: () => OverloadLevel;
}

interface Settling {
  readonly passage: Passage;
  /** It is counted by its comparison; else that only shows whether its keys agree again. */
  readonly isJudged: boolean;
}

export interface Pairing {
  /** Takes a pair whose two legs have ended. */
  settle(passage: Passage): void;
  /** Pairs that the analyst or the referee has not answered for yet. */
  readonly pendingCount: number;
}

/** Pairs whose bytes are equal are settled here; all others go to the analyst. */
export function createPairing(parts: PairingParts): Pairing {
  return new PairSettler(parts);
}

class PairSettler implements Pairing {
  readonly #parts: PairingParts;
  readonly #pending = new Map<number, Settling>();
  #nextId = 0;

  constructor(parts: PairingParts) {
    this.#parts = parts;
    parts.analyst.onVerdict((id, comparison) => this.#judged(id, comparison));
  }

  get pendingCount(): number {
    return this.#pending.size + this.#parts.referee.outstanding;
  }

  settle(passage: Passage): void {
    const { count, missed } = this.#parts;
    const legacy = passage.exchangeOf('legacy');
    const candidate = passage.exchangeOf('candidate');
    const { identity, plan } = passage;
    countLegs(count, passage, legacy, candidate);
    const reason = notComparable(passage, this.#parts);
    if (!identity.isSafe) missed.settled(passage);
    if (reason === null) this.#compare(passage, legacy, candidate);
    else {
      count.notComparable(identity.route.name, plan.liveSide, reason);
      this.#lookAt(passage, legacy, candidate, reason === 'tainted');
    }
  }

  #judged(id: number, comparison: Comparison): void {
    const settling = this.#pending.get(id);
    if (settling === undefined) return;
    this.#pending.delete(id);
    const { count, referee } = this.#parts;
    const { passage, isJudged } = settling;
    const { name } = passage.identity.route;
    const { liveSide } = passage.plan;
    const { kind } = comparison;
    if (!isJudged) {
      if (kind === 'matched' || kind === 'ignored') this.#agreed(passage);
    } else if (kind === 'not-comparable') count.notComparable(name, liveSide, comparison.reason);
    else if (kind !== 'mismatched') {
      count.compared(name, liveSide, kind);
      this.#agreed(passage);
    } else referee.judge(passage, (ruling) => this.#ruled(id, name, liveSide, ruling));
  }

  /** Nothing of before is in doubt any more where that showed all that belongs to its keys. */
  #agreed(passage: Passage): void {
    const { missed, referee } = this.#parts;
    if (missed.agreed(passage)) referee.agreed(passage.identity.keys);
  }

  #ruled(id: number, route: string, liveSide: Side, ruling: Ruling): void {
    const { analyst, count } = this.#parts;
    if (ruling === 'mismatched' || ruling === 'gone') count.compared(route, liveSide, 'mismatched');
    else count.notComparable(route, liveSide, ruling);
    analyst.ruled(id, ruling);
  }

  #compare(passage: Passage, legacy: Exchange, candidate: Exchange): void {
    const { analyst, count, isRecording, overload } = this.#parts;
    const route = passage.identity.route.name;
    const { liveSide } = passage.plan;
    const [key] = passage.identity.keys;
    if (key !== undefined) count.keyed(route, key);
    const isEqual = areAnswersEqual(legacy, candidate);
    const level = overload();
    const record = isRecording && level < OVERLOAD.record;
    const noise = noisePartOf(passage, this.#parts.tainted);
    if (isEqual) {
      count.compared(route, liveSide, 'matched');
      if (noise === 'judge') analyst.equal(route);
      this.#agreed(passage);
    }
    if (isEqual && !record) return;
    if (!isEqual && level >= OVERLOAD.compare) {
      count.notComparable(route, liveSide, 'overload');
      return;
    }
    const id = this.#takeId();
    const { keys } = passage.identity;
    const pair = toPair(passage, legacy, candidate);
    if (!isEqual) this.#pending.set(id, { passage, isJudged: true });
    const compare = !isEqual;
    const item = { id, pair, keys, compare, record, isHeld: compare, noise };
    if (analyst.offer(item) || isEqual) return;
    this.#pending.delete(id);
    count.notComparable(route, liveSide, 'compare-dropped');
  }

  /** Not judged, and counted already: recorded, and compared where that may lift its taint. */
  #lookAt(passage: Passage, legacy: Exchange, candidate: Exchange, isTainted: boolean): void {
    const { analyst, isRecording, missed, overload } = this.#parts;
    const level = overload();
    const record = isRecording && level < OVERLOAD.record;
    let compare = isTainted && missed.wouldVerify(passage);
    if (compare && areAnswersEqual(legacy, candidate)) {
      this.#agreed(passage);
      compare = false;
    }
    if (level >= OVERLOAD.compare) compare = false;
    if (!compare && !record) return;
    const id = this.#takeId();
    const pair = toPair(passage, legacy, candidate);
    if (compare) this.#pending.set(id, { passage, isJudged: false });
    const { keys } = passage.identity;
    const noise = passage.identity.isSafe ? 'again' : undefined;
    const item = { id, pair, keys, compare, record, isTainted, noise } as const;
    if (!analyst.offer(item)) this.#pending.delete(id);
  }

  #takeId(): number {
    const id = this.#nextId;
    this.#nextId += 1;
    return id;
  }
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
  const isTainted = passage.wasTainted ?? parts.tainted.excludesAny(passage.identity.keys);
  const { isJudged, overtaken } = passage.plan;
  if (isTainted) return 'tainted';
  if (!isJudged) return overtaken.length > 0 ? 'write-order' : 'tainted';
  const isRefereed = passage.identity.route.settings?.isRefereed !== false;
  if (passage.isRaced && !isRefereed) return 'raced';
  if (!isKnown(live) || !isKnown(shadow)) return 'too-large';
  const percent = parts.comparePercent();
  return percent < 100 && Math.random() * 100 >= percent ? 'not-sampled' : null;
}

/** Legacy is asked twice in quiet alone: what a write may explain has no share of it. */
function noisePartOf({ identity, isRaced }: Passage, tainted: TaintedKeys): NoisePart | undefined {
  if (!identity.isSafe) return undefined;
  return isRaced || tainted.isOvertakenAny(identity.keys) ? 'again' : 'judge';
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
