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
import type { ProcessReading } from '../model/process-reading.ts';
import type { Summary } from '../model/window.ts';
import type { ObservedSecondStore } from '../store/observed-seconds.ts';
import { RecentSeconds } from './seconds.ts';

/** What a side's process said of itself at one moment. */
export interface ToldReading extends ProcessReading {
  readonly collector: CollectorReading | null;
}

/** What each side last said; null until it has. */
export interface ReadingSource {
  legacy(): ToldReading | null;
  candidate(): ToldReading | null;
}

export interface SecondsLogOptions {
  readonly store: ObservedSecondStore;
  readonly readings: ReadingSource;
  readonly clock: Clock;
  readonly log: Log;
  /** Id of the rollout that a second belongs to. */
  readonly rollout: () => number;
}

/** One run's seconds on their way to the store. */
export class SecondsLog {
  readonly #options: SecondsLogOptions;
  readonly #seconds = new RecentSeconds();
  readonly #told = {
    legacy: new Map<number, ToldReading>(),
    candidate: new Map<number, ToldReading>(),
  };
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
      const reading = this.#options.readings[side]();
      if (reading !== null) this.#told[side].set(Math.floor(reading.atMs / 1000) * 1000, reading);
    }
  }

  /** Writes what there is, and no more. */
  close(): void {
    this.#stop();
    this.#write(Infinity);
  }

  #write(beforeMs: number): void {
    const seconds = this.#seconds.take(beforeMs).map((second): ObservedSecond => {
      const legacy = this.#told.legacy.get(second.startMs);
      const candidate = this.#told.candidate.get(second.startMs);
      return {
        ...second,
        legacyCollector: legacy?.collector ?? null,
        candidateCollector: candidate?.collector ?? null,
        ...(legacy && { legacyProcess: processOf(legacy) }),
        ...(candidate && { candidateProcess: processOf(candidate) }),
      };
    });
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

function processOf(told: ToldReading): ProcessReading {
  const { atMs, residentBytes, cpuSeconds, cacheEntries, cacheCapacity } = told;
  return { atMs, residentBytes, cpuSeconds, cacheEntries, cacheCapacity };
}
