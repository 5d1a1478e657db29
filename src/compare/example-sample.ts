import { LIMITS } from '../kit/limits.ts';
import type { SampledExample } from '../model/cluster.ts';

/**
 * The oldest example and a uniform sample of all. Each has drawn a tag; the smallest tags stay,
 * so that samples of two streams make a sample of both. Source: Cohen 1997, bottom-k sampling.
 */
export class ExampleSample {
  #kept: readonly SampledExample[] = [];

  /** Whether an example of this moment and tag would be kept: else it need not be made. */
  wants(atMs: number, tag: number): boolean {
    const [oldest] = this.#kept;
    if (oldest === undefined || atMs <= oldest.atMs) return true;
    const isBelow = this.#kept.filter((kept) => kept.tag < tag).length;
    return isBelow < LIMITS.examplesPerCluster;
  }

  add(examples: readonly SampledExample[]): void {
    const all = [...this.#kept, ...examples];
    const sampled = new Set(all.sort(byTag).slice(0, LIMITS.examplesPerCluster));
    const byTime = all.sort(byMoment);
    this.#kept = byTime.filter((example, i) => i === 0 || sampled.has(example));
  }

  /** The oldest first. */
  examples(): readonly SampledExample[] {
    return this.#kept;
  }
}

function byTag(a: SampledExample, b: SampledExample): number {
  return a.tag - b.tag || a.atMs - b.atMs || byText(a, b);
}

function byMoment(a: SampledExample, b: SampledExample): number {
  return a.atMs - b.atMs || a.tag - b.tag || byText(a, b);
}

/** Of the same moment and tag: any order, but always the same one. */
function byText(a: SampledExample, b: SampledExample): number {
  const [first, second] = [JSON.stringify(a), JSON.stringify(b)];
  return first === second ? 0 : first < second ? -1 : 1;
}
