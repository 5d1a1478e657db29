/**
 * One request under way to one side; its connection tells it what comes, the pool when it is late.
 */
import { createHash, type Hash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Answer, Outcome, RawHeaders } from '../model/exchange.ts';
import type { Leg, LegListener, LegOptions, LegRequest } from './leg.ts';
import { burstNumber } from './burst.ts';
import { keep } from './kept-bytes.ts';
import type { ResponseHead } from './message.ts';

/** What a leg needs of the pool it was sent over. */
export interface LegOwner {
  nowUs(): number;
  /** The leg has ended: nothing more is to be done for it. */
  ended(leg: WireLeg): void;
}

/** What a leg needs of the connection it is on. */
export interface LegLine {
  pause(): void;
  resume(): void;
  /** The leg was given up. */
  abandon(): void;
}

const NO_BODY = Buffer.alloc(0);
const NO_FIELDS: RawHeaders = [];
/** Whom a leg tells that has ended: it may be kept long, and its sender need not be. */
const NOBODY: LegListener = { head() {}, data() {}, end() {} };

/** A leg of the wire: see {@link Leg} for what its sender sees. */
export class WireLeg implements Leg {
  readonly request: LegRequest;
  readonly startedUs: number;
  sentUs = 0;
  burst = -1;
  firstByteUs = 0;
  finishedUs = 0;
  outcome: Outcome | null = null;
  status = 0;
  statusMessage = '';
  headers: RawHeaders = NO_FIELDS;
  trailers: RawHeaders = NO_FIELDS;
  bodyBytes = 0;
  announcedBytes: number | null = null;
  failure = '';
  isReused = false;
  isSent = false;
  isCaptureWhole = true;
  /** Within `dispatch`: the listener is told later. */
  isDispatching = true;
  /** Microseconds of the clock's origin. */
  deadlineUs: number;
  /** Its place among those the pool watches. */
  watchedAt = -1;
  line: LegLine | null = null;
  readonly #options: LegOptions;
  readonly #owner: LegOwner;
  #listener: LegListener;
  /** What is kept of the body: most bodies come in one piece. */
  #kept: Buffer = NO_BODY;
  #keptMore: Buffer[] | null = null;
  #hash: Hash | null = null;
  #digest: string | null = null;

  constructor(request: LegRequest, options: LegOptions, listener: LegListener, owner: LegOwner) {
    this.request = request;
    this.#options = options;
    this.#listener = listener;
    this.#owner = owner;
    this.startedUs = owner.nowUs();
    this.deadlineUs = this.startedUs + options.timeoutMs * 1000;
  }

  get isAnswered(): boolean {
    return this.outcome === 'answered';
  }

  get isFailed(): boolean {
    return this.outcome !== 'answered' || this.status >= 500;
  }

  get bodyHash(): string | null {
    return this.#digest;
  }

  body(): Buffer {
    if (this.#keptMore !== null) {
      this.#kept = Buffer.concat([this.#kept, ...this.#keptMore]);
      this.#keptMore = null;
    }
    return this.#kept;
  }

  answer(): Answer | null {
    if (this.outcome !== 'answered') return null;
    return {
      status: this.status,
      statusMessage: this.statusMessage,
      headers: this.headers,
      trailers: this.trailers,
      body: this.body(),
      bodyBytes: this.bodyBytes,
      bodyHash: this.#digest,
    };
  }

  pause(): void {
    this.line?.pause();
  }

  resume(): void {
    this.line?.resume();
  }

  fail(outcome: Outcome, failure: string): void {
    if (this.outcome !== null) return;
    this.failure = failure;
    const { line } = this;
    this.#end(outcome);
    line?.abandon();
  }

  extend(timeoutMs: number): void {
    this.deadlineUs = this.startedUs + timeoutMs * 1000;
  }

  // --- told by the connection ------------------------------------------------------------------

  /** Its request, which is here whole, is written now. */
  wasSent(): void {
    this.sentUs = this.#owner.nowUs();
    this.burst = burstNumber();
  }

  informed({ status, reason, headers }: ResponseHead): void {
    this.#listener.informed?.(this, status, reason, headers);
  }

  /** False when nobody wants the rest any more. */
  begun(head: ResponseHead, announcedBytes: number | null): boolean {
    if (this.outcome !== null) return false;
    this.firstByteUs = this.#owner.nowUs();
    this.status = head.status;
    this.statusMessage = head.reason;
    this.headers = head.headers;
    this.announcedBytes = announcedBytes;
    this.#listener.head(this);
    return this.outcome === null;
  }

  /** Takes bytes that are the caller's again afterwards. False when nobody wants the rest. */
  took(view: Buffer): boolean {
    if (this.outcome !== null) return false;
    const bytes = this.#options.isCompared ? keep(view) : Buffer.from(view);
    this.bodyBytes += bytes.length;
    if (!this.isCaptureWhole || this.bodyBytes > this.#options.captureMaxBytes) {
      this.#tookMore(bytes);
    } else if (this.#kept === NO_BODY) this.#kept = bytes;
    else (this.#keptMore ??= []).push(bytes);
    this.#listener.data(this, bytes);
    return this.outcome === null;
  }

  whole(trailers: RawHeaders): void {
    if (this.outcome !== null) return;
    this.trailers = trailers;
    if (this.#hash !== null) this.#digest = this.#hash.digest('hex');
    this.#end('answered');
  }

  /** Ended as answered by a switch of protocols; the bare connection goes to the listener. */
  switched(head: ResponseHead, socket: Duplex): void {
    if (this.outcome !== null || this.#listener.switched === undefined) {
      socket.destroy();
      this.fail('reset', 'it switches protocols and nobody goes along');
      return;
    }
    this.firstByteUs = this.#owner.nowUs();
    this.status = head.status;
    this.statusMessage = head.reason;
    this.headers = head.headers;
    this.#listener.switched(this, socket);
    this.#end('answered');
  }

  /** Beyond what is kept: only hashed, where that was asked for. */
  #tookMore(bytes: Buffer): void {
    if (this.isCaptureWhole) {
      this.isCaptureWhole = false;
      if (this.#options.isCompared) {
        this.#hash = createHash('sha256');
        this.#hash.update(this.body());
      }
      this.#kept = NO_BODY;
      this.#keptMore = null;
    }
    this.#hash?.update(bytes);
  }

  #end(outcome: Outcome): void {
    this.outcome = outcome;
    this.finishedUs = this.#owner.nowUs();
    this.line = null;
    this.#owner.ended(this);
    const listener = this.#listener;
    this.#listener = NOBODY;
    if (this.isDispatching) queueMicrotask(() => listener.end(this));
    else listener.end(this);
  }
}
