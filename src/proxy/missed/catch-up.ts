/**
 * Sends the journal's writes to the side that missed them, once it can be reached again. In:
 * missed writes. Out: replays, each behind those before it at any of its keys; and which keys
 * are held, released, or can be told to be sound only by a read. Waits for nobody, and gives a
 * side that cannot be reached one try at a time.
 */
import type { Clock } from '../../kit/clock.ts';
import { LIMITS } from '../../kit/limits.ts';
import { SIDES, type Side } from '../../model/exchange.ts';
import type { HeldKey, MissedWrite, ReplayEnd } from '../../model/missed-write.ts';
import type { TaintedKey, TaintReason } from '../../model/window.ts';
import { type JournalEntry, WriteJournal } from './write-journal.ts';

/** Whom the catch-up tells what becomes of keys and writes. */
export interface CatchUpObserver {
  /** These keys have entries from now on, the side that has them beside each. */
  held(keys: readonly HeldKey[]): void;
  /** These have none any more. */
  released(keys: readonly string[]): void;
  /** These are to be tainted until a read has shown that both sides agree. */
  tainted(keys: readonly TaintedKey[]): void;
  /** The journal has one more entry. */
  added(entry: JournalEntry): void;
  /** It has one less: carried out, or given up. */
  removed(entry: JournalEntry): void;
}

export interface CatchUpParts {
  readonly clock: Clock;
  readonly observer: CatchUpObserver;
  /** Somebody is there to send. */
  readonly canReplay: () => boolean;
  /** Sends an entry; `ended` is called once, within the call or later. */
  readonly replay: (entry: JournalEntry, ended: (end: ReplayEnd) => void) => void;
  /** Makes it durable that these may have been sent; false when it cannot be done now. */
  readonly grant: (entries: readonly JournalEntry[]) => boolean;
  /** These were not sent after all. */
  readonly ungrant: (entries: readonly JournalEntry[]) => void;
  /** How long an entry waits for earlier ones that may still come. */
  readonly settleMs: () => number;
}

interface TargetState {
  isDown: boolean;
  backoffMs: number;
  nextTryUs: number;
  inFlight: number;
  /** Marked as perhaps sent, and not sent yet. */
  readonly granted: Set<JournalEntry>;
  /** Replays that were carried out, ever. */
  succeeded: number;
}

/** Entries looked at for one that may be sent twice, when a side has to be tried. */
const PROBES_LOOKED_AT = 64;
/** Entries looked at for those that have to be marked before they are sent. */
const GRANTS_LOOKED_AT = 4096;
/** How soon it looks again when entries wait but not for a side. */
const LOOK_AGAIN_MS = 100;

