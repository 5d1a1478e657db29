/** The two implementations. They never swap names. */
export type Side = 'legacy' | 'candidate';

/** `live` answers the client; `shadow` is only judged. */
export type Role = 'live' | 'shadow';

export const SIDES: readonly Side[] = ['legacy', 'candidate'];

/** The side that is not this one. */
export function otherSide(side: Side): Side {
  return side === 'legacy' ? 'candidate' : 'legacy';
}

/** How a side ended: an answer came whole, or how it failed. A failure is data, not an error. */
export type Outcome = 'answered' | 'timeout' | 'refused' | 'reset' | 'too-large' | 'aborted';

/** Header or trailer fields as on the wire: name, value, name, value … in order, case kept. */
export type RawHeaders = readonly string[];

/** One request as the client sent it. Header values are latin1 strings, one char one byte. */
export interface RequestMessage {
  readonly method: string;
  /** Request target, byte for byte: path and query. */
  readonly target: string;
  readonly headers: RawHeaders;
  /** Null when there was no body. */
  readonly body: Uint8Array | null;
}

/** One answer. `body` holds at most the capture limit; `bodyBytes` is the whole length. */
export interface Answer {
  readonly status: number;
  readonly statusMessage: string;
  readonly headers: RawHeaders;
  readonly trailers: RawHeaders;
  readonly body: Uint8Array;
  readonly bodyBytes: number;
  /** SHA-256, in hex, of a body longer than what is kept; null where it is whole or unknown. */
  readonly bodyHash: string | null;
}

/** One request with one side's answer or failure and its times. */
export interface Exchange {
  readonly side: Side;
  readonly role: Role;
  readonly outcome: Outcome;
  /** Present exactly when `outcome` is `answered`. */
  readonly answer: Answer | null;
  /**
   * From arrival (proxy) or intended start (replay) to the last byte or the failure; a shadow's
   * without the time by which the proxy wrote it after the live request.
   */
  readonly latencyUs: number;
  /** From the actual start of this leg to its last byte or failure. */
  readonly serviceUs: number;
}

/**
 * The value of the header of this name in lower case, however it was sent; undefined when absent,
 * the first when repeated.
 */
export function headerValue(headers: RawHeaders, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    const field = headers[i]!;
    if (field.length === name.length && field.toLowerCase() === name) return headers[i + 1];
  }
  return undefined;
}
