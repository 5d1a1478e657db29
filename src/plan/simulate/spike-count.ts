/** What `candidate.spikes` reads, of one step of one climb. */
import { spikesToProof } from '../../judge/candidate-spikes.ts';
import { NO_SPIKES, type SpikeEvidence } from '../../judge/evidence.ts';
import { quantileOf } from '../../judge/windows.ts';
import { createRandom } from '../../kit/random.ts';
import { leaps, USUAL_SECONDS, usualOf, whoseSpike } from '../../measure/spikes.ts';
import type { Side } from '../../model/exchange.ts';
import { measuredSecondsOf } from '../pairs.ts';
import { Arm, beyondUs } from './arm.ts';
import { pauseUs, type World } from './world.ts';

const SECONDS = 500;

/** A second in which a side pauses: its p99, and whether that leaps. */
interface PausedSecond {
  readonly p99Us: number;
  readonly isLeap: boolean;
}

/**
 * Seconds in which a side pauses, as many as tell how often they are spikes. The same ones for both
 * sides where these pause alike: of two that are drawn apart one would spike more often.
 */
export class PausedSeconds {
  readonly #seconds: readonly PausedSecond[];
  readonly usualUs: number;

  /** `requests`: those that come while the side pauses. */
  constructor(world: World, percent: number, requests: number) {
    const { seed, medianUs, sigma, pairsPerSec, copiedSeconds } = world;
    const latency = { medianUs, sigma, slower: null };
    const random = createRandom(seed ^ 0x5e1f ^ percent);
    // All pairs of such a second, whoever is live.
    const pairs = Math.round(pairsPerSec / copiedSeconds);
    const arm = new Arm(latency, beyondUs(latency, pairs, 0.99));
    const p99Of = (paused: number): number => {
      const slow = Math.min(pairs, Math.round(paused));
      return quantileOf(arm.draw(random, pairs - slow, slow, pauseUs(paused, world)), 0.99);
    };
    const quiet = Array.from({ length: SECONDS }, () => p99Of(0));
    const anyQuiet = (): number => quiet[random.int(0, SECONDS - 1)]!;
    this.usualUs = usualOf(quiet) ?? 0;
    this.#seconds = Array.from({ length: SECONDS }, () => {
      const p99Us = p99Of(requests);
      // What the seconds before it made usual, which differs from pause to pause.
      const usualUs = usualOf(Array.from({ length: USUAL_SECONDS }, anyQuiet)) ?? 0;
      return { p99Us, isLeap: leaps(p99Us, usualUs) };
    });
  }

  /** By `chance`, 0 to 1. */
  second(chance: number): PausedSecond {
    return this.#seconds[Math.floor(chance * this.#seconds.length)]!;
  }
}

/** Counts the spikes of a step; between pauses no p99 leaps. */
export class SpikeCount {
  readonly #sides: Readonly<Record<Side, PausedSeconds>>;
  /** Share of the seconds, 0 to 1. */
  readonly #measured: number;
  #counts = { spikes: 0, legacySpikes: 0, shared: 0 };
  #worst: SpikeEvidence['worst'] = null;
  /** Spikes of the candidate before it could be proved to have more. */
  #nextLook = 1;
  #newestMs = 0;
  #legacyMs = -Infinity;
  /** The newest pause that is not counted, as the same second may hold one of the other side. */
  #open: { readonly second: number; legacy: boolean; candidate: boolean } | null = null;

  constructor(sides: Readonly<Record<Side, PausedSeconds>>, { pairsPerSec, copiedSeconds }: World) {
    this.#sides = sides;
    this.#measured = measuredSecondsOf(pairsPerSec, copiedSeconds);
  }

  /** A side pauses; moments come in order. */
  pause(side: Side, atMs: number, chance: number): void {
    const second = Math.floor(atMs / 1000);
    if (this.#open !== null && this.#open.second < second) this.#close();
    this.#open ??= { second, legacy: false, candidate: false };
    const { p99Us, isLeap } = this.#sides[side].second(chance);
    this.#open[side] = isLeap;
    if (side === 'candidate' && isLeap && p99Us > (this.#worst?.p99Us ?? 0)) {
      this.#worst = { p99Us, usualUs: this.#sides.candidate.usualUs };
    }
  }

  /** True where the judge takes the candidate to have more spikes than legacy. */
  hasMore(): boolean {
    const { spikes, legacySpikes } = this.#counts;
    if (spikes < this.#nextLook) return false;
    const missing = spikesToProof(spikes, legacySpikes);
    this.#nextLook = spikes + missing;
    return missing === 0;
  }

  evidence(atMs: number): SpikeEvidence {
    if (this.#open !== null && (this.#open.second + 1) * 1000 <= atMs) this.#close();
    return {
      ...NO_SPIKES,
      ...this.#counts,
      seconds: Math.floor((atMs / 1000) * this.#measured),
      quietSeconds: Math.floor(((atMs - this.#newestMs) / 1000) * this.#measured),
      worst: this.#counts.spikes === 0 ? null : this.#worst,
    };
  }

  #close(): void {
    const { second, legacy, candidate } = this.#open!;
    this.#open = null;
    const hasLegacyJustSpiked = second - this.#legacyMs / 1000 === 1;
    const whose = whoseSpike({ legacy, candidate, hasLegacyJustSpiked });
    if (legacy) this.#legacyMs = second * 1000;
    if (whose === 'legacy') this.#counts.legacySpikes += 1;
    else if (whose === 'both') this.#counts.shared += 1;
    else if (whose === 'candidate') {
      this.#counts.spikes += 1;
      this.#newestMs = (second + 1) * 1000;
    }
  }
}
