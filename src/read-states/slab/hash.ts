const M1 = 0x9e3779b1;
const M2 = 0x85ebca6b;
const M3 = 0xc2b2ae35;
const M4 = 0x27d4eb2f;
const M5 = 0x165667b1;

/**
 * Hashes of ids as signed 32-bit integers: a multiplication by an odd constant and a shift for
 * each word, with a seed of the process, as clients choose ids. Both ends of the result are well
 * mixed: the upper bits give the place in an index, the lower eight the fingerprint.
 * Source: after the finaliser of Austin Appleby's MurmurHash3.
 */
export function hashState(
  seed: number,
  userHi: number,
  userLo: number,
  type: number,
  channelHi: number,
  channelLo: number,
): number {
  let h = Math.imul(seed ^ userLo, M1);
  h = Math.imul(h ^ (h >>> 15) ^ userHi, M2);
  h = Math.imul(h ^ (h >>> 13) ^ channelLo, M3);
  h = Math.imul(h ^ (h >>> 16) ^ channelHi ^ Math.imul(type, M5), M4);
  h ^= h >>> 15;
  h = Math.imul(h, M2);
  h ^= h >>> 13;
  h = Math.imul(h, M3);
  return h ^ (h >>> 16);
}

/** The same of a user alone. */
export function hashUser(seed: number, userHi: number, userLo: number): number {
  let h = Math.imul(seed ^ userLo, M1);
  h = Math.imul(h ^ (h >>> 15) ^ userHi, M4);
  h ^= h >>> 15;
  h = Math.imul(h, M2);
  h ^= h >>> 13;
  h = Math.imul(h, M3);
  return h ^ (h >>> 16);
}
