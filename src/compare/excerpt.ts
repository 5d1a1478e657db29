/** Bytes that differ: where, of what kind, and what stands around them. */
import { isUtf8 } from 'node:buffer';
import type { DivergenceKind } from '../model/pair.ts';
import { firstDifference } from './bytes.ts';

/** A difference of two bodies that is told as a whole. */
export interface BodyDifference {
  readonly kind: DivergenceKind;
  /** Undefined where that side has no body. */
  readonly legacy: string | undefined;
  readonly candidate: string | undefined;
}

/** How two rows of bytes differ; null where they do not. */
export function differenceOfBytes(a: Uint8Array, b: Uint8Array): BodyDifference | null {
  const at = firstDifference(a, b);
  const shorter = Math.min(a.length, b.length);
  if (a.length === b.length) return at < shorter ? differenceAt('value', a, b, at) : null;
  if (shorter > 0) return differenceAt(at === shorter ? 'truncated' : 'length', a, b, at);
  const text = (bytes: Uint8Array): string | undefined =>
    bytes.length === 0 ? undefined : excerpt(bytes, 0);
  return { kind: b.length === 0 ? 'missing' : 'added', legacy: text(a), candidate: text(b) };
}

/** A difference of this kind at a place, the first one where none is given. */
export function differenceAt(
  kind: DivergenceKind,
  a: Uint8Array,
  b: Uint8Array,
  at: number = firstDifference(a, b),
): BodyDifference {
  return { kind, legacy: excerpt(a, at), candidate: excerpt(b, at) };
}

const BEFORE_BYTES = 24;
const AFTER_BYTES = 48;

/** `byte 120 of 300: …text around it…`, control characters escaped; hexadecimal when binary. */
export function excerpt(bytes: Uint8Array, at: number): string {
  if (bytes.length === 0) return 'empty';
  const start = Math.max(0, at - BEFORE_BYTES);
  const end = Math.min(bytes.length, at + AFTER_BYTES);
  const around = Buffer.from(bytes.subarray(start, end));
  const text = isUtf8(bytes) ? JSON.stringify(around.toString('utf8')) : around.toString('hex');
  const [before, after] = [start > 0 ? '…' : '', end < bytes.length ? '…' : ''];
  return `byte ${at} of ${bytes.length}: ${before}${text}${after}`;
}
