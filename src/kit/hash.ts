const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

const encoder = new TextEncoder();
let scratch: Uint8Array<ArrayBuffer> = new Uint8Array(512);

/**
 * murmur3, the 32-bit x86 variant, of the UTF-8 bytes of `text`; an unsigned integer.
 * Source: Austin Appleby, MurmurHash3_x86_32.
 */
export function murmur3(text: string, seed = 0): number {
  if (text.length * 3 > scratch.length) scratch = new Uint8Array(text.length * 3);
  const length = encoder.encodeInto(text, scratch).written;
  const bytes = scratch;
  let h = seed | 0;
  const blocksEnd = length & ~3;
  for (let i = 0; i < blocksEnd; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    let k = Math.imul(word, C1);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, C2);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  if ((length & 3) >= 3) tail ^= bytes[blocksEnd + 2]! << 16;
  if ((length & 3) >= 2) tail ^= bytes[blocksEnd + 1]! << 8;
  if ((length & 3) >= 1) {
    tail ^= bytes[blocksEnd]!;
    tail = Math.imul(tail, C1);
    tail = (tail << 15) | (tail >>> 17);
    h ^= Math.imul(tail, C2);
  }
  h ^= length;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return h >>> 0;
}

/** Buckets a cohort hash falls into: one part in a million is the finest step. */
export const BUCKETS = 1_000_000;

/** The bucket of a key, 0 to 999,999: the same for the same salt wherever it is computed. */
export function bucketOf(salt: string, key: string): number {
  return Math.floor((murmur3(`${salt}:${key}`) * BUCKETS) / 2 ** 32);
}
