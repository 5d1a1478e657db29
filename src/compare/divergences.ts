import { LIMITS } from '../kit/limits.ts';
import type { Divergence, DivergenceKind } from '../model/pair.ts';
import { jsonText, type JsonValue } from './json.ts';

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

/**
 * Gathers the divergences of one pair: so many at most, and so few of each kind and path
 * template that the fiftieth of one cause does not hide the first of another.
 */
export class DivergenceList {
  readonly #found: Divergence[] = [];
  readonly #counts = new Map<string, number>();

  get isFull(): boolean {
    return this.#found.length >= LIMITS.divergencesPerPairMax;
  }

  get found(): readonly Divergence[] {
    return this.#found;
  }

  /** Texts are cut at the limit; undefined where that side has nothing there. */
  add(
    path: string,
    kind: DivergenceKind,
    legacy: string | undefined,
    candidate: string | undefined,
  ): void {
    if (this.isFull) return;
    const cause = `${kind} ${templateOf(path)}`;
    const count = this.#counts.get(cause) ?? 0;
    this.#counts.set(cause, count + 1);
    if (count >= LIMITS.divergencesPerPathMax) return;
    this.#found.push({ path, kind, legacy: cut(legacy), candidate: cut(candidate) });
  }

  addValues(
    path: string,
    kind: DivergenceKind,
    legacy: JsonValue | undefined,
    candidate: JsonValue | undefined,
  ): void {
    this.add(path, kind, valueText(legacy), valueText(candidate));
  }
}

function valueText(value: JsonValue | undefined): string | undefined {
  return value === undefined ? undefined : jsonText(value, LIMITS.divergenceValueMax);
}

function cut(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= LIMITS.divergenceValueMax) return text;
  if (text.endsWith('…') && text.length === LIMITS.divergenceValueMax + 1) return text;
  return `${text.slice(0, LIMITS.divergenceValueMax)}…`;
}
