/** A side whose legs tests answer by hand, with bodies. */
import type { Answer, Outcome, RawHeaders } from '../../src/model/exchange.ts';
import type { Leg, LegListener, LegOptions, LegRequest, Upstream } from '../../src/wire/leg.ts';

export class AskedLeg implements Leg {
  readonly request: LegRequest;
  readonly options: LegOptions;
  readonly statusMessage = '';
  readonly headers: RawHeaders = [];
  readonly trailers: RawHeaders = [];
  readonly isSent = true;
  readonly bodyHash = null;
  readonly startedUs: number;
  readonly sentUs = 0;
  readonly burst = -1;
  readonly #listener: LegListener;
  readonly #nowUs: () => number;
  outcome: Outcome | null = null;
  finishedUs = 0;
  firstByteUs = 0;
  status = 0;
  failure = '';
  bodyBytes = 0;
  announcedBytes: number | null = null;
  isReused = false;
  isCaptureWhole = true;
  #body = Buffer.alloc(0);

  constructor(
    request: LegRequest,
    options: LegOptions,
    listener: LegListener,
    nowUs: () => number,
  ) {
    this.request = request;
    this.options = options;
    this.#listener = listener;
    this.#nowUs = nowUs;
    this.startedUs = nowUs();
  }

  get isAnswered(): boolean {
    return this.outcome === 'answered';
  }

  get isFailed(): boolean {
    return this.outcome !== 'answered' || this.status >= 500;
  }

  body(): Buffer {
    return this.#body;
  }

  answer(): Answer | null {
    if (!this.isAnswered) return null;
    const { status, statusMessage, headers, trailers, bodyBytes, bodyHash } = this;
    return { status, statusMessage, headers, trailers, body: this.#body, bodyBytes, bodyHash };
  }

  pause(): void {}

  resume(): void {}

  extend(): void {}

  fail(outcome: Outcome, failure = ''): void {
    if (this.outcome !== null) return;
    this.failure = failure;
    this.#finish(outcome);
  }

  /** Says how long it will be. */
  announces(bytes: number): void {
    this.firstByteUs = this.#nowUs();
    this.announcedBytes = bytes;
    this.#listener.head(this);
  }

  answers(text: string, status = 200): void {
    this.status = status;
    this.firstByteUs = this.#nowUs();
    this.#body = Buffer.from(text);
    this.bodyBytes = this.#body.length;
    this.#finish('answered');
  }

  #finish(outcome: Outcome): void {
    this.outcome = outcome;
    this.finishedUs = this.#nowUs();
    this.#listener.end(this);
  }
}

/** Takes requests, and keeps their legs to be answered. */
export class AskedSide implements Upstream {
  readonly legs: AskedLeg[] = [];
  readonly released: boolean[] = [];
  readonly connectionCount = 0;
  readonly addresses: readonly string[] = [];
  readonly #nowUs: () => number;

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs;
  }

  /** The newest. */
  get last(): AskedLeg {
    return this.legs.at(-1)!;
  }

  dispatch(request: LegRequest, options: LegOptions, listener: LegListener): Leg {
    const leg = new AskedLeg(request, options, listener, this.#nowUs);
    this.legs.push(leg);
    return leg;
  }

  release(isHard: boolean): void {
    this.released.push(isHard);
    if (isHard) for (const leg of this.legs) leg.fail('aborted');
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
