/** What a bug is before it is made: its kind, its place, and how it changes a body or an answer. */
import type { Answer } from '../model/exchange.ts';
import type { DivergenceKind } from '../model/pair.ts';

/** What a bug is known by. */
export interface Bug {
  /** As which a comparison should name it. */
  readonly kind: DivergenceKind;
  /** As in a divergence: JSON Pointer, `status`, `header:NAME`, `trailer:NAME` or `body`. */
  readonly path: string;
  /** What was done, a few words. */
  readonly what: string;
}

/** A change of a body's text. Bytes where the result is no text. */
export interface BodyEdit extends Bug {
  readonly apply: (text: string) => string | Uint8Array;
}

/** A bug in an answer; made only when it is asked for, since there are many. */
export interface Injection extends Bug {
  readonly make: () => Answer;
}

/** Replaces what stands between two places of a text. */
export function splice(start: number, end: number, by: string): (text: string) => string {
  return (text) => text.slice(0, start) + by + text.slice(end);
}

/** A string as another one, or a whole JSON text in its place. */
export interface ValueEdit {
  readonly kind: DivergenceKind;
  readonly what: string;
  readonly to: string;
}

/** A bug that was tried; of a random edit there is no kind. */
export type TriedBug = Omit<Bug, 'kind'> & { readonly kind: DivergenceKind | null };
