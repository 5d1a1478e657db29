/**
 * All that is known of a rollout's traffic: totals, clusters, evidence of the step, peaks,
 * tainted keys. In: summaries. Out: what status shows and gates read, and one JSON text of it
 * that a restart takes back.
 */
import { mergeNoise } from '../compare/noise/view.ts';
import { RuleTally } from '../compare/rules/rule-tally.ts';
import type { Clock } from '../kit/clock.ts';
import { LIMITS } from '../kit/limits.ts';
import type { GateCounts, LiveArms } from '../judge/evidence.ts';
import type { LiftedKey } from '../model/missed-write.ts';
import type { Cluster, ClusterRow } from '../model/cluster.ts';
import type { NoiseView } from '../model/noise.ts';
import type { RuleCount } from '../model/pair.ts';
import type { Race } from '../model/race.ts';
import type { RolloutState } from '../model/rollout.ts';
import type { GateSettings } from '../model/settings.ts';
import type { RoutePairs, Summary, TaintedKey, TrafficCounts } from '../model/window.ts';
import type { StoredRollout, StoredWindow } from '../store/rollout-store.ts';
import { clusterRows } from './cluster-rows.ts';
import { ClusterLedger } from './clusters.ts';
import { type ClosedWindow, StepEvidence } from './evidence.ts';
import { KeyShares } from './key-shares.ts';
import { NO_PEAKS, observeTraffic, type PeakState, resetPeaks } from './peaks.ts';
import { RouteTotals } from './route-totals.ts';
import { RecentSeconds } from './seconds.ts';
import type { TaintNews } from './taint-news.ts';
import { TrafficLedger } from './traffic.ts';

interface Progress {
  /** Revision that counts and windows were gathered under. */
  readonly revision: number;
  readonly traffic: TrafficCounts;
  readonly clusters: readonly Cluster[];
  /** Absent in stores of before they were kept. */
  readonly routes?: readonly RoutePairs[];
  readonly rules?: readonly RuleCount[];
  readonly counts: readonly (readonly [string, GateCounts])[];
  /** Of the step's latency gates, as of the newest window. */
  readonly arms?: readonly (readonly [string, LiveArms])[];
  readonly peaks: PeakState;
  readonly areTaintsFull?: boolean;
}

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
  #rules = new RuleTally();
  /** What each proxy has learned; with a proxy goes what it knew. */
  readonly #noise = new Map<number, NoiseView>();
  #peaks = NO_PEAKS;
  /** Of the step; begins anew with a restart. */
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

  get peaksSeen(): number {
    return this.#peaks.seen;
  }

  /** Keys were tainted beyond the limit, so that of no key it can be told that it is not. */
  get areTaintsFull(): boolean {
    return this.#areTaintsFull;
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
    this.#rules.absorb(summary.rules ?? []);
    this.seconds.accept(summary);
    this.#keepRaces(summary);
    if (summary.noisy !== undefined) this.#noise.set(summary.worker, summary.noisy);
    if ((summary.taintedBeyond ?? 0) > 0) this.#areTaintsFull = true;
    if (this.#isOfStep(summary, state.revision)) {
      this.evidence.add(summary);
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
    this.#peaks = observeTraffic(this.#peaks, nowMs, Math.max(0, received - this.#received));
    this.#received = received;
    return this.evidence.close(nowMs).map(({ windowMs, startMs, seen }) => ({
      rollout: state.id,
      revision: state.revision,
      windowMs,
      startMs,
      body: JSON.stringify(seen),
    }));
  }

  /** Forgets the evidence: another step, another proof. */
  beginStep(startedAtMs: number): void {
    this.evidence.reset(startedAtMs);
    this.#keyShares = new KeyShares();
    this.#peaks = resetPeaks(this.#peaks);
  }

  /** Another build: totals and clusters begin anew; tainted keys stay, as the store does. */
  beginRollout(startedAtMs: number): void {
    this.#traffic.begin();
    this.#clusters = new ClusterLedger([], startedAtMs);
    this.#routes = new RouteTotals();
    this.#rows = null;
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

  /** As a restart finds it, when no proxy is left of those that report now. */
  progress(revision: number): string {
    const progress: Progress = {
      revision,
      traffic: this.#traffic.settled(),
      clusters: this.#clusters.totals(),
      routes: this.#routes.rows(),
      rules: this.rules(),
      counts: [...this.evidence.counts],
      arms: this.evidence.arms,
      peaks: this.#peaks,
      areTaintsFull: this.#areTaintsFull,
    };
    return JSON.stringify(progress);
  }

  restore(stored: StoredRollout): void {
    const { state } = stored;
    const progress = JSON.parse(stored.progress) as Progress;
    this.#traffic = new TrafficLedger(progress.traffic);
    this.#clusters = new ClusterLedger(progress.clusters, state.startedAtMs);
    this.#routes = new RouteTotals();
    this.#routes.accept(progress.routes ?? []);
    this.#rows = null;
    this.#rules = new RuleTally();
    this.#rules.absorb(progress.rules ?? []);
    this.#received = progress.traffic.received;
    this.#areTaintsFull = progress.areTaintsFull === true;
    const isOfStep = progress.revision === state.revision;
    this.#peaks = isOfStep ? progress.peaks : resetPeaks(progress.peaks);
    this.evidence.restore(
      state.stepStartedAtMs,
      isOfStep ? progress.counts : [],
      (isOfStep ? stored.windows : []).map(({ windowMs, startMs, body }) => ({
        windowMs,
        startMs,
        seen: JSON.parse(body) as ClosedWindow['seen'],
      })),
      isOfStep ? progress.arms : [],
    );
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
