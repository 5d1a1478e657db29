/**
 * One client connection of the data port: requests come off it one at a time, each strictly
 * framed, and nothing of the next is looked at before the answer to the last is given.
 *
 *     head -> body -> waiting (for the answer) -> head … -> linger -> closed
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { LIMITS } from '../kit/limits.ts';
import type { RejectReason } from '../model/reject.ts';
import type { PortSettings } from '../model/settings.ts';
import type { Peer } from './inbound.ts';
import { createRequestBody, type RequestBody } from './request-body.ts';
import { REJECTED, type Rejection, rejectionText } from './rejection.ts';
import { type OwnAddress, type ParsedHead, parseRequestHead } from './request-head.ts';
import { type AnswerLine, ServerInbound } from './server-inbound.ts';

/** What a connection needs of the server that accepted it. */
export interface ConnectionOwner {
  readonly port: PortSettings;
  readonly isDraining: boolean;
  nowUs(): number;
  date(): string;
  request(inbound: ServerInbound): void;
  refused(reason: RejectReason): void;
  forget(connection: ServerConnection): void;
}

const HEAD = 0;
const BODY = 1;
const WAITING = 2;
const LINGER = 3;
const DETACHED = 4;

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** See the head of this file. It lives until its socket is closed, as a tunnel too. */
export class ServerConnection implements AnswerLine, OwnAddress {
  readonly socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #peer: Peer;
  #state = HEAD;
  #inbound: ServerInbound | null = null;
  /** Of the present request, as long as it is not whole. */
  #body: RequestBody | null = null;
  /** A part of a head, or what came behind a request whose answer is not given yet. */
  #kept: Buffer | null = null;
  /** What is kept waits for the answer: nothing more is read until then. */
  #isParked = false;
  #isPaused = false;
  #isConsuming = false;
  /** The client has sent its last byte. */
  #hasEnded = false;
  #isFresh = true;
  #hasHeadBegun = false;
  /** Sweeps since the present state began, or the last byte of a body came. */
  #quietSweeps = 0;
  #stalledSweeps = 0;
  #flushedBytes = 0;

  constructor(socket: Socket, peer: Peer, owner: ConnectionOwner) {
    this.socket = socket;
    this.#peer = peer;
    this.#owner = owner;
    socket.on('data', this.#onBytes);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    // What goes wrong with a connection is told by its close.
    socket.on('error', ignore);
    socket.on('close', this.#onClose);
  }

  // --- what the socket tells -----------------------------------------------------------------

  /** Bytes that came before this connection listened. */
  receive(bytes: Buffer): void {
    this.#onBytes(bytes);
  }

  readonly #onBytes = (bytes: Buffer): void => {
    let all = bytes;
    if (this.#kept !== null) {
      all = Buffer.concat([this.#kept, bytes]);
      this.#kept = null;
      this.#isParked = false;
    }
    this.#consume(all);
    this.#settleReading();
  };

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    this.#settleEnd();
  };

  /** Nothing more will come: what is not whole never will be. */
  #settleEnd(): void {
    if (this.#state === BODY) this.#refuse(REJECTED.cut);
    else if (this.#state === HEAD && !this.#isParked) this.#shut();
  }

  readonly #onDrain = (): void => {
    if (this.#inbound !== null) this.#inbound.onDrain?.();
    else this.resumeParked();
  };

  readonly #onClose = (): void => {
    if (this.#state !== DETACHED) this.#state = LINGER;
    this.#kept = null;
    this.#owner.forget(this);
    const inbound = this.#inbound;
    this.#inbound = null;
    inbound?.lose();
  };

  // --- reading -------------------------------------------------------------------------------

  #consume(bytes: Buffer): void {
    this.#isConsuming = true;
    let rest: Buffer | null = bytes;
    while (rest !== null && rest.length > 0) rest = this.#step(rest);
    this.#isConsuming = false;
  }

  /** Takes one piece of a message; what it leaves is the next one's. */
  #step(bytes: Buffer): Buffer | null {
    switch (this.#state) {
      case HEAD:
        return this.socket.writableNeedDrain ? this.#park(bytes) : this.#readHead(bytes);
      case BODY:
        return this.#readBody(bytes);
      case WAITING:
        return this.#park(bytes);
      case DETACHED:
        this.socket.unshift(bytes);
        return null;
      default:
        return null;
    }
  }

  #park(bytes: Buffer): null {
    this.#kept = bytes;
    this.#isParked = true;
    return null;
  }

