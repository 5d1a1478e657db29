/** A pool's windows as one gate sees them, in columns: they are seen by the million. */
import { bucketBottom } from '../../judge/buckets.ts';
import { type LatencyPoint, NO_LATENCY, type OverCounts } from '../../judge/evidence.ts';
import { overOf, seenIn, tailIn } from '../../judge/latency-windows.ts';
import { thresholdAt } from '../../kit/threshold-grid.ts';
import type { GateSettings } from '../../model/settings.ts';
import type { PooledKind, WindowPool } from './window-pool.ts';

/** Places of a window in the columns: pairs, the candidate's quantile, legacy's. */
export const COLUMNS = 3;
const UNSEEN = -1;

/** The windows of one kind, as a gate sees them when they are first taken. */
export class KindView {
  readonly pooled: PooledKind;
  /** NaN for the quantiles of a window that has no point. */
  readonly columns: Float64Array;
  readonly #gate: GateSettings;
  readonly #points: (LatencyPoint | null)[] = [];

  constructor(gate: GateSettings, pooled: PooledKind) {
    this.#gate = gate;
    this.pooled = pooled;
    this.columns = new Float64Array(COLUMNS * pooled.size).fill(UNSEEN);
  }

  /** Where the window is in the columns, which hold it from now on. */
  at(index: number): number {
    const at = COLUMNS * index;
    if (this.columns[at] === UNSEEN) this.#see(index, at);
    return at;
  }

  /** Of a window that was seen. */
  point(index: number): LatencyPoint | null {
    return this.#points[index]!;
  }

  #see(index: number, at: number): void {
    const { point, pairs } = seenIn(this.#gate, this.pooled.window(index), NO_LATENCY);
    this.#points[index] = point;
    this.columns[at] = pairs;
    this.columns[at + 1] = point?.candidateUs ?? Number.NaN;
    this.columns[at + 2] = point?.legacyUs ?? Number.NaN;
  }
}

/** All windows of a pool, as one gate sees them. */
export class GateViews {
  readonly windowMs: number;
  readonly #gate: GateSettings;
  readonly #pool: WindowPool;
  readonly #kinds = new Map<number, KindView>();
  #usual: KindView | null = null;
  /** By threshold, as far as it counts alike. */
  readonly #tails = new Map<string, ThresholdTails>();

  constructor(gate: GateSettings, pool: WindowPool) {
    this.windowMs = Math.max(1000, gate.windowMs);
    this.#gate = gate;
    this.#pool = pool;
  }

  /** Windows with so many pauses, as {@link kindOf} names them. */
  kind(kind: number): KindView {
    if (kind === 0) return (this.#usual ??= new KindView(this.#gate, this.#pool.kind(0)));
    let view = this.#kinds.get(kind);
    if (view === undefined) {
      view = new KindView(this.#gate, this.#pool.kind(kind));
      this.#kinds.set(kind, view);
    }
    return view;
  }

  tails(thresholdUs: number): ThresholdTails {
    const allowedUs = thresholdUs * this.#gate.limit;
    const alike = [bucketBottom(thresholdUs), bucketBottom(allowedUs), thresholdAt(allowedUs)];
    const name = alike.join(' ');
    let tails = this.#tails.get(name);
    if (tails === undefined) {
      tails = new ThresholdTails(this.#gate, thresholdUs);
      this.#tails.set(name, tails);
    }
    return tails;
  }
}

/** Places of what is over a threshold: difference, legacy's, the candidate's, all pairs. */
export const TAIL_COLUMNS = 4;

/** What is over one threshold, filled in as windows are seen. */
export class ThresholdTails {
  readonly #gate: GateSettings;
  readonly #thresholdUs: number;
  readonly #columns = new Map<KindView, Float64Array>();

  constructor(gate: GateSettings, thresholdUs: number) {
    this.#gate = gate;
    this.#thresholdUs = thresholdUs;
  }

  /** The windows of one kind, each NaN until it is filled in; -1 pairs: none has enough. */
  columns(view: KindView): Float64Array {
    let columns = this.#columns.get(view);
    if (columns === undefined) {
      columns = new Float64Array(TAIL_COLUMNS * view.pooled.size).fill(Number.NaN);
      this.#columns.set(view, columns);
    }
    return columns;
  }

  fill(columns: Float64Array, view: KindView, index: number): void {
    const tail = tailIn(this.#gate, view.pooled.strata(index), this.#thresholdUs);
    const at = TAIL_COLUMNS * index;
    columns[at] = tail?.difference ?? 0;
    columns[at + 1] = tail?.legacyOver ?? 0;
    columns[at + 2] = tail?.candidateOver ?? 0;
    columns[at + 3] = tail?.count ?? -1;
  }

  over(view: KindView, index: number): readonly OverCounts[] {
    return overOf(this.#gate, view.pooled.strata(index), this.#thresholdUs);
  }
}
