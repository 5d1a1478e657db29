/** A soak, as its last line told it. */
interface SoakRun {
  readonly streams: number;
  readonly seed: number;
  readonly desyncs: number;
  /** The commit that was run. */
  readonly commit: string;
  /** ISO date. */
  readonly date: string;
}

/** The longest so far. */
export const LONGEST_RUN: SoakRun = {
  streams: 1_200_000,
  seed: 1_000_000,
  desyncs: 0,
  commit: '9c5c4d2',
  date: '2026-11-21',
};
