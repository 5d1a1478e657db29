import type { Answer } from '../model/exchange.ts';
import { areHeadersEqual, areLengthsEqual } from './headers.ts';

/**
 * True when two answers are the same byte for byte where it counts: status, compared headers
 * and trailers, the whole body. Then nothing more needs to be asked; false says only that the
 * analyst has to look. On the live path for every pair: no allocation, one memory compare.
 */
export function isByteEqual(a: Answer, b: Answer): boolean {
  return (
    a.status === b.status &&
    a.bodyBytes === b.bodyBytes &&
    areBodiesEqual(a, b) &&
    areHeadersEqual(a.headers, b.headers) &&
    areTrailersEqual(a, b) &&
    (a.bodyBytes > 0 || areLengthsEqual(a.headers, b.headers))
  );
}

/** By what was kept of them, or by the hashes of bodies too long to keep. */
function areBodiesEqual(a: Answer, b: Answer): boolean {
  if (a.bodyHash !== null) return a.bodyHash === b.bodyHash;
  return a.body.length === a.bodyBytes && areBytesEqual(a.body, b.body);
}

function areTrailersEqual(a: Answer, b: Answer): boolean {
  const areNone = a.trailers.length === 0 && b.trailers.length === 0;
  return areNone || areHeadersEqual(a.trailers, b.trailers);
}

/** One memory compare. */
export function areBytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** Index of the first byte that is not the same; the shorter length where one begins the other. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const end = Math.min(a.length, b.length);
  let at = 0;
  while (at < end && a[at] === b[at]) at += 1;
  return at;
}

/** Bytes that are read several at a time, where they stand in their buffer. */
export interface Words {
  readonly view: DataView;
  readonly offset: number;
  readonly length: number;
}

/** Those of `bytes`; both answers of a pair stand in one buffer, mostly, which has one view. */
export function wordsOf(bytes: Uint8Array, beside: Words | null): Words {
  const { buffer, byteOffset: offset, length } = bytes;
  const view = beside?.view.buffer === buffer ? beside.view : new DataView(buffer);
  return { view, offset, length };
}

/**
 * How far both are the same from a place on, the second one `shift` further behind. Eight bytes
 * are looked at together.
 */
export function runEnd(a: Words, b: Words, from: number, shift: number): number {
  const x = a.view;
  const y = b.view;
  const start = a.offset + from;
  const end = a.offset + Math.min(a.length, b.length - shift);
  const distance = b.offset - a.offset + shift;
  let at = start;
  for (; at <= end - 2 * WORD_BYTES; at += 2 * WORD_BYTES) {
    const other = at + distance;
    const first = x.getInt32(at, true) ^ y.getInt32(other, true);
    const second = x.getInt32(at + WORD_BYTES, true) ^ y.getInt32(other + WORD_BYTES, true);
    if ((first | second) !== 0) break;
  }
  while (at < end && x.getUint8(at) === y.getUint8(at + distance)) at += 1;
  return at - a.offset;
}

const WORD_BYTES = 4;
