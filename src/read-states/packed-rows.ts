import type { StateRow, StateWrite } from './store.ts';

/** Numbers a row takes in a packed array: its twelve fields, then whether it is deleted. */
export const PACKED_FIELDS = 13;

/**
 * Rows as one flat array of numbers: crossing to another thread is then one memory copy instead
 * of a walk over objects on both sides. `lo` halves are unsigned in it, so that they sort.
 */
export type PackedRows = Float64Array<ArrayBuffer>;

/** Packs rows or writes; a row without `isDeleted` is one that stays. */
export function packRows(rows: readonly (StateRow | StateWrite)[]): PackedRows {
  const packed = new Float64Array(rows.length * PACKED_FIELDS);
  let at = 0;
  for (const row of rows) {
    packed[at] = row.userHi;
    packed[at + 1] = row.userLo >>> 0;
    packed[at + 2] = row.type;
    packed[at + 3] = row.channelHi;
    packed[at + 4] = row.channelLo >>> 0;
    packed[at + 5] = row.lastHi;
    packed[at + 6] = row.lastLo >>> 0;
    packed[at + 7] = row.mentions;
    packed[at + 8] = row.pinAtMs;
    packed[at + 9] = row.flags;
    packed[at + 10] = row.viewed;
    packed[at + 11] = row.version;
    packed[at + 12] = 'isDeleted' in row && row.isDeleted ? 1 : 0;
    at += PACKED_FIELDS;
  }
  return packed;
}

/** The rows again, `lo` halves signed as everywhere else. */
export function unpackRows(packed: PackedRows): StateRow[] {
  const rows: StateRow[] = [];
  for (let at = 0; at < packed.length; at += PACKED_FIELDS) {
    rows.push({
      userHi: packed[at]!,
      userLo: packed[at + 1]! | 0,
      type: packed[at + 2]!,
      channelHi: packed[at + 3]!,
      channelLo: packed[at + 4]! | 0,
      lastHi: packed[at + 5]!,
      lastLo: packed[at + 6]! | 0,
      mentions: packed[at + 7]!,
      pinAtMs: packed[at + 8]!,
      flags: packed[at + 9]!,
      viewed: packed[at + 10]!,
      version: packed[at + 11]!,
    });
  }
  return rows;
}