  #readHead(bytes: Buffer): Buffer | null {
    this.#isFresh = false;
    if (!this.#hasHeadBegun) {
      this.#hasHeadBegun = true;
      this.#quietSweeps = 0;
    }
    const parsed = parseRequestHead(bytes, this.#owner.port, this);
    if (parsed === null) {
      this.#kept = bytes;
      return null;
    }
    if (parsed.kind === 'head') return this.#begin(parsed, bytes);
    this.#refuse(parsed);
    return null;
  }

  #begin(parsed: ParsedHead, bytes: Buffer): Buffer | null {
    const { head, end } = parsed;
    const body = createRequestBody(head.framing, this.#owner.port.bodyMaxBytes);
    const pipe = body === null ? null : body.pipe;
    const inbound = new ServerInbound(this, head, this.#owner.nowUs(), this.#peer, pipe);
    this.#inbound = inbound;
    this.#body = body;
    this.#state = body === null ? WAITING : BODY;
    let rest = end === bytes.length ? null : bytes.subarray(end);
    const hasBodyBytes = rest !== null;
    if (pipe !== null) {
      pipe.onDrain = this.#onBodyDrain;
      // A short body is whole when the pipeline sees it, a broken one is never seen.
      if (rest !== null) rest = this.#readBody(rest);
      if (this.#inbound !== inbound) return null;
    }
    this.#owner.request(inbound);
    if (head.expectsContinue && !hasBodyBytes && !inbound.hasBegun) {
      this.socket.write(CONTINUE, 'latin1');
    }
    return rest;
  }

  #readBody(bytes: Buffer): Buffer | null {
    const body = this.#body!;
    this.#quietSweeps = 0;
    const end = body.read(bytes);
    // The answer may have been given, or given up, while a part was taken.
    if (this.#state !== BODY) return null;
    if (body.problem !== null) {
      this.#refuse(brokenBody(body.problem));
      return null;
    }
    if (body.isRead) {
      this.#state = WAITING;
      this.#body = null;
      body.pipe.finish();
    }
    return end === bytes.length ? null : bytes.subarray(end);
  }

  readonly #onBodyDrain = (): void => {
    if (!this.#isConsuming) this.#settleReading();
  };

  /** Reads on or stops, as what came last demands. */
  #settleReading(): void {
    const stops = this.#isParked || (this.#body !== null && !this.#body.pipe.canTake);
    if (stops === this.#isPaused || this.#state === DETACHED) return;
    this.#isPaused = stops;
    if (stops) this.socket.pause();
    else this.socket.resume();
  }

  /** Goes on with what came behind a request that is answered now. */
  resumeParked(): void {
    if (!this.#isParked || this.#state !== HEAD) return;
    const bytes = this.#kept;
    this.#kept = null;
    this.#isParked = false;
    if (bytes !== null) this.#consume(bytes);
    this.#settleReading();
    if (this.#hasEnded) this.#settleEnd();
  }

  isOwn(host: string, port: number): boolean {
    const { localAddress = '', localPort } = this.socket;
    const own = plainAddress(localAddress);
    return port === localPort && (host === own || host === `[${own}]`);
  }

  // --- answering -----------------------------------------------------------------------------

  get isLast(): boolean {
    return this.#owner.isDraining || (this.#hasEnded && this.#kept === null);
  }

  date(): string {
    return this.#owner.date();
  }

  answered(closes: boolean): void {
    this.#inbound = null;
    if (closes) {
      this.#shut();
      return;
    }
    this.#state = HEAD;
    this.#hasHeadBegun = false;
    this.#quietSweeps = 0;
    if (this.#isParked) process.nextTick(resumeParked, this);
    else if (this.#hasEnded) this.#shut();
  }

  broken(isUndelimited: boolean): void {
    this.#inbound = null;
    // Where the end of the body is the connection's end, only a reset tells that it was cut.
    if (isUndelimited && !this.#peer.isTls) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  detach(): Duplex {
    const { socket } = this;
    this.#inbound = null;
    this.#state = DETACHED;
    socket.off('data', this.#onBytes);
    socket.off('end', this.#onEnd);
    socket.off('drain', this.#onDrain);
    socket.pause();
    if (this.#kept !== null) socket.unshift(this.#kept);
    this.#kept = null;
    return socket;
  }

  /** Answers a request that cannot be, in place of whoever was to answer it; then closes. */
  #refuse(rejection: Rejection): void {
    this.#owner.refused(rejection.reason);
    const inbound = this.#inbound;
    this.#inbound = null;
    const hasBegun = inbound !== null && inbound.hasBegun;
    inbound?.lose();
    if (hasBegun) {
      this.socket.destroy();
      return;
    }
    this.socket.write(rejectionText(rejection, this.#owner.date()), 'latin1');
    this.#shut();
  }

  /** Closes so that the client gets what was written: what it still sends is read and dropped. */
  #shut(): void {
    this.#state = LINGER;
    this.#quietSweeps = 0;
    this.#kept = null;
    this.#isParked = false;
    this.#body = null;
    this.socket.end();
    this.#settleReading();
  }

  // --- time ----------------------------------------------------------------------------------

  /** No request of it has come whole, nor is one being answered. */
  get isIdle(): boolean {
    return this.#state === HEAD && !this.#isParked;
  }

  /** Called every `periodMs`; closes the connection where it is beyond a limit. */
  sweep(periodMs: number): void {
    if (this.#state === DETACHED) return;
    if (this.#isStalled(periodMs)) {
      this.socket.destroy();
      return;
    }
    this.#quietSweeps += 1;
    const quietMs = this.#quietSweeps * periodMs;
    const { headTimeoutMs, bodyIdleTimeoutMs } = this.#owner.port;
    switch (this.#state) {
      case HEAD:
        if (!this.#isParked) this.#sweepHead(quietMs, headTimeoutMs);
        break;
      case BODY:
        if (this.#isPaused) this.#quietSweeps = 0;
        else if (quietMs > bodyIdleTimeoutMs) this.#refuse(REJECTED.bodyTimeout);
        break;
      case LINGER:
        if (this.socket.writableLength > 0) this.#quietSweeps = 0;
        else if (quietMs > LIMITS.lingerMs) this.socket.destroy();
        break;
      default:
    }
  }

  #sweepHead(quietMs: number, headTimeoutMs: number): void {
    if (this.#kept !== null) {
      if (quietMs > headTimeoutMs) this.#refuse(REJECTED.headTimeout);
      return;
    }
    const { isDraining, port } = this.#owner;
    const silenceMaxMs = this.#isFresh ? headTimeoutMs : port.keepAliveMs;
    const maxMs = isDraining ? Math.min(LIMITS.drainQuietMs, silenceMaxMs) : silenceMaxMs;
    if (quietMs > maxMs) this.#shut();
  }

  /** The client has taken nothing for too long of what is written. */
  #isStalled(periodMs: number): boolean {
    const waiting = this.socket.writableLength;
    if (waiting === 0) {
      this.#stalledSweeps = 0;
      return false;
    }
    const flushed = this.socket.bytesWritten - waiting;
    this.#stalledSweeps = flushed === this.#flushedBytes ? this.#stalledSweeps + 1 : 0;
    this.#flushedBytes = flushed;
    return this.#stalledSweeps * periodMs > LIMITS.answerStallMs;
  }
}

function resumeParked(connection: ServerConnection): void {
  connection.resumeParked();
}

function ignore(): void {
  // Stands for a listener: without one an error would end the process.
}

function brokenBody(problem: RejectReason): Rejection {
  if (problem === 'body-too-large') return REJECTED.bodyTooLarge;
  return problem === 'trailer' ? REJECTED.trailer : REJECTED.chunk;
}

/** An IPv4 address in its own form where the socket speaks IPv6 of it. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
