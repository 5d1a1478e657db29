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

/** The longest so far; 0 streams: none yet. */
export const LONGEST_RUN: SoakRun = {
  streams: 0,
  seed: 1,
  desyncs: 0,
  commit: '',
  date: '',
};
