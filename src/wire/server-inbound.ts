/** One request and its answer, as the pipeline holds them; the connection outlives it. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { LIMITS } from '../kit/limits.ts';
import type { RawHeaders } from '../model/exchange.ts';
import { AnswerHead } from './answer-head.ts';
import type { BodyPipe } from './body-pipe.ts';
import type { Inbound, Peer } from './inbound.ts';
import type { RequestHead } from './message.ts';
import { relayedTrailers } from './trailers.ts';

/** What an answer needs of its connection. */
export interface AnswerLine {
  readonly socket: Socket;
  /** The connection ends with this answer whatever the answer is. */
  readonly isLast: boolean;
  /** The value of a Date field now. */
  date(): string;
  /** The answer is whole and written; `closes`: it said so. */
  answered(closes: boolean): void;
  /** The answer cannot be completed: the client must see that. */
  broken(isUndelimited: boolean): void;
  /** HTTP ends here: the bare connection with what it has read beyond the request. */
  detach(): Duplex;
}

const WAITING = 0;
const BEGUN = 1;
const OVER = 2;

/** What is left to write: bytes, or how the end of the body is told. */
const CHUNKED = -1;
const UNTIL_CLOSE = -2;

const NO_BODY = new Uint8Array(0);
const LAST_CHUNK = Buffer.from('0\r\n\r\n', 'latin1');
const CRLF = Buffer.from('\r\n', 'latin1');
const BAD_ANSWER = Buffer.from('crossfade: the answer cannot be relayed: its head is malformed\n');

const head = new AnswerHead();

/** An {@link Inbound} on a connection of the data port. */
export class ServerInbound implements Inbound {
  readonly head: RequestHead;
  readonly arrivedUs: number;
  readonly peer: Peer;
  readonly body: BodyPipe | null;
  onGone: (() => void) | null = null;
  onDrain: (() => void) | null = null;
  readonly #line: AnswerLine;
  #state = WAITING;
  #left = 0;
  #isBodyless = false;
  #closes = false;

  constructor(
    line: AnswerLine,
    request: RequestHead,
    arrivedUs: number,
    peer: Peer,
    body: BodyPipe | null,
  ) {
    this.#line = line;
    this.head = request;
    this.arrivedUs = arrivedUs;
    this.peer = peer;
    this.body = body;
  }

  get isOver(): boolean {
    return this.#state === OVER;
  }

  get hasBegun(): boolean {
    return this.#state !== WAITING;
  }

