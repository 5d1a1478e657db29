/**
 * Bytes that wait for others, to be compared with them. They lie in slabs of their own: among
 * bytes that are soon forgotten each would hold a whole slab of those.
 */

const SLAB_BYTES = 16_384;
/** Longer ones lie alone. */
const SHARED_MAX_BYTES = SLAB_BYTES / 4;

let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let usedBytes = 0;

/** A copy that is let go of together with its neighbours, which are as old as it is. */
export function keep(bytes: Uint8Array): Buffer {
  const { length } = bytes;
  if (length > SHARED_MAX_BYTES) {
    const alone = Buffer.allocUnsafeSlow(length);
    alone.set(bytes);
    return alone;
  }
  if (usedBytes + length > SLAB_BYTES) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    usedBytes = 0;
  }
  const kept = slab.subarray(usedBytes, usedBytes + length);
  kept.set(bytes);
  usedBytes += length;
  return kept;
}
