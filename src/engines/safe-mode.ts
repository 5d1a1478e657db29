/**
 * Tells a proxy that died from proxies that die again and again. In the second case the next
 * ones only serve (safe mode), until one that does everything has been tried and has lived.
 * Pure but for what it remembers; times are milliseconds of any clock that only goes forward.
 */
import { LIMITS } from '../kit/limits.ts';

const MINUTE_MS = 60_000;

interface Death {
  readonly atMs: number;
  readonly isOfStart: boolean;
}

/** On or off, and when to try without it. */
export class SafeMode {
  #deaths: Death[] = [];
  #reason: string | null = null;
  #quietSinceMs = 0;
  #isAsked = false;
  #trial: { readonly worker: number; readonly sinceMs: number } | null = null;

  /** Why the next proxies only serve; null while all is well. */
  get reason(): string | null {
    return this.#reason;
  }

  /** What a person should know of it; null while all is well. */
  get warning(): string | null {
    if (this.#reason === null) return null;
    return (
      `safe mode, as ${this.#reason}: proxies serve, and nothing is mirrored, compared or ` +
      'recorded; one is tried in the normal mode after minutes of peace, or by crossfade reload'
    );
  }

  get isOn(): boolean {
    return this.#reason !== null;
  }

  /** Whether it is this proxy that is tried in the normal mode. */
  isTrial(worker: number): boolean {
    return this.#trial?.worker === worker;
  }

  /** Whether one in place of this proxy only serves: while it is on, unless this one is tried. */
  isForHeirOf(worker: number): boolean {
    return this.isOn && !this.isTrial(worker);
  }

  /** A proxy has died at `nowMs` that lived for `livedMs`. True when that turned it on. */
  died(worker: number, nowMs: number, livedMs: number): boolean {
    if (this.isTrial(worker)) this.#trial = null;
    this.#quietSinceMs = nowMs;
    const isOfStart = livedMs < LIMITS.workerHealthyAfterMs;
    this.#deaths = this.#deaths.filter(({ atMs }) => nowMs - atMs < MINUTE_MS);
    this.#deaths.push({ atMs: nowMs, isOfStart });
    if (this.isOn) return false;
    const newest = this.#deaths.slice(-LIMITS.crashLoopStartDeaths);
    const areAllOfStart =
      newest.length === LIMITS.crashLoopStartDeaths && newest.every((death) => death.isOfStart);
    if (areAllOfStart) {
      this.#reason = `${newest.length} proxies in a row died soon after their start`;
    } else if (this.#deaths.length >= LIMITS.crashLoopDeathsPerMin) {
      this.#reason = `${this.#deaths.length} proxies died within a minute`;
    }
    return this.isOn;
  }

  /** A person wants the normal mode tried now. */
  askForTrial(): void {
    this.#isAsked = this.isOn;
  }

  /** Whether one proxy should be tried in the normal mode now. */
  isTrialDue(nowMs: number): boolean {
    if (!this.isOn || this.#trial !== null) return false;
    return this.#isAsked || nowMs - this.#quietSinceMs >= LIMITS.safeModeRetryMs;
  }

  beginTrial(worker: number, nowMs: number): void {
    this.#isAsked = false;
    this.#trial = { worker, sinceMs: nowMs };
  }

  /** Turns it off when the proxy that is tried has lived for long enough; true when it did. */
  endIfProved(nowMs: number): boolean {
    if (this.#trial === null || nowMs - this.#trial.sinceMs < LIMITS.safeModeTrialMs) return false;
    this.#trial = null;
    this.#reason = null;
    this.#deaths = [];
    return true;
  }
}
