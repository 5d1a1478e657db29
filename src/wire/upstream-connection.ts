/**
 * One connection to a side: one request at a time, its answer strictly framed. Whatever is not
 * beyond doubt ends the connection: nothing that one answer leaves behind is read as the next.
 */
import type { Socket } from 'node:net';
import { LIMITS } from '../kit/limits.ts';
import type { Outcome } from '../model/exchange.ts';
import { ChunkedDecoder, type ChunkedSink } from './chunked.ts';
import type { ResponseHead } from './message.ts';
import { type ParsedAnswer, parseResponseHead, TOO_LARGE } from './response-head.ts';
import { Upload, type UploadOwner } from './upload.ts';
import type { LegLine, WireLeg } from './wire-leg.ts';

/** What a connection needs of its pool. */
export interface LineOwner extends UploadOwner {
  readonly headMaxBytes: number;
  /** It can take the next request; `idleMaxMs`: how long it may wait for one. */
  free(connection: UpstreamConnection, idleMaxMs: number): void;
  /** It is closed, or must not be used any more. */
  gone(connection: UpstreamConnection): void;
}

const IDLE = 0;
const HEAD = 1;
const LENGTH = 2;
const CHUNKED = 3;
const UNTIL_CLOSE = 4;
const CLOSED = 5;

const NO_FIELDS: readonly string[] = [];
/** Turns of the event loop, each of which would have read what there was. */
const QUIET_TURNS = 3;

/** A connection that is open; see the head of this file. */
export class UpstreamConnection implements LegLine, ChunkedSink {
  readonly socket: Socket;
  /** Microseconds from which on an idle connection is not used any more. */
  idleUntilUs = 0;
  readonly #owner: LineOwner;
  #state = IDLE;
  #leg: WireLeg | null = null;
  #kept: Buffer | null = null;
  #left = 0;
  #decoder: ChunkedDecoder | null = null;
  #keepsAlive = false;
  #idleMaxMs: number = LIMITS.upstreamIdleMs;
  #requests = 0;
  #interimCount = 0;
  readonly #upload: Upload;
  /** The side takes no more of the request; an answer to it may still be there to be read. */
  #hasWriteFailed = false;
  #quietTurns = 0;
  #isCountingTurns = false;
  /** The connection speaks another protocol now: what is read goes to whoever reads the socket. */
  #isSwitched = false;

  constructor(socket: Socket, owner: LineOwner) {
    this.socket = socket;
    this.#owner = owner;
    this.#upload = new Upload(socket, owner, this.#onAborted, this.#onSent);
    this.#holdOnDestroy(socket);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  /** Sends the leg's request; the connection is idle. */
  send(leg: WireLeg): void {
    this.#leg = leg;
    this.#state = HEAD;
    this.#interimCount = 0;
    leg.line = this;
    leg.isReused = this.#requests > 0;
    leg.isSent = true;
    this.#requests += 1;
    this.#upload.begin(leg.request);
  }

  // --- the leg's line --------------------------------------------------------------------------

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
    if (this.#hasWriteFailed) this.#readOn();
  }

  abandon(): void {
    this.close();
  }

  /** Ends the connection at once; a leg on it must have been told before. */
  close(): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.#leg = null;
    this.#kept = null;
    this.#upload.drop();
    this.socket.destroy();
    this.#owner.gone(this);
  }

  /** Ends a connection whose side has hung in the middle of a request; ask every second or so. */
  sweep(nowUs: number): void {
    if (this.#leg !== null && this.#upload.isStuck(nowUs)) {
      this.breakOff('timeout', 'it takes no more of the request');
    }
  }

  /** The leg on it is given up with this outcome, and the connection with it. */
  breakOff(outcome: Outcome, failure: string): void {
    const leg = this.#leg;
    if (leg === null) this.close();
    else leg.fail(outcome, failure);
  }

  // --- an upload that fails ----------------------------------------------------------------------

