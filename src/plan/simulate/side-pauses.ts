/** When one side pauses in one climb: at a moment of its own, and then every so often. */
import type { Random } from '../../kit/random.ts';
import type { World } from './world.ts';

/** The pauses of a side, one after the other. */
export class SidePauses {
  readonly #random: Random;
  readonly #everyMs: number;
  readonly #copied: number;
  /** 0 to 1, of the time between two. */
  readonly #phase: number;
  #nextMs = Infinity;

  constructor({ pauses, copiedSeconds }: World, random: Random) {
    this.#random = random;
    this.#everyMs = pauses?.everyMs ?? Infinity;
    this.#copied = copiedSeconds;
    this.#phase = random.next();
  }

  /** Begins to count from a moment of the climb on, milliseconds. */
  from(atMs: number): void {
    if (this.#everyMs === Infinity) return;
    const phaseMs = this.#phase * this.#everyMs;
    const before = Math.max(0, Math.ceil((atMs - phaseMs) / this.#everyMs));
    this.#nextMs = phaseMs + before * this.#everyMs;
    this.#draw();
  }

  /** When the next one is that falls into a second with copies; milliseconds of the climb. */
  get nextMs(): number {
    return this.#nextMs;
  }

  take(): void {
    this.#nextMs += this.#everyMs;
    this.#draw();
  }

  /** A pause in a second without copies is in no pair. */
  #draw(): void {
    while (this.#random.next() >= this.#copied) this.#nextMs += this.#everyMs;
  }
}
