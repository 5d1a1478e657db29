/**
 * One latency gate through one step of one climb: the judge's own tests, window by window. Its
 * verdict is asked for whenever it could be a failure; in between it cannot be one.
 */
import {
  type CarriedHarm,
  type Evidence,
  gateKey,
  type LatencyEvidence,
  type LatencyPoint,
  NO_ARMS,
  NO_LATENCY,
  NO_SPIKES,
  type OverCounts,
  type TailEvidence,
} from '../../judge/evidence.ts';
import { lnHarmOf } from '../../judge/latency.ts';
import { isHeard, prove } from '../../judge/latency-proof.ts';
import {
  addArms,
  addParted,
  allowanceOf,
  countTail,
  RECENT_WINDOWS,
  sumsOf,
  type TailSums,
  thresholdOf,
  type WindowTail,
} from '../../judge/latency-windows.ts';
import { WindowSigns } from '../../judge/sign-bets.ts';
import type { GateSettings } from '../../model/settings.ts';
import { type GateViews, type KindView, TAIL_COLUMNS, type ThresholdTails } from './gate-views.ts';

/** While single requests are heard, their test is looked at again after so much more. */
const LOOK_AGAIN = 1.03;
/** What adding up logarithms may lose. */
const ROUNDING = 1e-9;

type MutableTail = { -readonly [K in keyof WindowTail]: WindowTail[K] };

/** The columns that were seen last: most windows are of one kind. */
interface SeenColumns {
  readonly tails: ThresholdTails;
  readonly view: KindView;
  readonly columns: Float64Array;
}

export interface TrackOptions {
  readonly gate: GateSettings;
  readonly views: GateViews;
  /** Kind and place of each window, added before the track is told of it. */
  readonly drawn: readonly number[];
  /** What the judge lets this gate fail by. */
  readonly harmAlpha: number;
  readonly carried: CarriedHarm | undefined;
}

/** A gate in a step; see the head of this file. */
export class GateTrack {
  readonly gate: GateSettings;
  readonly #key: string;
  readonly #views: GateViews;
  readonly #needed: number;
  /** Where it fails, a part of its proof is worth so much: what that takes, less earlier steps'. */
  readonly #lnWorthOfPart: number;
  readonly #worthOfPart: number;
  readonly #carried: CarriedHarm | undefined;
  readonly #allowance: number;
  readonly #signs = new WindowSigns();
  readonly #sums: TailSums = sumsOf(NO_LATENCY.tail);
  #recent: readonly (readonly OverCounts[])[] = [];
  #thresholdUs: number | null;
  #tails: ThresholdTails | null = null;
  #windows = 0;
  #pairs = 0;
  #thinWindows = 0;
  /** While single requests are heard: windows before the next look. */
  #nextLook = 1;
  /** Kind and place of every window. */
  readonly #drawn: readonly number[];
  /** Of these, those that tests of single requests have been told of. */
  #told = 0;
  /** And those that set the threshold, and do not count by it. */
  #setBy = 0;
  #parted: TailEvidence['parted'] = NO_LATENCY.tail.parted;
  #arms = NO_ARMS;
  readonly #tail: MutableTail = { difference: 0, legacyOver: 0, candidateOver: 0, count: 0 };
  #seen: Partial<SeenColumns> & Pick<SeenColumns, 'columns'> = { columns: new Float64Array() };

