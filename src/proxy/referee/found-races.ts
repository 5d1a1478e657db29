import { LIMITS } from '../../kit/limits.ts';
import type { LiveWrite, Race, RefereeCounts, UncheckedReason } from '../../model/race.ts';
import type { Dispute, Ruling } from './dispute.ts';

/** What asking again has shown. */
export type Finding = 'gone' | 'still-there' | { readonly unchecked: UncheckedReason };

/** Counts what the referee finds, and keeps the newest races with the writes that explain them. */
export class FoundRaces {
  readonly #digest: (key: string) => string;
  readonly #unchecked: Partial<Record<UncheckedReason, number>> = {};
  #asked = 0;
  #gone = 0;
  #goneWithoutWrite = 0;
  #stillThere = 0;
  #races: Race[] = [];

  /** `digest`: what is shown of a key. */
  constructor(digest: (key: string) => string) {
    this.#digest = digest;
  }

  asked(): void {
    this.#asked += 1;
  }

  /**
   * Counts the finding; answers what the pair counts as. `isDoubtful`: the order of two earlier
   * writes of its keys is open.
   */
  found({ pair, overlap }: Dispute, finding: Finding, isDoubtful: boolean): Ruling {
    if (finding === 'still-there') {
      this.#stillThere += 1;
      return isDoubtful ? 'write-order' : 'mismatched';
    }
    if (finding !== 'gone') return this.unchecked(overlap, finding.unchecked, isDoubtful);
    this.#gone += 1;
    if (overlap === null) {
      this.#goneWithoutWrite += 1;
      return isDoubtful ? 'write-order' : 'gone';
    }
    const { route, key, arrivedAtMs } = pair;
    this.#races.push({ route, key: this.#digest(key ?? ''), atMs: arrivedAtMs, write: overlap });
    if (this.#races.length > LIMITS.racesToldMax) this.#races.shift();
    return 'raced';
  }

  /** Counts one that nobody could ask again; answers what the pair counts as. */
  unchecked(overlap: LiveWrite | null, reason: UncheckedReason, isDoubtful: boolean): Ruling {
    this.#unchecked[reason] = (this.#unchecked[reason] ?? 0) + 1;
    return overlap === null && !isDoubtful ? 'mismatched' : 'race-unchecked';
  }

  /** Totals since it was made. */
  counts(): RefereeCounts {
    return {
      asked: this.#asked,
      gone: this.#gone,
      goneWithoutWrite: this.#goneWithoutWrite,
      stillThere: this.#stillThere,
      unchecked: { ...this.#unchecked },
    };
  }

  /** The races since the last call, the newest of them. */
  take(): readonly Race[] {
    const races = this.#races;
    if (races.length > 0) this.#races = [];
    return races;
  }
}