  /**
   * A side may answer, and close, while a request's body is still on its way: the write that
   * fails then must not close the socket before the answer has been read from it.
   */
  #holdOnDestroy(socket: Socket): void {
    const destroy = socket.destroy.bind(socket);
    socket.destroy = (error?: Error): Socket => {
      if (!this.#mayStillAnswer(error)) return destroy(error);
      this.#hasWriteFailed = true;
      this.#upload.drop();
      this.#readOn();
      return socket;
    };
  }

  #mayStillAnswer(error: NodeJS.ErrnoException | undefined): boolean {
    if (error?.syscall !== 'write' || this.#hasWriteFailed) return false;
    return this.#leg !== null && this.#leg.request.body !== null;
  }

  /** Reads until nothing more comes: all that will ever come has arrived already. */
  #readOn(): void {
    this.#quietTurns = 0;
    if (this.#isCountingTurns) return;
    this.#isCountingTurns = true;
    setImmediate(countTurn, this);
  }

  /** A turn of the event loop is over; where nothing was read in some of them, nothing will be. */
  countTurn(): void {
    this.#isCountingTurns = false;
    if (this.#state === CLOSED || this.socket.isPaused()) return;
    this.#quietTurns += 1;
    if (this.#quietTurns === QUIET_TURNS) {
      this.breakOff('reset', 'it closed the connection while the request was being sent');
    } else {
      this.#isCountingTurns = true;
      setImmediate(countTurn, this);
    }
  }

  // --- reading ---------------------------------------------------------------------------------

  /**
   * Takes what the socket has read, in a buffer that the next read of any connection overwrites:
   * what is kept of it is copied. False: no more until the socket is resumed.
   */
  read(bytes: Buffer): boolean {
    if (this.#isSwitched) return this.socket.push(Buffer.from(bytes));
    this.#quietTurns = 0;
    let rest: Buffer | null = bytes;
    if (this.#kept !== null) {
      rest = Buffer.concat([this.#kept, bytes]);
      this.#kept = null;
    }
    while (rest !== null && rest.length > 0) rest = this.#step(rest);
    return true;
  }

  #step(bytes: Buffer): Buffer | null {
    switch (this.#state) {
      case HEAD:
        return this.#readHead(bytes);
      case LENGTH:
        return this.#readLength(bytes);
      case CHUNKED:
        return this.#readChunked(bytes);
      case UNTIL_CLOSE:
        this.#leg!.took(bytes);
        return null;
      case IDLE:
        // An answer to nothing: whatever it is, nobody may take it for the next one's.
        this.close();
        return null;
      default:
        return null;
    }
  }

  #readHead(bytes: Buffer): Buffer | null {
    const leg = this.#leg!;
    if (this.#upload.isUnsent) {
      this.breakOff('reset', 'it answered before it was asked');
      return null;
    }
    const isToHead = leg.request.method === 'HEAD';
    const parsed = parseResponseHead(bytes, isToHead, this.#owner.headMaxBytes);
    if (parsed === null) {
      this.#kept = Buffer.from(bytes);
      return null;
    }
    if (typeof parsed === 'string') {
      this.breakOff(parsed === TOO_LARGE ? 'too-large' : 'reset', parsed);
      return null;
    }
    const { head, end } = parsed;
    const rest = end === bytes.length ? null : bytes.subarray(end);
    if (head.status < 200) return this.#interim(leg, head, rest);
    return this.#begin(leg, parsed, rest);
  }

  #interim(leg: WireLeg, head: ResponseHead, rest: Buffer | null): Buffer | null {
    if (head.status === 101) return this.#switch(leg, head, rest);
    this.#interimCount += 1;
    if (this.#interimCount > LIMITS.interimAnswersMax) {
      this.breakOff('reset', 'it sends interim answers without end');
      return null;
    }
    if (head.status !== 100) leg.informed(head);
    return this.#leg === null ? null : rest;
  }

  #switch(leg: WireLeg, head: ResponseHead, rest: Buffer | null): null {
    if (leg.request.upgrade === null) {
      this.breakOff('reset', 'it switches protocols unasked');
      return null;
    }
    const { socket } = this;
    this.#state = CLOSED;
    this.#leg = null;
    this.#owner.gone(this);
    socket.off('end', this.#onEnd);
    socket.off('close', this.#onClose);
    this.#isSwitched = true;
    if (rest !== null) socket.push(Buffer.from(rest));
    leg.switched(head, socket);
    return null;
  }

  #begin(leg: WireLeg, parsed: ParsedAnswer, rest: Buffer | null): Buffer | null {
    const { head, keepAliveSec } = parsed;
    const { framing } = head;
    this.#keepsAlive = head.keepsAlive;
    // A second less than it promises: it may close just as the next request arrives.
    if (keepAliveSec !== null) {
      this.#idleMaxMs = Math.min((keepAliveSec - 1) * 1000, LIMITS.upstreamIdleMaxMs);
    }
    const announced = framing.kind === 'length' ? framing.bytes : null;
    if (framing.kind === 'length') {
      this.#state = LENGTH;
      this.#left = framing.bytes;
    } else if (framing.kind === 'chunked') {
      this.#state = CHUNKED;
      this.#decoder = new ChunkedDecoder({
        bodyMaxBytes: Infinity,
        extensionMaxBytes: LIMITS.chunkExtensionMaxBytes,
        trailerMaxBytes: this.#owner.headMaxBytes,
      });
    } else if (framing.kind === 'until-close') this.#state = UNTIL_CLOSE;
    if (!leg.begun(head, framing.kind === 'none' ? 0 : announced)) return null;
    if (framing.kind !== 'none') return rest;
    this.#finish(NO_FIELDS, rest !== null);
    return null;
  }