  constructor({ gate, views, drawn, harmAlpha, carried }: TrackOptions) {
    this.gate = gate;
    this.#key = gateKey(gate);
    this.#views = views;
    this.#drawn = drawn;
    this.#needed = -Math.log(harmAlpha);
    this.#carried = carried;
    this.#lnWorthOfPart = this.#needed - lnHarmOf(gate, this.#alone([])) - ROUNDING;
    this.#worthOfPart = Math.exp(this.#lnWorthOfPart);
    this.#allowance = allowanceOf(gate);
    this.#thresholdUs = thresholdOf(gate, []);
    if (this.#thresholdUs !== null) this.#tails = views.tails(this.#thresholdUs);
  }

  /** The newest window that was drawn. */
  add(kind: number, index: number): void {
    const view = this.#views.kind(kind);
    const { columns } = view;
    const at = view.at(index);
    const candidateUs = columns[at + 1]!;
    this.#windows += 1;
    this.#pairs += columns[at]!;
    if (Number.isNaN(candidateUs)) {
      this.#thinWindows += 1;
      return;
    }
    this.#signs.add(candidateUs, columns[at + 2]! * this.#allowance);
    if (this.#tails === null) this.#fix();
    else this.#bet(this.#tails, view, index);
  }

  /** What proof of harm is made of: all but the points, for which signs stand. */
  #proof(): LatencyEvidence {
    return {
      points: [],
      signs: this.#signs,
      pairs: this.#pairs,
      thinWindows: this.#thinWindows,
      seconds: (this.#windows * this.#views.windowMs) / 1000,
      stalledSeconds: 0,
      tail: {
        thresholdUs: this.#thresholdUs,
        ...sumsOf(this.#sums),
        parted: this.#parted,
        recent: this.#recent,
      },
      arms: this.#arms,
    };
  }

  /** What the judge is shown of this gate, until the next window. */
  evidence(): LatencyEvidence {
    if (isHeard(this.#sums)) this.#tell();
    let points: readonly LatencyPoint[] | null = null;
    const pointsOnce = (): readonly LatencyPoint[] => (points ??= this.#points());
    return {
      ...this.#proof(),
      // Mostly the signs are all that is asked for.
      get points() {
        return pointsOnce();
      },
    };
  }

  /** ln E against "over the limit": what a pass takes. */
  get lnOk(): number {
    if (isHeard(this.#sums)) this.#tell();
    return prove(this.gate, this.#proof()).lnOk;
  }

  #points(): readonly LatencyPoint[] {
    const points: LatencyPoint[] = [];
    for (let i = 0; i < this.#drawn.length; i += 2) {
      const point = this.#views.kind(this.#drawn[i]!).point(this.#drawn[i + 1]!);
      if (point !== null) points.push(point);
    }
    return points;
  }

  /** A threshold that a window sets does not count in it. */
  #fix(): void {
    this.#thresholdUs = thresholdOf(this.gate, this.#points());
    this.#setBy = this.#windows;
    if (this.#thresholdUs !== null) this.#tails = this.#views.tails(this.#thresholdUs);
  }

  #bet(tails: ThresholdTails, view: KindView, index: number): void {
    if (tails !== this.#seen.tails || view !== this.#seen.view) {
      this.#seen = { tails, view, columns: tails.columns(view) };
    }
    const { columns } = this.#seen;
    const at = TAIL_COLUMNS * index;
    if (Number.isNaN(columns[at]!)) tails.fill(columns, view, index);
    if (this.gate.metric === 'latency.burn') {
      this.#recent = [...this.#recent, tails.over(view, index)].slice(-RECENT_WINDOWS);
    }
    if (columns[at + 3]! < 0) return;
    const tail = this.#tail;
    tail.difference = columns[at]!;
    tail.legacyOver = columns[at + 1]!;
    tail.candidateOver = columns[at + 2]!;
    tail.count = columns[at + 3]!;
    countTail(this.#sums, tail);
  }

  /** Whether the gate could fail with the newest window; to be asked of each. */
  couldFail(): boolean {
    if (this.gate.metric === 'latency.burn') return true;
    if (isHeard(this.#sums)) {
      if (this.#windows < this.#nextLook) return false;
      this.#nextLook = Math.ceil(this.#windows * LOOK_AGAIN);
      this.#tell();
    } else if (!this.#hasStrongPart()) return false;
    return lnHarmOf(this.gate, this.#alone([this.#proof()])) >= this.#needed;
  }

  /** Proof of harm is a mean of parts, of which one has to be worth as much as the mean. */
  #hasStrongPart(): boolean {
    const { plain, crossed } = this.#signs;
    const worth = this.#worthOfPart;
    if (plain.isOverWorth(worth) || crossed.isOverWorth(worth)) return true;
    return this.#sums.bet.lnWorse >= this.#lnWorthOfPart;
  }

  #alone(latency: readonly LatencyEvidence[]): Evidence {
    return {
      counts: new Map(),
      latency: new Map(latency.map((seen) => [this.#key, seen])),
      resources: new Map(),
      spikes: NO_SPIKES,
      ...(this.#carried && { carried: this.#carried }),
    };
  }

  /** Single requests of the windows since they were last told. */
  #tell(): void {
    for (; this.#told < this.#windows; this.#told += 1) {
      const view = this.#views.kind(this.#drawn[2 * this.#told]!);
      const index = this.#drawn[2 * this.#told + 1]!;
      if (this.#tails !== null && this.#told >= this.#setBy) {
        this.#parted = this.#tails.over(view, index).reduce(addParted, this.#parted);
      }
      if (this.gate.metric !== 'latency') continue;
      this.#arms = addArms(this.#arms, view.pooled.window(index), this.gate.route);
    }
  }
}
