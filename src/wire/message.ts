/** Heads of HTTP/1 messages as the wire reads them: parsed strictly, kept byte for byte. */
import type { RawHeaders } from '../model/exchange.ts';

/** How the end of a body is found. Source: RFC 9112, section 6.3. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  /** Answers alone: the body ends with the connection. */
  | { readonly kind: 'until-close' };

export interface RequestHead {
  readonly method: string;
  /** As sent: origin-form, or `*`. An absolute-form's authority has become the Host field. */
  readonly target: string;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minor: 0 | 1;
  /** Every field as sent: name, value, … in order, case kept, values without outer blanks. */
  readonly headers: RawHeaders;
  readonly framing: Framing;
  /** The client keeps the connection for a next request. */
  readonly keepsAlive: boolean;
  readonly expectsContinue: boolean;
  /** `Connection: upgrade` with an Upgrade field, in HTTP/1.1 and without a body. */
  readonly isUpgrade: boolean;
  /** `TE: trailers` was sent. */
  readonly takesTrailers: boolean;
}

export interface ResponseHead {
  readonly status: number;
  /** latin1: one char, one byte. */
  readonly reason: string;
  readonly minor: 0 | 1;
  readonly headers: RawHeaders;
  readonly framing: Framing;
  readonly keepsAlive: boolean;
}
