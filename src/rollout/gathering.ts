/**
 * All that is known of a rollout's traffic: totals, clusters, evidence of the step, peaks,
 * tainted keys. In: summaries. Out: what status shows and gates read, and one JSON text of it
 * that a restart takes back.
 */
import { mergeNoise } from '../compare/noise/view.ts';
import { RuleTally } from '../compare/rules/rule-tally.ts';
import type { Clock } from '../kit/clock.ts';
import { LIMITS } from '../kit/limits.ts';
import type { KeyCounts, ResourcePoint } from '../judge/evidence.ts';
import { isStalled } from '../judge/windows.ts';
import { NO_SPIKE_STATE } from '../measure/spikes.ts';
import type { LiftedKey } from '../model/missed-write.ts';
import type { Cluster, ClusterRow } from '../model/cluster.ts';
import type { NoiseView } from '../model/noise.ts';
import type { RuleCount } from '../model/pair.ts';
import type { Race } from '../model/race.ts';
import type { JudgedWindows, RolloutState } from '../model/rollout.ts';
import type { GateSettings } from '../model/settings.ts';
import type { RoutePairs, Summary, TaintedKey, TrafficCounts } from '../model/window.ts';
import type { StoredRollout, StoredWindow } from '../store/rollout-store.ts';
import { clusterRows } from './cluster-rows.ts';
import { ClusterLedger } from './clusters.ts';
import { type ClosedWindow, type EvidenceParts, StepEvidence } from './evidence.ts';
import { countedOf, type HoldState, NO_HOLD, withSpan } from './hold-time.ts';
import { KeyShares, type SplitCounts } from './key-shares.ts';
import { NO_PEAKS, observeTraffic, type PeakState, resetPeaks } from './peaks.ts';
import { RouteTotals } from './route-totals.ts';
import { RecentSeconds } from './seconds.ts';
import type { TaintNews } from './taint-news.ts';
import { TrafficLedger } from './traffic.ts';

interface Progress extends Partial<EvidenceParts> {
  /** Revision that counts and windows were gathered under. */
  readonly revision: number;
  readonly traffic: TrafficCounts;
  readonly clusters: readonly Cluster[];
  /** Absent in stores of before they were kept. */
  readonly routes?: readonly RoutePairs[];
  readonly rules?: readonly RuleCount[];
  readonly peaks: PeakState;
  readonly hold?: HoldState;
  readonly split?: SplitCounts;
  readonly areTaintsFull?: boolean;
  /** What exactly this evidence was judged to be; absent at the beginning of a step. */
  readonly judged?: JudgedWindows;
}

const NOTHING_SEEN = { pairs: 0, failed: 0, stalledMs: 0 };

/** A proxy that has not reported for this long does not count as working. */
const SILENT_AFTER_MS = 5000;

/**
 * Totals last as long as the rollout, evidence as long as the step, taints until they are lifted.
 */
export class Gathering {
  readonly #clock: Clock;
  readonly #tainted: Map<string, TaintedKey>;
  readonly #heardAtUs = new Map<number, number>();
  /** Revision of each proxy's newest summary. */
  readonly #revisions = new Map<number, number>();
  #evidence: StepEvidence;
  readonly seconds: RecentSeconds = new RecentSeconds();
  #traffic = new TrafficLedger();
  #clusters = new ClusterLedger();
  #routes = new RouteTotals();
  /** As last asked for; null once there is more. Intervals of many rows take a while. */
  #rows: readonly ClusterRow[] | null = null;
  /** As last asked for, likewise. */
  #keys: KeyCounts | null = null;
  #rules = new RuleTally();
  /** What each proxy has learned; with a proxy goes what it knew. */
  readonly #noise = new Map<number, NoiseView>();
  #peaks: PeakState = NO_PEAKS;
  #hold: HoldState = NO_HOLD;
  /** Of the step, since the last stretch of its time. */
  #seen = NOTHING_SEEN;
  /** Of the step. */
  #keyShares = new KeyShares();
  #received = 0;
  #areTaintsFull = false;
  /** The newest, oldest first; not kept over a restart. */
  #races: readonly Race[] = [];

