/** When level traffic has shown its peaks: what the rollout itself counts, minute by minute. */
import { NO_PEAKS, observeTraffic, type PeakState, resetPeaks } from '../../rollout/peaks.ts';

const MINUTE_MS = 60_000;
/** Level traffic that has shown no peak by then never does. */
const PEAKS_MAX_MINUTES = 60 * 24 * 60;

interface Counted {
  readonly state: PeakState;
  readonly minute: number;
}

/** What climbs with like steps have in common: they see the same minutes. */
export type KnownPeaks = Map<string, Counted>;

/** Peaks of one climb; minutes are those since it began. */
export class LevelPeaks {
  readonly #perMinute: number;
  readonly #known: KnownPeaks;
  #state: PeakState = NO_PEAKS;
  #minute = 0;
  #stepStartedMs = 0;
  #path = '';

  constructor(ratePerSec: number, known: KnownPeaks) {
    this.#perMinute = Math.round(ratePerSec * 60);
    this.#known = known;
  }

  get state(): PeakState {
    return this.#state;
  }

  beginStep(atMs: number): void {
    this.observe(atMs);
    this.#path += ` ${Math.floor(atMs / MINUTE_MS)}`;
    this.#stepStartedMs = atMs;
    this.#state = resetPeaks(this.#state);
  }

  /** All whole minutes before a moment of the climb. */
  observe(atMs: number): void {
    while ((this.#minute + 1) * MINUTE_MS <= atMs) this.#next();
  }

  /** When so many are seen, milliseconds of the climb. */
  until(wanted: number): number {
    const name = `${this.#path}: ${wanted}`;
    const known = this.#known.get(name);
    if (known !== undefined) {
      this.#state = known.state;
      this.#minute = known.minute;
      return known.minute * MINUTE_MS;
    }
    const most = this.#minute + PEAKS_MAX_MINUTES;
    while (this.#state.seen < wanted && this.#minute < most) this.#next();
    this.#known.set(name, { state: this.#state, minute: this.#minute });
    return this.#minute * MINUTE_MS;
  }

  #next(): void {
    this.#minute += 1;
    const nowMs = this.#minute * MINUTE_MS;
    const countedMs = Math.max(0, nowMs - this.#stepStartedMs);
    this.#state = observeTraffic(this.#state, nowMs, this.#perMinute, countedMs);
  }
}
