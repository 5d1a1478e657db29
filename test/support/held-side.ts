import type { Outcome } from '../../src/model/exchange.ts';
import type { Leg, LegListener, Upstream } from '../../src/wire/leg.ts';

/** A leg that tests end by hand. */
export class HeldLeg implements Leg {
  readonly startedUs = 0;
  readonly sentUs = 0;
  readonly burst = -1;
  finishedUs = 0;
  readonly status = 0;
  readonly statusMessage = '';
  readonly headers: readonly string[] = [];
  readonly trailers: readonly string[] = [];
  readonly failure = '';
  readonly isSent = true;
  readonly isAnswered = false;
  readonly isFailed = true;
  readonly isCaptureWhole = true;
  readonly bodyHash = null;
  outcome: Outcome | null = null;
  bodyBytes = 0;
  announcedBytes: number | null = null;
  isReused = false;
  firstByteUs = 0;
  isPaused = false;
  readonly #listener: LegListener;

  constructor(listener: LegListener) {
    this.#listener = listener;
  }

  body(): Buffer {
    return Buffer.alloc(0);
  }

  answer(): null {
    return null;
  }

  fail(outcome: Outcome): void {
    if (this.outcome !== null) return;
    this.outcome = outcome;
    this.#listener.end(this);
  }

  extend(): void {}

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  announces(bytes: number): void {
    this.announcedBytes = bytes;
    this.#listener.head(this);
  }

  answers(bytes: number): void {
    this.firstByteUs = 1;
    this.bodyBytes += bytes;
    this.#listener.data(this, Buffer.alloc(bytes));
  }
}

/** A side whose legs wait to be ended. */
export class HeldSide implements Upstream {
  readonly legs: HeldLeg[] = [];
  readonly released: boolean[] = [];
  connectionCount = 0;
  readonly addresses: readonly string[] = [];

  dispatch(_request: unknown, _options: unknown, listener: LegListener): Leg {
    const leg = new HeldLeg(listener);
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