  constructor(gates: readonly GateSettings[], clock: Clock, tainted: readonly TaintedKey[]) {
    this.#clock = clock;
    this.#tainted = new Map(tainted.map((each) => [each[0], each]));
    this.#evidence = new StepEvidence(gates);
  }

  /** Of the step that the rollout is in. */
  get evidence(): StepEvidence {
    return this.#evidence;
  }

  /** Gathers for other gates from now on; nothing of what was gathered before is kept. */
  gatherFor(gates: readonly GateSettings[]): void {
    this.#evidence = new StepEvidence(gates);
  }

  /** Proxies that have reported lately. */
  get workers(): number {
    const sinceUs = this.#clock.nowUs() - SILENT_AFTER_MS * 1000;
    return [...this.#heardAtUs.values()].filter((heardAtUs) => heardAtUs >= sinceUs).length;
  }

  /** Why the keys are not split by `percent`; '' while nothing speaks against it. */
  splitProblem(percent: number): string {
    return this.#keyShares.problem(percent);
  }

  get peaks(): PeakState {
    return this.#peaks;
  }

  /** What of the step's time counts. */
  get hold(): HoldState {
    return this.#hold;
  }

  /** So much more of the step's time has passed; 0: it stands still, and what was seen with it. */
  lapse(spanMs: number, percent: number): void {
    const splitMs = spanMs > 0 && this.splitProblem(percent) !== '' ? spanMs : 0;
    if (spanMs > 0) this.#hold = withSpan(this.#hold, { ...this.#seen, spanMs, splitMs });
    this.#seen = NOTHING_SEEN;
  }

  /** Keys were tainted beyond the limit, so that of no key it can be told that it is not. */
  get areTaintsFull(): boolean {
    return this.#areTaintsFull;
  }

  /** Of the rollout: distinct keys compared, and those that have shown a difference. */
  keys(): KeyCounts {
    if (this.#keys === null) {
      const mismatched = this.#clusters.distinctKeys();
      // A difference may be told of before the pairs of its second are.
      const compared = Math.max(mismatched, this.#routes.distinctKeys());
      this.#keys = { compared, mismatched };
    }
    return this.#keys;
  }

  races(): readonly Race[] {
    return this.#races;
  }

  /** Undefined where nothing is learned. */
  noise(): NoiseView | undefined {
    return this.#noise.size === 0 ? undefined : mergeNoise([...this.#noise.values()]);
  }

  taintedKeys(): readonly TaintedKey[] {
    return [...this.#tainted.values()];
  }

  /** Takes a summary; answers what it alone knew of tainted keys. */
  accept(summary: Summary, state: RolloutState): TaintNews {
    this.#heardAtUs.set(summary.worker, this.#clock.nowUs());
    this.#traffic.accept(summary.worker, summary.traffic);
    this.#clusters.accept(summary.clusters);
    this.#routes.accept(summary.routes ?? []);
    this.#rows = null;
    this.#keys = null;
    this.#rules.absorb(summary.rules ?? []);
    this.seconds.accept(summary);
    this.#keepRaces(summary);
    if (summary.noisy !== undefined) this.#noise.set(summary.worker, summary.noisy);
    if ((summary.taintedBeyond ?? 0) > 0) this.#areTaintsFull = true;
    if (this.#isOfStep(summary, state.revision)) {
      this.evidence.add(summary);
      this.#see(summary);
      if (summary.placed !== undefined) this.#keyShares.accept(summary.placed);
    }
    return this.#lift(summary.lifted ?? [], this.taint(summary.tainted).tainted);
  }

  workerLost(worker: number): void {
    this.#heardAtUs.delete(worker);
    this.#revisions.delete(worker);
    this.#traffic.lost(worker);
    this.#noise.delete(worker);
    this.evidence.forget(worker);
  }

  /** Closes the windows that are over; answers them as they are stored. */
  closeWindows(state: RolloutState): readonly StoredWindow[] {
    const nowMs = this.#clock.wallMs();
    const { received } = this.traffic();
    const more = Math.max(0, received - this.#received);
    this.#peaks = observeTraffic(this.#peaks, nowMs, more, countedOf(this.#hold));
    this.#received = received;
    return this.evidence
      .close(nowMs)
      .map(({ windowMs, startMs, seen }) => storedWindow(state, windowMs, startMs, seen));
  }

  /** Windows of memory and CPU that have closed, as they are stored. */
  takeResources(state: RolloutState): readonly StoredWindow[] {
    const points = this.evidence.resources.take();
    return points.map(({ windowMs, point }) => storedWindow(state, windowMs, point.startMs, point));
  }

  /** Forgets the evidence: another step, another proof. Onward it remembers harm. */
  beginStep(startedAtMs: number, isOnward = false): void {
    this.evidence.next(startedAtMs, isOnward);
    this.#keyShares = new KeyShares();
    this.#peaks = resetPeaks(this.#peaks);
    this.#hold = NO_HOLD;
    this.#seen = NOTHING_SEEN;
  }

  /** Another build: totals and clusters begin anew; tainted keys stay, as the store does. */
  beginRollout(startedAtMs: number): void {
    this.#traffic.begin();
    this.#clusters = new ClusterLedger([], startedAtMs);
    this.#routes = new RouteTotals();
    this.#rows = null;
    this.#keys = null;
    this.#rules = new RuleTally();
    this.#areTaintsFull = false;
    this.#races = [];
    this.#received = 0;
    this.beginStep(startedAtMs);
  }

  /** Tainted keys: those that stay so until they are seen to agree; the rest is the journal's. */
  traffic(): TrafficCounts {
    const totals = this.#traffic.totals();
    return { ...totals, taintedKeys: this.#tainted.size, journalEntries: 0, journalBytes: 0 };
  }

  clusters(): readonly ClusterRow[] {
    this.#rows ??= clusterRows(this.#clusters.totals(), this.#routes);
    return this.#rows;
  }

  /** What compare rules hid. */
  rules(): readonly RuleCount[] {
    return this.#rules.counts();
  }

  /**
   * As a restart finds it in the state `next`, when no proxy is left of those that report now;
   * `judged` is what the evidence says in the state that it was gathered in, if that is known.
   */
  progress(from: RolloutState, next: RolloutState, judged: JudgedWindows | null): string {
    const isSame = next.revision === from.revision;
    const progress: Progress = {
      revision: next.revision,
      traffic: this.#traffic.settled(),
      clusters: this.#clusters.totals(),
      routes: this.#routes.rows(),
      rules: this.rules(),
      ...(isSame ? this.evidence.parts() : this.evidence.partsOfNext(isOnward(from, next))),
      peaks: isSame ? this.#peaks : resetPeaks(this.#peaks),
      hold: isSame ? this.#hold : NO_HOLD,
      ...(isSame && { split: this.#keyShares.counts }),
      areTaintsFull: this.#areTaintsFull,
      ...(isSame && judged !== null && { judged }),
    };
    return JSON.stringify(progress);
  }

  /** Answers what the evidence was judged to be when it was written; null: it is of no use. */
  restore(stored: StoredRollout | null, state: RolloutState): JudgedWindows | null {
    if (stored === null) return null;
    const progress = JSON.parse(stored.progress) as Progress;
    this.#traffic = new TrafficLedger(progress.traffic);
    this.#clusters = new ClusterLedger(progress.clusters, state.startedAtMs);
    this.#routes = new RouteTotals();
    this.#routes.accept(progress.routes ?? []);
    this.#rows = null;
    this.#keys = null;
    this.#rules = new RuleTally();
    this.#rules.absorb(progress.rules ?? []);
    this.#received = progress.traffic.received;
    this.#areTaintsFull = progress.areTaintsFull === true;
    const isOfStep = progress.revision === state.revision;
    const peaks = { ...NO_PEAKS, ...progress.peaks };
    this.#peaks = isOfStep ? peaks : resetPeaks(peaks);
    const { hold = { ...NO_HOLD, countedMs: state.stepElapsedMs } } = progress;
    this.#hold = isOfStep ? hold : NO_HOLD;
    this.#keyShares = new KeyShares(isOfStep ? progress.split : undefined);
    const { counts = [], arms = [], spikes = NO_SPIKE_STATE, carried } = progress;
    if (!isOfStep) return null;
    this.evidence.restore(
      state.stepStartedAtMs,
      { counts, arms, spikes, ...(carried && { carried }) },
      stored.windows.map(({ windowMs, startMs, body }) => ({
        windowMs,
        startMs,
        seen: JSON.parse(body) as ClosedWindow['seen'],
      })),
      stored.resources.map(({ windowMs, body }) => ({
        windowMs,
        point: JSON.parse(body) as ResourcePoint,
      })),
    );
    return progress.judged ?? null;
  }

  #see(summary: Summary): void {
    const spanMs = summary.endMs - summary.startMs;
    const stalledMs = isStalled(summary) ? spanMs / Math.max(1, this.workers) : 0;
    let { pairs, failed } = this.#seen;
    for (const cell of summary.cells) {
      pairs += cell.pairs;
      failed += cell.candidateOnlyErrors + cell.legacyOnlyErrors + cell.bothErrors;
    }
    this.#seen = { pairs, failed, stalledMs: this.#seen.stalledMs + stalledMs };
  }

  #keepRaces({ races = [] }: Summary): void {
    if (races.length > 0) this.#races = [...this.#races, ...races].slice(-LIMITS.racesKept);
  }

  /** A second within which the revision changed holds pairs of both; told by no clock. */
  #isOfStep({ worker, revision }: Summary, current: number): boolean {
    const before = this.#revisions.get(worker) ?? revision;
    this.#revisions.set(worker, revision);
    return revision === current && before === current;
  }

  /** Takes tainted keys; answers those that were not known, or not as of so late. */
  taint(keys: readonly TaintedKey[]): TaintNews {
    const fresh: TaintedKey[] = [];
    for (const tainted of keys) {
      const [key, , , sinceUs = 0] = tainted;
      const known = this.#tainted.get(key);
      if (known === undefined && this.#tainted.size >= LIMITS.taintedKeysMax) {
        this.#areTaintsFull = true;
        continue;
      }
      if (known !== undefined && sinceUs <= (known[3] ?? 0)) continue;
      const newest: TaintedKey = known === undefined ? tainted : [key, known[1], known[2], sinceUs];
      this.#tainted.set(key, newest);
      fresh.push(newest);
    }
    return { tainted: fresh, lifted: [] };
  }

  /** A key tainted anew after it was seen to agree stays, and is told so to who has lifted it. */
  #lift(keys: readonly LiftedKey[], fresh: readonly TaintedKey[]): TaintNews {
    const tainted = [...fresh];
    const lifted: LiftedKey[] = [];
    for (const each of keys) {
      const [key, beganUs] = each;
      const known = this.#tainted.get(key);
      if (known === undefined) continue;
      if ((known[3] ?? 0) >= beganUs) tainted.push(known);
      else {
        this.#tainted.delete(key);
        lifted.push(each);
      }
    }
    return { tainted, lifted };
  }
}

/** Further up in one climb, by proof or by a person: what is known of harm holds on. */
export function isOnward(from: RolloutState, to: RolloutState): boolean {
  return to.id === from.id && to.step > from.step && to.proof === from.proof;
}

function storedWindow(
  { id, revision }: RolloutState,
  windowMs: number,
  startMs: number,
  body: unknown,
): StoredWindow {
  return { rollout: id, revision, windowMs, startMs, body: JSON.stringify(body) };
}