/** The journal and who replays it; see the head of this file. */
export class CatchUp {
  readonly journal: WriteJournal = new WriteJournal();
  readonly #parts: CatchUpParts;
  readonly #targets: Readonly<Record<Side, TargetState>> = {
    legacy: newTarget(),
    candidate: newTarget(),
  };
  #nextId: number;
  #cancelLook: (() => void) | null = null;
  #lookAtUs = 0;
  #isClosed = false;
  #isPumping = false;

  /** `firstId`: ids of new entries go on from there. */
  constructor(parts: CatchUpParts, firstId = 1) {
    this.#parts = parts;
    this.#nextId = firstId;
  }

  /** Takes a write that a side missed; one beyond the limits taints its keys. */
  missed(write: MissedWrite): void {
    const id = this.#nextId;
    this.#nextId += 1;
    const added = this.#add(id, write);
    if (added === null) return;
    this.#parts.observer.added(added);
    this.#pump();
  }

  /** Takes back an entry of before a restart, the oldest first. */
  restore(id: number, write: MissedWrite, isGranted: boolean): void {
    this.#nextId = Math.max(this.#nextId, id + 1);
    const added = this.#add(id, { ...write, arrivedUs: 0, endedUs: 0 });
    if (added === null) return;
    if (isGranted && !write.isIdempotent) this.#giveUp(added, 'shadow-unknown');
    else this.#lookIn(0);
  }

  /** Tries again now: somebody who can send has come. */
  wake(): void {
    this.#pump();
  }

  /** Ends all sending; what is under way is of unknown outcome. */
  close(): void {
    this.#isClosed = true;
    this.#cancelLook?.();
    for (const side of SIDES) this.#ungrant(this.#targets[side]);
  }

  #add(id: number, write: MissedWrite): JournalEntry | null {
    const { observer, clock } = this.#parts;
    const added = this.journal.add(id, write, clock.nowUs());
    if (added === null) {
      observer.tainted(this.#taints(write.keys, write.truth, 'not-mirrored'));
      observer.released(write.keys.filter((key) => !this.journal.has(key)));
      return null;
    }
    if (added.fresh.length > 0) observer.held(added.fresh.map((key) => [key, write.truth]));
    if (added.unordered.length > 0) {
      observer.tainted(this.#taints(added.unordered, write.truth, 'overtaken'));
    }
    return added.entry;
  }

  #pump(): void {
    if (this.#isClosed || this.#isPumping) return;
    this.#isPumping = true;
    try {
      if (this.#parts.canReplay()) for (const side of SIDES) this.#pumpTo(side);
    } finally {
      this.#isPumping = false;
    }
    this.#lookAgain();
  }

  #pumpTo(side: Side): void {
    const target = this.#targets[side];
    const ready = this.journal.ready(side);
    const nowUs = this.#parts.clock.nowUs();
    if (target.isDown) {
      if (target.inFlight > 0 || nowUs < target.nextTryUs) return;
      const probe = probeOf(ready);
      if (probe === null || !this.#send(probe, target)) return;
      if (target.isDown || target.inFlight > 0) return;
    }
    const settledUs = nowUs - this.#parts.settleMs() * 1000;
    for (const entry of ready) {
      if (target.isDown || target.inFlight >= LIMITS.replaysInFlightMax) return;
      if (entry.addedUs <= settledUs && !this.#send(entry, target)) return;
    }
  }

  /** False when it may not be sent yet. */
  #send(entry: JournalEntry, target: TargetState): boolean {
    if (!entry.write.isIdempotent && !entry.isGranted && !this.#grant(entry, target)) {
      target.isDown = true;
      target.nextTryUs = this.#parts.clock.nowUs() + LIMITS.replayBackoffMaxMs * 1000;
      return false;
    }
    const isProbe = target.isDown;
    target.granted.delete(entry);
    this.journal.begin(entry);
    target.inFlight += 1;
    let hasEnded = false;
    this.#parts.replay(entry, (end) => {
      if (hasEnded) return;
      hasEnded = true;
      target.inFlight -= 1;
      this.#ended(entry, target, end, isProbe);
    });
    return true;
  }

  /** Marks the entry and some that come next, unless it is a probe: one wait for the disk. */
  #grant(entry: JournalEntry, target: TargetState): boolean {
    const granted = [entry];
    if (!target.isDown) this.#addNext(granted);
    if (!this.#parts.grant(granted)) return false;
    for (const each of granted) {
      each.isGranted = true;
      target.granted.add(each);
    }
    return true;
  }

  /** Adds some of those that will have to be granted after the first. */
  #addNext(granted: JournalEntry[]): void {
    const [first] = granted;
    let looked = 0;
    for (const other of this.journal.entries()) {
      looked += 1;
      if (looked > GRANTS_LOOKED_AT || granted.length >= LIMITS.replayGrantMax) return;
      const isDue = !other.write.isIdempotent && !other.isGranted && other.target === first!.target;
      if (isDue && other !== first) granted.push(other);
    }
  }

  #ungrant({ granted }: TargetState): void {
    if (granted.size === 0) return;
    for (const entry of granted) entry.isGranted = false;
    this.#parts.ungrant([...granted]);
    granted.clear();
  }

  #ended(entry: JournalEntry, target: TargetState, end: ReplayEnd, isProbe: boolean): void {
    if (this.#isClosed && end !== 'done') return;
    if (end === 'done') {
      target.isDown = false;
      target.backoffMs = LIMITS.replayBackoffMinMs;
      target.succeeded += 1;
      this.#remove(entry);
    } else {
      this.#leaveAlone(target, isProbe);
      if (end === 'unknown' && this.#isHopeless(entry, target)) {
        this.#giveUp(entry, 'shadow-unknown');
      } else {
        if (end === 'unsent' && entry.isGranted) target.granted.add(entry);
        this.journal.again(entry);
        this.#ungrant(target);
      }
    }
    this.#pump();
  }

  #isHopeless(entry: JournalEntry, target: TargetState): boolean {
    if (!entry.write.isIdempotent) return true;
    // A side that is ill fails them all; this one alone fails where others succeed in between.
    if (entry.failedAt >= 0 && target.succeeded > entry.failedAt) entry.failures += 1;
    entry.failedAt = target.succeeded;
    return entry.failures >= LIMITS.replayFailuresMax;
  }

  /** Those that were sent together fail together: only a probe's failure makes the wait longer. */
  #leaveAlone(target: TargetState, isProbe: boolean): void {
    if (target.isDown && !isProbe) return;
    target.backoffMs = isProbe
      ? Math.min(target.backoffMs * 2, LIMITS.replayBackoffMaxMs)
      : LIMITS.replayBackoffMinMs;
    target.nextTryUs = this.#parts.clock.nowUs() + target.backoffMs * 1000;
    target.isDown = true;
  }

  #giveUp(entry: JournalEntry, reason: TaintReason): void {
    const { keys, write } = entry;
    this.#parts.observer.tainted(this.#taints(keys, write.truth, reason));
    this.#remove(entry);
  }

  #remove(entry: JournalEntry): void {
    const drained = this.journal.remove(entry);
    this.#parts.observer.removed(entry);
    if (drained.length > 0) this.#parts.observer.released(drained);
  }

  #taints(keys: readonly string[], truth: Side, reason: TaintReason): readonly TaintedKey[] {
    const sinceUs = this.#parts.clock.nowUs();
    return keys.map((key) => [key, truth, reason, sinceUs]);
  }

  /** Sees to it that what waits is looked at again when it may go. */
  #lookAgain(): void {
    if (this.journal.count === 0) return;
    let delayMs = LOOK_AGAIN_MS;
    if (this.#parts.canReplay()) {
      const nowUs = this.#parts.clock.nowUs();
      delayMs = Math.min(...SIDES.map((side) => this.#waitMs(side, nowUs)));
    }
    if (delayMs < Infinity) this.#lookIn(delayMs);
  }

  /** How long until something may be sent to this side; what is under way looks by itself. */
  #waitMs(side: Side, nowUs: number): number {
    const { isDown, inFlight, nextTryUs } = this.#targets[side];
    if (this.journal.ready(side).size === 0) return Infinity;
    if (isDown) return inFlight > 0 ? Infinity : Math.max(1, (nextTryUs - nowUs) / 1000);
    return inFlight < LIMITS.replaysInFlightMax ? this.#parts.settleMs() + 1 : Infinity;
  }

  #lookIn(delayMs: number): void {
    const atUs = this.#parts.clock.nowUs() + delayMs * 1000;
    if (this.#isClosed || (this.#cancelLook !== null && this.#lookAtUs <= atUs)) return;
    this.#cancelLook?.();
    this.#lookAtUs = atUs;
    this.#cancelLook = this.#parts.clock.after(delayMs, () => {
      this.#cancelLook = null;
      this.#pump();
    });
  }
}

function newTarget(): TargetState {
  const backoffMs = LIMITS.replayBackoffMinMs;
  const granted = new Set<JournalEntry>();
  return { isDown: false, backoffMs, nextTryUs: 0, inFlight: 0, granted, succeeded: 0 };
}

/** The oldest that may be sent twice, or else the oldest; null when none waits. */
function probeOf(ready: ReadonlySet<JournalEntry>): JournalEntry | null {
  let oldest: JournalEntry | null = null;
  let looked = 0;
  for (const entry of ready) {
    if (entry.write.isIdempotent) return entry;
    oldest ??= entry;
    looked += 1;
    if (looked >= PROBES_LOOKED_AT) break;
  }
  return oldest;
}
