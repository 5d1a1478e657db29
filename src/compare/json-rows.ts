/**
 * How a tape is laid out: one row of numbers for each value, in the order of the text. Modules
 * that read rows take these constants apart into their own: those the compiler puts into the
 * code, while imported ones are looked up at each use.
 */
export const TAPE = {
  /** Stands for a row where a side has none. */
  ABSENT: -1,

  /** Columns. Kind of the value in the low bits, flags above. */
  KIND: 0,
  /** Where the value stands; strings and keys between their quotes. */
  START: 1,
  END: 2,
  /** The row behind the value and all that is in it. */
  NEXT: 3,
  /** Of elements: which one it is, from 0. */
  INDEX: 4,
  /** Of members. */
  KEY_START: 4,
  KEY_END: 5,
  /** Members or elements. */
  COUNT: 6,
  /** 0 until somebody asks for it. */
  HASH: 7,
  /** Columns altogether: rows are known by the place of their first one. */
  ROW: 8,

  KIND_MASK: 7,
  /** The string, or the key, has escapes in it. */
  ESCAPED: 8,
  KEY_ESCAPED: 16,
  /** Of legacy's arrays: elements belong to those at the same index, as their names tell. */
  IN_PLACE: 32,

  NULL: 0,
  FALSE: 1,
  TRUE: 2,
  NUMBER: 3,
  STRING: 4,
  ARRAY: 5,
  OBJECT: 6,
} as const;
