/**
 * A hash of which every bit depends on every bit of the one given: sums of such hashes seldom
 * meet, sums of small numbers often do. Source: Austin Appleby, the finaliser of MurmurHash3.
 */
export function mixHash(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
