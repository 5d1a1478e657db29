import { LIMITS } from '../kit/limits.ts';
import type { Divergence, DivergenceKind } from '../model/pair.ts';

/** Segments that name one of many: indexes, numeric ids, UUIDs, long hexadecimal ids. */
const ID_SEGMENT = /^(?:\d+|[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/** A JSON Pointer with `*` for each segment that is an index or an id; other paths unchanged. */
export function templateOf(path: string): string {
  if (!path.startsWith('/')) return path;
  return path
    .split('/')
    .map((segment) => (ID_SEGMENT.test(segment) ? '*' : segment))
    .join('/');
}

const NONE: Divergence[] = [];

/**
 * Gathers the divergences of one pair: so many at most, and so few of each kind and path
 * template that the fiftieth of one cause does not hide the first of another.
 */
export class DivergenceList {
  /** Most pairs have few of one and none of the other: a list begins with what it has to hold. */
  #found: Divergence[] = NONE;
  #noted: Divergence[] = NONE;
  /** Null until there are enough of them for one to be shown too often. */
  #counts: Map<string, number> | null = null;
  #seen = 0;

  /** Nothing more will be shown, or enough was looked at. */
  get isFull(): boolean {
    const hasAll = this.#found.length >= LIMITS.divergencesPerPairMax;
    return hasAll || this.#seen >= LIMITS.divergencesSeenMax;
  }

  get found(): readonly Divergence[] {
    return this.#found;
  }

  /** What differs without meaning anything else: no divergence by itself. */
  get noted(): readonly Divergence[] {
    return this.#noted;
  }

  /** Texts are cut at the limit; undefined where that side has nothing there. */
  add(
    path: string,
    kind: DivergenceKind,
    legacy: string | undefined,
    candidate: string | undefined,
  ): void {
    if (this.isFull) return;
    this.#seen += 1;
    if (this.#isOneTooMany(path, kind)) return;
    const divergence = { path, kind, legacy: cut(legacy), candidate: cut(candidate) };
    if (this.#found.length === 0) this.#found = [divergence];
    else this.#found.push(divergence);
  }

  /** Causes are counted from the moment on when one could have been shown too often. */
  #isOneTooMany(path: string, kind: DivergenceKind): boolean {
    if (this.#counts === null) {
      // No templates as long as even all of this kind would not be too many.
      let alike = 0;
      for (const found of this.#found) if (found.kind === kind) alike += 1;
      if (alike < LIMITS.divergencesPerPathMax) return false;
      this.#counts = new Map();
      for (const found of this.#found) count(found, this.#counts);
    }
    return count({ path, kind }, this.#counts) > LIMITS.divergencesPerPathMax;
  }

  /** As {@link add}, of what two equal answers may differ in: told beside their verdict. */
  note(path: string, kind: DivergenceKind, legacy: string, candidate: string): void {
    if (this.#noted.length >= LIMITS.divergencesPerPathMax) return;
    const divergence = { path, kind, legacy: cut(legacy), candidate: cut(candidate) };
    if (this.#noted.length === 0) this.#noted = [divergence];
    else this.#noted.push(divergence);
  }
}

/** How many there are of this cause, this one among them. */
function count({ path, kind }: Pick<Divergence, 'path' | 'kind'>, of: Map<string, number>): number {
  const cause = `${kind} ${templateOf(path)}`;
  const found = (of.get(cause) ?? 0) + 1;
  of.set(cause, found);
  return found;
}

function cut(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= LIMITS.divergenceValueMax) return text;
  if (text.endsWith('…') && text.length === LIMITS.divergenceValueMax + 1) return text;
  return `${text.slice(0, LIMITS.divergenceValueMax)}…`;
}
