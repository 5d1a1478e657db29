/**
 * One side as the proxy reaches it: a pool of connections and the legs sent over them. The only
 * place that knows undici. A leg never throws and never rejects: how it ended is its outcome.
 */
import { type Dispatcher, Pool } from 'undici';
import type { Clock } from '../kit/clock.ts';
import { codeOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import type { Answer, Outcome, RawHeaders } from '../model/exchange.ts';

/** A request as a leg sends it: like a message, but the body may still be streaming. */
export interface LegRequest {
  readonly method: string;
  readonly target: string;
  /** Without the hop-by-hop fields. */
  readonly headers: RawHeaders;
  readonly body: Uint8Array | NodeJS.ReadableStream | null;
}

export interface LegOptions {
  /** From dispatch to the last byte; beyond it the outcome is `timeout`. */
  readonly timeoutMs: number;
  /** Bytes of the answer's body that are kept. */
  readonly captureMaxBytes: number;
}

/** What a leg tells while it goes on. Each is called at most as often as its name says. */
export interface LegListener {
  /** The answer's head is there. */
  head(leg: Leg): void;
  data(leg: Leg, chunk: Buffer): void;
  /** Answered or failed; nothing comes after. */
  end(leg: Leg): void;
}

export interface UpstreamOptions {
  readonly connections: number;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
}

export interface Upstream {
  /** Begins a leg; its listener hears of it later, never during the call. */
  dispatch(request: LegRequest, options: LegOptions, listener: LegListener): Leg;
  /** The leg's end as a promise, for callers that need nothing before it. */
  send(request: LegRequest, options: LegOptions): Promise<Leg>;
  /** Closes every connection at once; legs under way end as `aborted`. */
  close(): Promise<void>;
}

const NO_BODY = Buffer.alloc(0);

/** One request under way to one side. Times are microseconds of the clock's origin. */
export class Leg implements Dispatcher.DispatchHandler {
  readonly startedUs: number;
  firstByteUs = 0;
  finishedUs = 0;
  outcome: Outcome | null = null;
  status = 0;
  statusMessage = '';
  headers: RawHeaders = [];
  trailers: RawHeaders = [];
  bodyBytes = 0;
  /** Text of what went wrong, for the client's error answer; '' when nothing did. */
  failure = '';
  isDispatching = false;
  readonly #chunks: Buffer[] = [];
  #keptBytes = 0;
  readonly #options: LegOptions;
  readonly #listener: LegListener;
  readonly #clock: Clock;
  #controller: Dispatcher.DispatchController | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(clock: Clock, options: LegOptions, listener: LegListener) {
    this.#clock = clock;
    this.#options = options;
    this.#listener = listener;
    this.startedUs = clock.nowUs();
    this.#timer = setTimeout(() => this.fail('timeout', 'no answer in time'), options.timeoutMs);
  }

  get isAnswered(): boolean {
    return this.outcome === 'answered';
  }

  /** No whole answer, or one that says the server failed. */
  get isFailed(): boolean {
    return this.outcome !== 'answered' || this.status >= 500;
  }

  get isCaptureWhole(): boolean {
    return this.#keptBytes === this.bodyBytes;
  }

  /** The kept part of the body; whole while {@link Leg.isCaptureWhole}. */
  body(): Buffer {
    const chunks = this.#chunks;
    if (chunks.length === 0) return NO_BODY;
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
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
      bodyHash: null,
    };
  }

  /** Stops reading from the side until {@link Leg.resume}: back-pressure of a slow client. */
  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  /** Ends the leg now with this outcome; nothing when it has ended already. */
  fail(outcome: Outcome, failure: string): void {
    if (this.outcome !== null) return;
    this.failure = failure;
    this.#finish(outcome);
    this.#controller?.abort(new Error(failure));
  }

  /** Moves the deadline to `timeoutMs` after the start. */
  extend(timeoutMs: number): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    const leftMs = timeoutMs - (this.#clock.nowUs() - this.startedUs) / 1000;
    this.#timer = setTimeout(() => this.fail('timeout', 'no answer in time'), Math.max(0, leftMs));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.outcome !== null) controller.abort(new Error(this.failure));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    statusMessage?: string,
  ): void {
    if (this.outcome !== null || status < 200) return;
    this.firstByteUs = this.#clock.nowUs();
    this.status = status;
    this.statusMessage = toReason(statusMessage ?? '');
    this.headers = toRawHeaders(controller.rawHeaders);
    this.#listener.head(this);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.outcome !== null) return;
    this.bodyBytes += chunk.length;
    if (this.#keptBytes + chunk.length <= this.#options.captureMaxBytes) {
      this.#chunks.push(chunk);
      this.#keptBytes += chunk.length;
    } else {
      this.#keptBytes = -1;
      this.#chunks.length = 0;
    }
    this.#listener.data(this, chunk);
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.outcome !== null) return;
    this.trailers = toRawHeaders(controller.rawTrailers);
    this.#finish('answered');
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.outcome !== null) return;
    const code = codeOf(error);
    this.failure = code === '' ? error.message : code;
    this.#finish(outcomeOf(code, this.firstByteUs > 0));
  }

  #finish(outcome: Outcome): void {
    this.outcome = outcome;
    this.finishedUs = this.#clock.nowUs();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    // A closed pool refuses within its dispatch, before the caller knows the leg.
    if (this.isDispatching) queueMicrotask(() => this.#listener.end(this));
    else this.#listener.end(this);
  }
}