  /** The connection was lost, or is about to answer a broken request itself. */
  lose(): void {
    if (this.#state === OVER) return;
    this.#state = OVER;
    this.body?.abort();
    this.onGone?.();
  }

  inform(status: number, reason: string, headers: RawHeaders): void {
    if (this.#state !== WAITING || this.head.minor === 0) return;
    if (status < 100 || status > 199 || status === 101) return;
    head.begin(status, reason);
    head.addAll(headers);
    const bytes = head.bytes(null);
    if (bytes !== null) this.#line.socket.write(bytes);
  }

  answer(status: number, reason: string, headers: RawHeaders, body: Uint8Array): void {
    if (this.#state !== WAITING) return;
    this.#isBodyless = this.#hasNoBody(status);
    const length = this.#isBodyless ? null : String(body.length);
    const sent = this.#isBodyless || body.length === 0 ? null : body;
    const isJoined = sent !== null && sent.length <= LIMITS.joinedWriteMaxBytes;
    if (!this.#compose(status, reason, headers, length)) {
      this.#answerBadly();
      return;
    }
    const bytes = head.bytes(isJoined ? sent : null);
    if (bytes === null) {
      this.#answerBadly();
      return;
    }
    const { socket } = this.#line;
    if (sent === null || isJoined) socket.write(bytes);
    else {
      socket.cork();
      socket.write(bytes);
      socket.write(sent);
      socket.uncork();
    }
    this.#finish();
  }

  begin(status: number, reason: string, headers: RawHeaders, length: number | null): void {
    if (this.#state !== WAITING) return;
    this.#isBodyless = this.#hasNoBody(status);
    if (this.#isBodyless) this.#left = 0;
    else if (length !== null) this.#left = length;
    else this.#left = this.head.minor === 1 ? CHUNKED : UNTIL_CLOSE;
    const text = this.#left < 0 || this.#isBodyless ? null : String(length);
    const bytes = this.#compose(status, reason, headers, text) ? head.bytes(null) : null;
    if (bytes === null) {
      this.#answerBadly();
      return;
    }
    this.#state = BEGUN;
    const { socket } = this.#line;
    // The body's first part mostly comes in this very turn: one write for both.
    socket.cork();
    process.nextTick(uncork, socket);
    socket.write(bytes);
  }

  write(chunk: Uint8Array): boolean {
    if (this.#state !== BEGUN || chunk.length === 0 || this.#isBodyless) return true;
    const { socket } = this.#line;
    if (this.#left === UNTIL_CLOSE) return socket.write(chunk);
    if (this.#left === CHUNKED) return writeChunk(socket, chunk);
    if (this.#left === 0) return true;
    const part = chunk.length > this.#left ? chunk.subarray(0, this.#left) : chunk;
    this.#left -= part.length;
    return socket.write(part);
  }

  end(trailers?: RawHeaders): void {
    if (this.#state !== BEGUN) return;
    if (this.#left > 0) {
      this.cut();
      return;
    }
    if (this.#left === CHUNKED) this.#line.socket.write(this.#lastChunk(trailers));
    this.#finish();
  }

  cut(): void {
    if (this.#state === OVER) return;
    const isUndelimited = this.#state === BEGUN && this.#left === UNTIL_CLOSE;
    this.#state = OVER;
    this.body?.abort();
    this.#line.broken(isUndelimited);
  }

  closeAfter(): void {
    this.#closes = true;
  }

  tunnel(reason: string, headers: RawHeaders): Duplex {
    const { socket } = this.#line;
    if (this.#state !== WAITING) return socket;
    head.begin(101, reason);
    head.addAll(headers);
    const bytes = head.bytes(null);
    if (bytes === null) {
      this.#answerBadly();
      return socket;
    }
    this.#state = OVER;
    socket.write(bytes);
    return this.#line.detach();
  }

  #hasNoBody(status: number): boolean {
    return status === 204 || status === 304 || this.head.method === 'HEAD';
  }

  /** Begins the head; false where nothing valid can come of it. */
  #compose(status: number, reason: string, headers: RawHeaders, length: string | null): boolean {
    if (!Number.isInteger(status) || status < 200 || status > 999) return false;
    head.begin(status, reason);
    // 204 has no length; HEAD and 304 may tell that of the answer they stand for.
    const keepsLength = this.#isBodyless && status !== 204;
    head.addEndToEnd(headers, length, keepsLength, this.#line.date());
    const isKept = this.#keeps();
    if (!isKept) head.add('Connection', 'close');
    else if (this.head.minor === 0) head.add('Connection', 'keep-alive');
    if (this.#left === CHUNKED) head.add('Transfer-Encoding', 'chunked');
    this.#closes = !isKept;
    return true;
  }

  #keeps(): boolean {
    if (this.#closes || this.#left === UNTIL_CLOSE || !this.head.keepsAlive) return false;
    // The rest of a body that nobody waits for must not be read as the next request.
    return !this.#line.isLast && (this.body === null || this.body.isWhole);
  }

  /** What we were told to send is no answer: ours instead. */
  #answerBadly(): void {
    this.#left = 0;
    this.#isBodyless = false;
    const fields = ['crossfade-error', 'bad-answer', 'Content-Type', 'text/plain'];
    this.#compose(502, 'Bad Gateway', fields, String(BAD_ANSWER.length));
    const bytes = head.bytes(this.head.method === 'HEAD' ? NO_BODY : BAD_ANSWER);
    if (bytes !== null) this.#line.socket.write(bytes);
    this.#finish();
  }

  #lastChunk(trailers: RawHeaders | undefined): Buffer {
    if (trailers === undefined || trailers.length === 0 || !this.head.takesTrailers) {
      return LAST_CHUNK;
    }
    const relayed = relayedTrailers(trailers);
    if (relayed.length === 0) return LAST_CHUNK;
    head.beginTrailers();
    head.addAll(relayed);
    return head.bytes(null) ?? LAST_CHUNK;
  }

  #finish(): void {
    this.#state = OVER;
    // Its pair may wait long for a shadow: who answered need not.
    this.onGone = null;
    this.onDrain = null;
    if (this.body !== null && !this.body.isWhole) this.body.abort();
    this.#line.answered(this.#closes);
  }
}

function uncork(socket: Socket): void {
  socket.uncork();
}

function writeChunk(socket: Socket, chunk: Uint8Array): boolean {
  const size = `${chunk.length.toString(16)}\r\n`;
  if (chunk.length > LIMITS.joinedChunkMaxBytes) {
    socket.cork();
    socket.write(size, 'latin1');
    socket.write(chunk);
    const takesMore = socket.write(CRLF);
    socket.uncork();
    return takesMore;
  }
  const bytes = Buffer.allocUnsafe(size.length + chunk.length + 2);
  bytes.write(size, 0, 'latin1');
  bytes.set(chunk, size.length);
  bytes.set(CRLF, size.length + chunk.length);
  return socket.write(bytes);
}
