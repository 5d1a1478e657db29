import { LIMITS } from '../../kit/limits.ts';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** Newest legs looked at for the share that failed. */
const RECENT = 100;

/**
 * Leaves a side alone that fails again and again: open after so many failures in a row, or when
 * more than half of the newest hundred failed. A failure is what costs us a connection: none to
 * be had, broken off, timed out, far too long. An answer is an answer, whatever its status. Open
 * for a second first, then twice as long each time up to a limit; in between one probe goes out,
 * and its end decides. Knows no clock and keeps no timer.
 */
export class Breaker {
  readonly #recent = new Uint8Array(RECENT);
  #recentCount = 0;
  #next = 0;
  #recentFailed = 0;
  #failedInRow = 0;
  #state: BreakerState = 'closed';
  #openMs = 0;
  #opensAgainUs = 0;
  /** Times it has opened, those after a failed probe included. */
  openedCount = 0;

  get state(): BreakerState {
    return this.#state;
  }

  /** True: send nothing now. */
  isOpen(nowUs: number): boolean {
    if (this.#state === 'closed') return false;
    return this.#state === 'half-open' || nowUs < this.#opensAgainUs;
  }

  /** A leg is sent; true when it is the probe, which must then be told to `ended` as such. */
  begins(nowUs: number): boolean {
    if (this.#state !== 'open' || nowUs < this.#opensAgainUs) return false;
    this.#state = 'half-open';
    return true;
  }

  /** A leg has ended. Legs of before it opened say nothing while it is open. */
  ended(hasFailed: boolean, isProbe: boolean, nowUs: number): void {
    if (isProbe) {
      if (hasFailed) this.#open(nowUs);
      else this.#close();
    } else if (this.#state === 'closed') this.#count(hasFailed, nowUs);
  }

  /** The probe was ended by us: it is sent anew. */
  probeWasCut(): void {
    if (this.#state === 'half-open') this.#state = 'open';
  }

  #count(hasFailed: boolean, nowUs: number): void {
    const failure = hasFailed ? 1 : 0;
    this.#recentFailed += failure - this.#recent[this.#next]!;
    this.#recent[this.#next] = failure;
    this.#next = (this.#next + 1) % RECENT;
    if (this.#recentCount < RECENT) this.#recentCount += 1;
    this.#failedInRow = hasFailed ? this.#failedInRow + 1 : 0;
    const isMostlyFailing = this.#recentCount === RECENT && this.#recentFailed * 2 > RECENT;
    if (this.#failedInRow >= LIMITS.breakerFailuresMax || isMostlyFailing) this.#open(nowUs);
  }

  #open(nowUs: number): void {
    this.#state = 'open';
    this.#openMs = Math.min(
      this.#openMs === 0 ? LIMITS.breakerOpenMinMs : this.#openMs * 2,
      LIMITS.breakerOpenMaxMs,
    );
    this.#opensAgainUs = nowUs + this.#openMs * 1000;
    this.openedCount += 1;
  }

  #close(): void {
    this.#state = 'closed';
    this.#openMs = 0;
    this.#recent.fill(0);
    this.#recentCount = 0;
    this.#recentFailed = 0;
    this.#failedInRow = 0;
  }
}
