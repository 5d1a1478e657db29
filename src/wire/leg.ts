/** One request under way to one side, as the sender sees it. */
import type { Duplex } from 'node:stream';
import type { Answer, Outcome, RawHeaders } from '../model/exchange.ts';
import type { BodyPipe } from './body-pipe.ts';

/** A request as a leg sends it. */
export interface LegRequest {
  readonly method: string;
  readonly target: string;
  /**
   * Every field as it is to be sent, Host and (where the body's length is known) Content-Length
   * among them; no other hop-by-hop fields. A body without Content-Length is sent chunked.
   */
  readonly headers: RawHeaders;
  readonly body: Uint8Array | BodyPipe | null;
  /** The value of the Upgrade field where the connection is to be switched; else null. */
  readonly upgrade: string | null;
  /** Whether to say `TE: trailers`. */
  readonly takesTrailers: boolean;
}

export interface LegOptions {
  /** From dispatch to the last byte; beyond it the outcome is `timeout`. */
  readonly timeoutMs: number;
  /** Bytes of the answer's body that are kept. */
  readonly captureMaxBytes: number;
  /**
   * The answer waits for another leg's, to be compared with it: kept apart from bytes that are
   * soon forgotten, and hashed beyond what is kept.
   */
  readonly isCompared: boolean;
}

/** What a leg tells while it goes on; never within `dispatch`. */
export interface LegListener {
  /** An interim answer, 1xx but 100 and 101. */
  informed?(leg: Leg, status: number, reason: string, headers: RawHeaders): void;
  /** The answer's head is there. */
  head(leg: Leg): void;
  data(leg: Leg, chunk: Buffer): void;
  /** Switched (101): the bare connection to the side. The leg has ended as answered. */
  switched?(leg: Leg, socket: Duplex): void;
  /** Answered or failed; nothing comes after. */
  end(leg: Leg): void;
}

export interface Leg {
  readonly startedUs: number;
  /** When its request was written; 0 as long as it is not, and where its body streams. */
  readonly sentUs: number;
  /** Alike for all that were written one after the other, by one turn; -1 where `sentUs` is 0. */
  readonly burst: number;
  readonly firstByteUs: number;
  readonly finishedUs: number;
  readonly outcome: Outcome | null;
  readonly status: number;
  readonly statusMessage: string;
  /** Every field of the answer as sent. */
  readonly headers: RawHeaders;
  readonly trailers: RawHeaders;
  readonly bodyBytes: number;
  /** The answer's length where its Content-Length says it; null else. */
  readonly announcedBytes: number | null;
  /** Text of what went wrong, for people; '' when nothing did. */
  readonly failure: string;
  /** The connection had carried an earlier request: it may have been closed just then. */
  readonly isReused: boolean;
  /** Something of the request may have reached the side. */
  readonly isSent: boolean;
  readonly isAnswered: boolean;
  /** No whole answer, or one that says the server failed. */
  readonly isFailed: boolean;
  readonly isCaptureWhole: boolean;
  /** SHA-256 of a body longer than what was kept; null else, or when not asked for. */
  readonly bodyHash: string | null;
  /** The kept part of the body; whole while {@link isCaptureWhole}. */
  body(): Buffer;
  /** Present exactly when `outcome` is `answered`. */
  answer(): Answer | null;
  /** Stops reading from the side until `resume`: back-pressure of a slow client. */
  pause(): void;
  resume(): void;
  /** Ends the leg now with this outcome; nothing when it has ended already. */
  fail(outcome: Outcome, failure: string): void;
  /** Moves the deadline to `timeoutMs` after the start; Infinity takes it away. */
  extend(timeoutMs: number): void;
}

export interface Upstream {
  /** Begins a leg; its listener hears of it later, never during the call. */
  dispatch(request: LegRequest, options: LegOptions, listener: LegListener): Leg;
  /** Connections open now, idle ones included. */
  readonly connectionCount: number;
  /** What its name stood for when a connection was last made; empty before the first. */
  readonly addresses: readonly string[];
  /** Closes idle connections and, with `isHard`, those in use: their legs end as `aborted`. */
  release(isHard: boolean): void;
  /** Closes every connection at once; legs under way end as `aborted`. */
  close(): Promise<void>;
}
