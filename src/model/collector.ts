/** What a process has told of its collections at one moment: totals since it began. */
export interface CollectorReading {
  /** When it was read, wall clock. */
  readonly atMs: number;
  /** By kind: `major`, `cycle` (Go), `G1 Young Generation` … */
  readonly kinds: Readonly<Record<string, CollectorTotals>>;
  /** Wall clock of the newest collection's end; null where it is not told. */
  readonly lastEndMs: number | null;
}

export interface CollectorTotals {
  readonly count: number;
  /** How long the world stood still in them, all together; null where that is not told. */
  readonly pausedMs: number | null;
}
