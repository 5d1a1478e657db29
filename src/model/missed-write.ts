import type { RawHeaders, Side } from './exchange.ts';

/**
 * A write that one side has and the other one missed, with all that is needed to send it there
 * later. Plain data: it travels between processes and lies in the store, credentials included.
 */
export interface MissedWrite {
  /** At least one; the write keeps its place in the order of each. */
  readonly keys: readonly string[];
  /** The side that has it: it is to be replayed on the other one. */
  readonly truth: Side;
  /** Doing it twice is as doing it once. */
  readonly isIdempotent: boolean;
  /** Another write of one of its keys was under way on the live side at the same time. */
  readonly isRaced: boolean;
  /** When the live side had it, microseconds of the machine's monotonic clock. */
  readonly arrivedUs: number;
  readonly endedUs: number;
  /** The request as the shadow should have got it. */
  readonly method: string;
  readonly target: string;
  readonly headers: RawHeaders;
  /** Base64; null when there was no body. */
  readonly body: string | null;
}

/** A key with writes that wait to be replayed, and the side that has them. */
export type HeldKey = readonly [key: string, truth: Side];

/**
 * A key whose taint may be lifted: what is known of it from before `beganUs` has been disproved.
 */
export type LiftedKey = readonly [key: string, beganUs: number];

/** How sending a missed write has ended. */
export type ReplayEnd =
  /** The side has carried it out, or has refused it by an answer below 500. */
  | 'done'
  /** Nothing of it has reached the side. */
  | 'unsent'
  /** The side may or may not have carried it out. */
  | 'unknown';
