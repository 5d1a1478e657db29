/**
 * Writes every second of a run down, for a diagnosis afterwards: latencies of both sides, stalls
 * of the proxies, what the sides tell of their collections. Nothing waits for it: what the disk
 * does not take is lost, and said once.
 */
import type { Clock } from '../kit/clock.ts';
import { messageOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import type { Log } from '../kit/log.ts';
import type { CollectorReading } from '../model/collector.ts';
import type { ObservedSecond } from '../model/observed.ts';
import type { Summary } from '../model/window.ts';
import type { ObservedSecondStore } from '../store/observed-seconds.ts';
import { RecentSeconds } from './seconds.ts';

/** What each side last said of its collections; null until it has. */
export interface CollectorSource {
  legacy(): { readonly collector: CollectorReading | null } | null;
  candidate(): { readonly collector: CollectorReading | null } | null;
}

export interface SecondsLogOptions {
  readonly store: ObservedSecondStore;
  readonly collectors: CollectorSource;
  readonly clock: Clock;
  readonly log: Log;
  /** Id of the rollout that a second belongs to. */
  readonly rollout: () => number;
}

/** One run's seconds on their way to the store. */
export class SecondsLog {
  readonly #options: SecondsLogOptions;
  readonly #seconds = new RecentSeconds();
  readonly #told = { legacy: new Map<number, CollectorReading>(), candidate: new Map() };
  readonly #stop: () => void;
  #hasFailed = false;

  constructor(options: SecondsLogOptions) {
    this.#options = options;
    const { clock } = options;
    this.#stop = clock.every(LIMITS.observedWriteEveryMs, () =>
      this.#write(clock.wallMs() - 1000 - LIMITS.windowGraceMs),
    );
  }

  accept(summary: Summary): void {
    this.#seconds.accept(summary);
    for (const side of ['legacy', 'candidate'] as const) {
      const reading = this.#options.collectors[side]()?.collector;
      if (reading === undefined || reading === null) continue;
      this.#told[side].set(Math.floor(reading.atMs / 1000) * 1000, reading);
    }
  }

  /** Writes what there is, and no more. */
  close(): void {
    this.#stop();
    this.#write(Infinity);
  }

  #write(beforeMs: number): void {
    const seconds = this.#seconds.take(beforeMs).map(
      (second): ObservedSecond => ({
        ...second,
        legacyCollector: this.#told.legacy.get(second.startMs) ?? null,
        candidateCollector: this.#told.candidate.get(second.startMs) ?? null,
      }),
    );
    for (const told of Object.values(this.#told)) {
      for (const startMs of told.keys()) if (startMs < beforeMs) told.delete(startMs);
    }
    if (seconds.length === 0) return;
    try {
      this.#options.store.write(this.#options.rollout(), seconds);
      this.#hasFailed = false;
    } catch (error) {
      const cause = messageOf(error);
      if (!this.#hasFailed) this.#options.log.warn({ cause }, 'seconds not kept for a diagnosis');
      this.#hasFailed = true;
    }
  }
}