  #readLength(bytes: Buffer): null {
    const part = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= part.length;
    if (!this.#leg!.took(part)) return null;
    if (this.#left === 0) this.#finish(NO_FIELDS, part !== bytes);
    return null;
  }

  #readChunked(bytes: Buffer): null {
    const decoder = this.#decoder!;
    const end = decoder.decode(bytes, 0, this);
    if (this.#leg === null) return null;
    if (decoder.problem !== null) this.breakOff('reset', 'the chunks of its answer are malformed');
    else if (decoder.isDone) this.#finish(decoder.trailers, end < bytes.length);
    return null;
  }

  bodyBytes(bytes: Buffer): void {
    this.#leg?.took(bytes);
  }

  /** The answer is whole. `hasMore`: something stands behind it that nobody has asked for. */
  #finish(trailers: readonly string[], hasMore: boolean): void {
    const leg = this.#leg!;
    const isFree = this.#keepsAlive && !hasMore && this.#idleMaxMs > 0 && this.#isRequestSent;
    this.#leg = null;
    this.#decoder = null;
    if (isFree) {
      this.#state = IDLE;
      leg.line = null;
      // A reader that was slowed down leaves it stopped.
      if (this.socket.isPaused()) this.socket.resume();
      this.#owner.free(this, this.#idleMaxMs);
    } else this.close();
    leg.whole(trailers);
  }

  /** Nothing of the request waits that the next one would have to wait for. */
  get #isRequestSent(): boolean {
    return this.#upload.isDone && !this.#hasWriteFailed;
  }

  // --- its end ---------------------------------------------------------------------------------

  readonly #onEnd = (): void => {
    const leg = this.#leg;
    if (leg !== null && this.#state === UNTIL_CLOSE) this.#finish(NO_FIELDS, false);
    else if (leg !== null) {
      const when = this.#state === HEAD ? 'before its answer' : 'in the middle of its answer';
      leg.fail('reset', `it closed the connection ${when}`);
    } else this.close();
  };

  readonly #onSent = (): void => {
    this.#leg?.wasSent();
  };

  readonly #onAborted = (): void => {
    this.breakOff('aborted', 'the client broke its request off');
  };

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    this.breakOff('reset', error.code ?? error.message);
  };

  readonly #onClose = (): void => {
    this.breakOff('reset', 'the connection was closed');
  };
}

function countTurn(connection: UpstreamConnection): void {
  connection.countTurn();
}
