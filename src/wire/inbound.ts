/**
 * One request as the proxy gets it from the data port, and the means to answer it. Implemented
 * by the server connection; the pipeline sees no more of the wire than this.
 */
import type { Duplex } from 'node:stream';
import type { RawHeaders } from '../model/exchange.ts';
import type { BodyPipe } from './body-pipe.ts';
import type { RequestHead } from './message.ts';

export interface Peer {
  /** The client's address, as the connection or the PROXY protocol names it. */
  readonly address: string;
  /** The address the bytes came from: the balancer's, where it speaks the PROXY protocol. */
  readonly hop: string;
  readonly isTls: boolean;
}

export interface Inbound {
  readonly head: RequestHead;
  /** Microseconds of the clock's origin at which the head was whole. */
  readonly arrivedUs: number;
  readonly peer: Peer;
  /**
   * Null where the message has none. What came together with the head is in it already: a short
   * body is often whole when the listener is called.
   */
  readonly body: BodyPipe | null;
  /**
   * The client left, or broke the framing of its body, before the answer was whole. Called at
   * most once. From then on every call below does nothing.
   */
  onGone: (() => void) | null;
  /** The client takes bytes again after {@link write} has answered false. */
  onDrain: (() => void) | null;
  /** No answer can be given any more, or it is complete. */
  readonly isOver: boolean;
  /** An answer's head has been sent. */
  readonly hasBegun: boolean;

  /** Relays an interim answer (100 to 199 but 101); nothing for HTTP/1.0 clients. */
  inform(status: number, reason: string, headers: RawHeaders): void;
  /**
   * The whole answer in one write. `headers` are the end-to-end fields in order, a Content-Length
   * among them where it is known; the connection adds Date where none is, framing and Connection.
   * To HEAD, and with 204 and 304, no body is sent.
   */
  answer(status: number, reason: string, headers: RawHeaders, body: Uint8Array): void;
  /**
   * The head of an answer whose body follows. `length`: its bytes where known; else it is
   * chunked, or ends with the connection for an HTTP/1.0 client.
   */
  begin(status: number, reason: string, headers: RawHeaders, length: number | null): void;
  /** Part of the body; false: stop until `onDrain`. Bytes beyond `length` are never sent. */
  write(chunk: Uint8Array): boolean;
  /**
   * The body is whole. Trailers are sent where the answer is chunked and the client takes them,
   * but for fields that may stand in a head alone.
   */
  end(trailers?: RawHeaders): void;
  /** Breaks the connection off, so that the client cannot take the answer for whole. */
  cut(): void;
  /** This connection is not kept after the answer: the proxy drains. */
  closeAfter(): void;
  /**
   * Sends 101 with these fields and hands the bare connection over, paused and with what the
   * client sent ahead. Ends the HTTP of it.
   */
  tunnel(reason: string, headers: RawHeaders): Duplex;
}
