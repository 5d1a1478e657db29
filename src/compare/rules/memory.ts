/**
 * What rules remember from pair to pair: partners of values, and how high values have come.
 * Bounded; the longest unused goes first. As lasting as the analyst that holds it.
 */
import { murmur3 } from '../../kit/hash.ts';
import { LIMITS } from '../../kit/limits.ts';
import type { Side } from '../../model/exchange.ts';
import { type Leaf, orderOf } from './leaves.ts';

interface Height {
  readonly value: Leaf;
  /** When the answer that held it had come, wall clock. */
  readonly endMs: number;
}

/** One value of one side, with the times of its exchange. */
export interface Sighting {
  readonly side: Side;
  readonly value: Leaf;
  /** Wall clock. */
  readonly arrivedAtMs: number;
  readonly endMs: number;
}

/** The memory of all rules of one analyst. */
export class RuleMemory {
  readonly #max: number;
  readonly #partners = new Map<string, string>();
  readonly #heights = new Map<string, Height>();

  constructor(max: number = LIMITS.ruleMemoryMax) {
    this.#max = max;
  }

  /** True unless either has another partner by this rule; remembers the two as partners then. */
  arePartners(rule: string, legacy: Leaf, candidate: Leaf): boolean {
    const [ofLegacy, ofCandidate] = [textOf(legacy), textOf(candidate)];
    const there = `${rule}\nlegacy\n${ofLegacy}`;
    const back = `${rule}\ncandidate\n${ofCandidate}`;
    const partner = this.#partners.get(there) ?? ofCandidate;
    const partnerBack = this.#partners.get(back) ?? ofLegacy;
    if (partner !== ofCandidate || partnerBack !== ofLegacy) return false;
    this.#put(this.#partners, there, ofCandidate);
    this.#put(this.#partners, back, ofLegacy);
    return true;
  }

  /**
   * True when the side's value is below one that an answer showed which had come before this
   * request arrived; what overlaps has no order. A fall is told once: it is where to rise from.
   */
  hasFallen(place: string, { side, value, arrivedAtMs, endMs }: Sighting): boolean {
    const name = `${side}\n${place}`;
    const known = this.#heights.get(name);
    const order = known === undefined ? 1 : orderOf(value, known.value);
    const isFall = order === undefined || order < 0;
    if (known !== undefined && isFall && arrivedAtMs < known.endMs) return false;
    const isFirst = order !== 0 || known === undefined || endMs < known.endMs;
    this.#put(this.#heights, name, isFirst ? { value, endMs } : known);
    return known !== undefined && isFall;
  }

  #put<T>(map: Map<string, T>, key: string, value: T): void {
    map.delete(key);
    map.set(key, value);
    if (map.size <= this.#max) return;
    for (const oldest of map.keys()) {
      map.delete(oldest);
      return;
    }
  }
}

function textOf({ kind, text }: Leaf): string {
  return `${kind} ${text.length <= LIMITS.ruleMemoryValueMax ? text : digestOf(text)}`;
}

function digestOf(text: string): string {
  return `${text.length} ${murmur3(text, 1)} ${murmur3(text, 2)} ${murmur3(text, 3)}`;
}