/** The pool of one side. `baseUrl` is an origin with an optional path prefix. */
export function createUpstream(baseUrl: string, options: UpstreamOptions): Upstream {
  const url = new URL(baseUrl);
  const prefix = url.pathname.replace(/\/$/, '');
  const pool = new Pool(url.origin, {
    connections: options.connections,
    connectTimeout: options.connectTimeoutMs,
    allowH2: false,
    pipelining: 1,
    // The leg has a deadline of its own, from dispatch to the last byte.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: LIMITS.headerMaxBytes * 2,
    strictContentLength: true,
  });
  const dispatch = (request: LegRequest, legOptions: LegOptions, listener: LegListener): Leg => {
    const leg = new Leg(options.clock, legOptions, listener);
    const body = request.body as Dispatcher.DispatchOptions['body'];
    const { method, headers } = request;
    const path = prefix + request.target;
    leg.isDispatching = true;
    pool.dispatch({ path, method, headers: headers as string[], body: body ?? null }, leg);
    leg.isDispatching = false;
    return leg;
  };
  return {
    dispatch,
    send: (request, legOptions) =>
      new Promise((resolve) => {
        dispatch(request, legOptions, { head() {}, data() {}, end: resolve });
      }),
    close: () => pool.destroy(),
  };
}

/** The reason phrase as bytes (undici has read it as UTF-8); '' where it cannot be sent on. */
function toReason(text: string): string {
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(bytes) && !text.includes('\ufffd') ? bytes : '';
}

function toRawHeaders(raw: unknown): RawHeaders {
  if (!Array.isArray(raw)) return [];
  return raw.map((field: Buffer | string) =>
    typeof field === 'string' ? field : field.toString('latin1'),
  );
}

const REFUSED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Ended by us: the pool was closed, or the request is one that the client cannot send. */
const ABORTED = new Set([
  'UND_ERR_ABORTED',
  'UND_ERR_DESTROYED',
  'UND_ERR_CLOSED',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
]);

function outcomeOf(code: string, hasHead: boolean): Outcome {
  if (!hasHead && REFUSED.has(code)) return 'refused';
  if (code === 'ETIMEDOUT') return 'timeout';
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return 'too-large';
  }
  return ABORTED.has(code) ? 'aborted' : 'reset';
}
