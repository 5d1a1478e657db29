/**
 * A server as replays, generated traffic and benches reach it: a pool of connections and the
 * legs sent over them. The only place that knows undici. A leg never throws and never rejects:
 * how it ended is its outcome.
 */
import { type Dispatcher, Pool } from 'undici';
import type { Clock } from '../src/kit/clock.ts';
import { codeOf } from '../src/kit/errors.ts';
import { LIMITS } from '../src/kit/limits.ts';
import type { Answer, Outcome, RawHeaders, RequestMessage } from '../src/model/exchange.ts';

export interface LegOptions {
  /** From dispatch to the last byte; beyond it the outcome is `timeout`. */
  readonly timeoutMs: number;
  /** Bytes of the answer's body that are kept. */
  readonly captureMaxBytes: number;
}

export interface TargetOptions {
  readonly connections: number;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
}

export interface Target {
  /** The leg once it has ended, however it did. `request` is without hop-by-hop fields. */
  send(request: RequestMessage, options: LegOptions): Promise<Leg>;
  /** Closes every connection at once; legs under way end as `aborted`. */
  close(): Promise<void>;
}

const NO_BODY = Buffer.alloc(0);

/** One request and what came of it. Times are microseconds of the clock's origin. */
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
  /** Text of what went wrong; '' when nothing did. */
  failure = '';
  readonly #chunks: Buffer[] = [];
  #keptBytes = 0;
  readonly #captureMaxBytes: number;
  readonly #ended: (leg: Leg) => void;
  readonly #clock: Clock;
  #controller: Dispatcher.DispatchController | null = null;
  readonly #timer: NodeJS.Timeout;

  constructor(clock: Clock, options: LegOptions, ended: (leg: Leg) => void) {
    this.#clock = clock;
    this.#captureMaxBytes = options.captureMaxBytes;
    this.#ended = ended;
    this.startedUs = clock.nowUs();
    this.#timer = setTimeout(() => this.#giveUp(), options.timeoutMs);
  }

  get isAnswered(): boolean {
    return this.outcome === 'answered';
  }

  /** No whole answer, or one that says the server failed. */
  get isFailed(): boolean {
    return this.outcome !== 'answered' || this.status >= 500;
  }

  /** Present exactly when `outcome` is `answered`. */
  answer(): Answer | null {
    if (this.outcome !== 'answered') return null;
    return {
      status: this.status,
      statusMessage: this.statusMessage,
      headers: this.headers,
      trailers: this.trailers,
      body: this.#body(),
      bodyBytes: this.bodyBytes,
      bodyHash: null,
    };
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
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.outcome !== null) return;
    this.bodyBytes += chunk.length;
    if (this.#keptBytes + chunk.length <= this.#captureMaxBytes) {
      this.#chunks.push(chunk);
      this.#keptBytes += chunk.length;
    } else {
      this.#keptBytes = this.#captureMaxBytes;
      this.#chunks.length = 0;
    }
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.outcome !== null) return;
    this.trailers = toRawHeaders(controller.rawTrailers);
    this.#finish('answered', '');
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.outcome !== null) return;
    const code = codeOf(error);
    this.#finish(outcomeOf(code, this.firstByteUs > 0), code === '' ? error.message : code);
  }

  #body(): Buffer {
    const chunks = this.#chunks;
    if (chunks.length === 0) return NO_BODY;
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  }

  #giveUp(): void {
    if (this.outcome !== null) return;
    this.#finish('timeout', 'no answer in time');
    this.#controller?.abort(new Error(this.failure));
  }

  #finish(outcome: Outcome, failure: string): void {
    this.outcome = outcome;
    this.failure = failure;
    this.finishedUs = this.#clock.nowUs();
    clearTimeout(this.#timer);
    this.#ended(this);
  }
}

/** The pool of one server. `baseUrl` is an origin with an optional path prefix. */
export function createTarget(baseUrl: string, options: TargetOptions): Target {
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
  return {
    send: (request, legOptions) =>
      new Promise((resolve) => {
        const leg = new Leg(options.clock, legOptions, resolve);
        const { method, headers, body } = request;
        const path = prefix + request.target;
        pool.dispatch({ path, method, headers: headers as string[], body }, leg);
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
