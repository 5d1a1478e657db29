import { murmur3 } from '../kit/hash.ts';
import { LIMITS } from '../kit/limits.ts';
import type { SeenValue, SeenValues } from '../model/cluster.ts';

interface Span {
  firstMs: number;
  lastMs: number;
}

/**
 * The few values that one side showed, and when: none any more once there are too many, as of a
 * value that is another in each answer. The same whatever the order in which they come.
 */
export class ValueLog {
  #spans: Map<string | null, Span> | null = new Map<string | null, Span>();

  /** `text`: as it may be kept; null where the side has none. */
  see(text: string | null, atMs: number): void {
    this.#add(text === null ? null : shortened(text), atMs, atMs);
  }

  addValues(values: SeenValues): void {
    if (values === null) this.#spans = null;
    else for (const { text, firstMs, lastMs } of values) this.#add(text, firstMs, lastMs);
  }

  /** The earliest first; null when there were too many. */
  values(): SeenValues {
    if (this.#spans === null) return null;
    const values = [...this.#spans].map(([text, span]): SeenValue => ({ text, ...span }));
    return values.sort(byMoment);
  }

  #add(text: string | null, firstMs: number, lastMs: number): void {
    if (this.#spans === null) return;
    const known = this.#spans.get(text);
    if (known !== undefined) {
      known.firstMs = Math.min(known.firstMs, firstMs);
      known.lastMs = Math.max(known.lastMs, lastMs);
    } else if (this.#spans.size < LIMITS.valuesPerSideMax) {
      this.#spans.set(text, { firstMs, lastMs });
    } else this.#spans = null;
  }
}

function byMoment(a: SeenValue, b: SeenValue): number {
  const order = a.firstMs - b.firstMs || a.lastMs - b.lastMs;
  return order !== 0 ? order : JSON.stringify(a.text) < JSON.stringify(b.text) ? -1 : 1;
}

/** Different texts stay different: what is cut off is told by its digest. */
function shortened(text: string): string {
  const { seenValueMaxChars } = LIMITS;
  if (text.length <= seenValueMaxChars) return text;
  return `${text.slice(0, seenValueMaxChars)}…#${murmur3(text).toString(16)}`;
}
