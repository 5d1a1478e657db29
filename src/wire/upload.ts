/** A request on its way into a connection: its head, and its body at the pace the side takes it. */
import type { Socket } from 'node:net';
import { LIMITS } from '../kit/limits.ts';
import type { BodyPipe, BodySink } from './body-pipe.ts';
import { joinBurst, type Writer } from './burst.ts';
import type { LegRequest } from './leg.ts';
import { isSentChunked, requestText } from './request-text.ts';

const LAST_CHUNK = '0\r\n\r\n';
/** One write for a request and a body up to here. */
const JOINED_MAX_BYTES = 65_536;

/** What {@link Upload} needs to know and to tell. */
export interface UploadOwner {
  readonly prefix: string;
  /** Host and port of the side's URL. */
  readonly host: string;
}

/** Sends request after request over one connection; see the head of this file. */
export class Upload implements BodySink, Writer {
  readonly #socket: Socket;
  readonly #owner: UploadOwner;
  readonly #aborted: () => void;
  readonly #sent: () => void;
  /** The request's body, as long as it is not sent whole. */
  #body: BodyPipe | null = null;
  #isChunked = false;
  /** A request that goes out at the end of this turn; a text is latin1. */
  #unsent: string | Buffer | null = null;
  #flushedBytes = 0;
  /** When the side was last seen to take something. */
  #movedUs = 0;

  /**
   * `aborted`: the body of the request was broken off by its source. `sent`: a request that is
   * here whole is about to be written.
   */
  constructor(socket: Socket, owner: UploadOwner, aborted: () => void, sent: () => void) {
    this.#socket = socket;
    this.#owner = owner;
    this.#aborted = aborted;
    this.#sent = sent;
    socket.on('drain', () => this.#body?.resume());
  }

  /** Nothing waits that a next request would have to wait for. */
  get isDone(): boolean {
    return this.#body === null && this.#unsent === null && this.#socket.writableLength === 0;
  }

  /** Nothing of the request has been written yet: what the side says is no answer to it. */
  get isUnsent(): boolean {
    return this.#unsent !== null;
  }

  begin(request: LegRequest): void {
    const { body } = request;
    const text = requestText(request, this.#owner.prefix, this.#owner.host);
    if (body === null) this.#sendSoon(text);
    else if (body instanceof Uint8Array) this.#sendWhole(text, body, isSentChunked(request));
    else {
      this.#isChunked = isSentChunked(request);
      this.#body = body;
      // What of the body is there already goes along with the head.
      this.#socket.cork();
      this.#socket.write(text, 'latin1');
      body.attach(this);
      this.#socket.uncork();
    }
  }

  /** A body streams, and for too long the side has taken nothing of what waits; ask repeatedly. */
  isStuck(nowUs: number): boolean {
    const waiting = this.#body === null ? 0 : this.#socket.writableLength;
    const flushedBytes = this.#socket.bytesWritten - waiting;
    if (waiting === 0 || flushedBytes !== this.#flushedBytes) {
      this.#flushedBytes = flushedBytes;
      this.#movedUs = nowUs;
      return false;
    }
    return nowUs - this.#movedUs >= LIMITS.uploadStallMs * 1000;
  }

  /** Nobody wants the rest of the body. */
  drop(): void {
    this.#unsent = null;
    const body = this.#body;
    this.#body = null;
    body?.discard();
  }

  chunk(bytes: Buffer): boolean {
    const socket = this.#socket;
    if (this.#isChunked) {
      socket.cork();
      socket.write(`${bytes.length.toString(16)}\r\n`, 'latin1');
      socket.write(bytes);
      socket.write('\r\n', 'latin1');
      socket.uncork();
    } else socket.write(bytes);
    return !socket.writableNeedDrain;
  }

  end(): void {
    this.#body = null;
    if (this.#isChunked) this.#socket.write(LAST_CHUNK, 'latin1');
  }

  aborted(): void {
    this.#body = null;
    this.#aborted();
  }

  flush(): void {
    const unsent = this.#unsent;
    this.#unsent = null;
    if (unsent === null) return;
    this.#sent();
    if (typeof unsent === 'string') this.#socket.write(unsent, 'latin1');
    else this.#socket.write(unsent);
  }

  #sendSoon(request: string | Buffer): void {
    this.#unsent = request;
    joinBurst(this);
  }

  /** Framed as the client had framed it. */
  #sendWhole(text: string, body: Uint8Array, isChunked: boolean): void {
    const before = isChunked && body.length > 0 ? `${text}${body.length.toString(16)}\r\n` : text;
    const after = isChunked ? (body.length > 0 ? `\r\n${LAST_CHUNK}` : LAST_CHUNK) : '';
    const socket = this.#socket;
    if (body.length <= JOINED_MAX_BYTES) {
      const joined = Buffer.allocUnsafe(before.length + body.length + after.length);
      joined.write(before, 0, 'latin1');
      joined.set(body, before.length);
      joined.write(after, before.length + body.length, 'latin1');
      this.#sendSoon(joined);
    } else {
      this.#sent();
      socket.cork();
      socket.write(before, 'latin1');
      socket.write(body);
      if (isChunked) socket.write(after, 'latin1');
      socket.uncork();
    }
  }
}
