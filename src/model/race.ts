/** What asking again has shown of answers that differed, and of legacy's own noise. */

/** A live write, as those that overlapped with it tell of it. */
export interface LiveWrite {
  /** Name of its route. */
  readonly route: string;
  readonly method: string;
  /** Wall clock of its arrival. */
  readonly atMs: number;
}

/** A difference that was gone once the key was quiet, and the write that explains it. */
export interface Race {
  /** Name of the read's route. */
  readonly route: string;
  /** A digest of the read's first key under the proxy's salt: tells keys apart, names none. */
  readonly key: string;
  /** Wall clock of the read's arrival. */
  readonly atMs: number;
  readonly write: LiveWrite;
}

/** Why a read whose answers differed was not asked again, or to no avail. */
export const UNCHECKED_REASONS = [
  /** Too many wait already, or were asked within this second. */
  'busy',
  /** An answer was not kept whole, or came back too long. */
  'too-large',
  /** Writes of its keys came all the time. */
  'never-quiet',
  /** Its keys are not judged any more: the shadow has missed a write. */
  'tainted',
  /** Asked again, a side gave no answer that could be compared. */
  'failed',
  /** A side fails again and again: it is left alone for a while. */
  'breaker-open',
  'overload',
  /** Mirroring was paused, or the proxy was ending. */
  'paused',
] as const;
export type UncheckedReason = (typeof UNCHECKED_REASONS)[number];

/**
 * What became of reads whose answers differed, where the referee looks at them; each in exactly
 * one of gone, stillThere and unchecked, or still open.
 */
export interface RefereeCounts {
  /** Asked again on both sides, each once however often that took. */
  readonly asked: number;
  /** Alike when asked again: a race where a write overlapped, a mismatch where none did. */
  readonly gone: number;
  /** Of these, without a write that overlapped: mismatched, or explained by the writes' order. */
  readonly goneWithoutWrite: number;
  readonly stillThere: number;
  readonly unchecked: Readonly<Partial<Record<UncheckedReason, number>>>;
}

/** Before anything was asked. */
export const NONE_RULED: RefereeCounts = {
  asked: 0,
  gone: 0,
  goneWithoutWrite: 0,
  stillThere: 0,
  unchecked: {},
};

/** Why an answer of the twin, or a second one of legacy, says nothing of noise. */
export const UNUSED_REASONS = [
  /** A write of its keys came in between. */
  'overlapped',
  /** One of the two answers is missing, or not whole. */
  'failed',
  /** The analyst had no room for it. */
  'no-room',
] as const;
export type UnusedReason = (typeof UNUSED_REASONS)[number];

/** Requests asked once more, of the twin or of legacy itself: in no count of pairs. */
export interface NoiseCounts {
  readonly asked: number;
  /** Both answers were there, and went to the analyst. */
  readonly learned: number;
  readonly unused: Readonly<Partial<Record<UnusedReason, number>>>;
}

/** Before anything was asked. */
export const NONE_LEARNED: NoiseCounts = { asked: 0, learned: 0, unused: {} };
