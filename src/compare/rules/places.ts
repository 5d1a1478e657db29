/** Which places of a JSON body a rule is about: `*` is one segment, `**` any number of them. */
import { LIMITS } from '../../kit/limits.ts';
import type { JsonPath } from '../rules.ts';

/** The segments of a JSON Pointer, unescaped; none for ''. Source: RFC 6901, section 4. */
export function segmentsOf(pointer: string): readonly string[] {
  const segments = pointer.split('/').slice(1);
  return segments.map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Whether a pattern has to be followed segment by segment. */
export function isDeep(pattern: readonly string[]): boolean {
  return pattern.includes('**');
}

/** Whether a pattern without `**` fits the path. */
export function fitsFlat(pattern: readonly string[], path: JsonPath): boolean {
  if (pattern.length !== path.depth) return false;
  let at = path;
  for (let i = pattern.length - 1; i >= 0; i -= 1) {
    if (pattern[i] !== '*' && pattern[i] !== at.segment) return false;
    at = at.parent!;
  }
  return true;
}

/** Whether any pattern fits a path given as segments. Time: their count by the pattern's. */
export function fitsSegments(pattern: readonly string[], segments: readonly string[]): boolean {
  let states = begin(pattern);
  for (const segment of segments) {
    if (states === 0) return false;
    states = step(pattern, states, segment);
  }
  return isOver(pattern, states);
}

/** A longer pattern with `**` fits nothing: its states would not stand in the bits of a number. */
export function isFollowable(pattern: readonly string[]): boolean {
  return pattern.length <= LIMITS.deepPathSegmentsMax + 1;
}

/** Containers whose states are kept; beyond it they are worked out anew. */
const KNOWN_MAX = 4096;

/**
 * Whether patterns with `**` fit the paths of one walk. The states of a container are worked out
 * once for all that is in it, so that a place costs one step of each pattern, however deep it is.
 */
export class DeepPlaces {
  readonly #patterns: readonly (readonly string[])[];
  readonly #known = new Map<JsonPath, readonly number[]>();

  constructor(patterns: readonly (readonly string[])[]) {
    this.#patterns = patterns;
  }

  fits(index: number, path: JsonPath): boolean {
    const pattern = this.#patterns[index]!;
    const states =
      path.parent === null
        ? begin(pattern)
        : step(pattern, this.#statesOf(path.parent)[index]!, path.segment);
    return isOver(pattern, states);
  }

  #statesOf(path: JsonPath): readonly number[] {
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const unknown: JsonPath[] = [];
    let at: JsonPath | null = path;
    while (at !== null && !this.#known.has(at)) {
      unknown.push(at);
      at = at.parent;
    }
    let states = at === null ? undefined : this.#known.get(at);
    if (this.#known.size > KNOWN_MAX) this.#known.clear();
    for (const container of unknown.reverse()) {
      const above = states;
      states = this.#patterns.map((pattern, i) =>
        above === undefined ? begin(pattern) : step(pattern, above[i]!, container.segment),
      );
      this.#known.set(container, states);
    }
    return states ?? [];
  }
}

/** Bit i of a state: the first i segments of the pattern are used up. */
function begin(pattern: readonly string[]): number {
  return spread(pattern, 1);
}

function step(pattern: readonly string[], states: number, segment: string): number {
  let next = 0;
  for (let i = 0; i < pattern.length; i += 1) {
    if ((states & (1 << i)) === 0) continue;
    const wanted = pattern[i];
    if (wanted === '**') next |= 1 << i;
    else if (wanted === '*' || wanted === segment) next |= 1 << (i + 1);
  }
  return spread(pattern, next);
}

/** `**` may stand for nothing at all. */
function spread(pattern: readonly string[], states: number): number {
  let all = states;
  for (let i = 0; i < pattern.length; i += 1) {
    if (pattern[i] === '**' && (all & (1 << i)) !== 0) all |= 1 << (i + 1);
  }
  return all;
}

function isOver(pattern: readonly string[], states: number): boolean {
  return isFollowable(pattern) && (states & (1 << pattern.length)) !== 0;
}
