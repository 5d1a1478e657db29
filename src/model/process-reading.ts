/** What a side's process has told of itself at one moment; null where a metric is not exposed. */
export interface ProcessReading {
  /** When it was read, wall clock. */
  readonly atMs: number;
  readonly residentBytes: number | null;
  /** Since it began. */
  readonly cpuSeconds: number | null;
  /** What its cache holds, and how many entries it can hold. */
  readonly cacheEntries: number | null;
  readonly cacheCapacity: number | null;
}
