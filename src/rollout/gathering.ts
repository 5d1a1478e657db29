/**
 * All that is known of a rollout's traffic: totals, clusters, evidence of the step, peaks,
 * tainted keys. In: summaries. Out: what status shows and gates read, and one JSON text of it
 * that a restart takes back.
 */
import type { Clock } from '../kit/clock.ts';
import { LIMITS } from '../kit/limits.ts';
import type { GateCounts } from '../judge/evidence.ts';
import type { Cluster } from '../model/pair.ts';
import type { RolloutState } from '../model/rollout.ts';
import type { GateSettings } from '../model/settings.ts';
import type { Summary, TaintedKey, TrafficCounts } from '../model/window.ts';
import type { StoredRollout, StoredWindow } from '../store/rollout-store.ts';
import { ClusterLedger } from './clusters.ts';
import { type ClosedWindow, StepEvidence } from './evidence.ts';
import { NO_PEAKS, observeTraffic, type PeakState, resetPeaks } from './peaks.ts';
import { RecentSeconds } from './seconds.ts';
import { TrafficLedger } from './traffic.ts';

interface Progress {
  /** Revision that counts and windows were gathered under. */
  readonly revision: number;
  readonly traffic: TrafficCounts;
  readonly clusters: readonly Cluster[];
  readonly counts: readonly (readonly [string, GateCounts])[];
  readonly peaks: PeakState;
}

/** A proxy that has not reported for this long does not count as working. */
const SILENT_AFTER_MS = 5000;

/** Totals last as long as the rollout, evidence as long as the step, taints for ever. */
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
  #peaks = NO_PEAKS;
  #received = 0;

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

  get peaksSeen(): number {
    return this.#peaks.seen;
  }

  taintedKeys(): readonly TaintedKey[] {
    return [...this.#tainted.values()];
  }

  /** Takes a summary; answers the keys that it alone knew to be tainted. */
  accept(summary: Summary, state: RolloutState): readonly TaintedKey[] {
    this.#heardAtUs.set(summary.worker, this.#clock.nowUs());
    this.#traffic.accept(summary.worker, summary.traffic);
    this.#clusters.accept(summary.worker, summary.clusters);
    this.seconds.accept(summary);
    if (this.#isOfStep(summary, state.revision)) this.evidence.add(summary);
    return this.#taint(summary.tainted);
  }

  workerLost(worker: number): void {
    this.#heardAtUs.delete(worker);
    this.#revisions.delete(worker);
    this.#traffic.lost(worker);
    this.#clusters.lost(worker);
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
    this.#peaks = resetPeaks(this.#peaks);
  }

  /** Another build: totals and clusters begin anew; tainted keys stay, as the store does. */
  beginRollout(startedAtMs: number): void {
    this.#traffic.begin();
    this.#clusters.begin(startedAtMs);
    this.#received = 0;
    this.beginStep(startedAtMs);
  }

  traffic(): TrafficCounts {
    return { ...this.#traffic.totals(), taintedKeys: this.#tainted.size };
  }

  clusters(): readonly Cluster[] {
    return this.#clusters.totals();
  }

  /** As a restart finds it, when no proxy is left of those that report now. */
  progress(revision: number): string {
    const progress: Progress = {
      revision,
      traffic: this.#traffic.settled(),
      clusters: this.clusters(),
      counts: [...this.evidence.counts],
      peaks: this.#peaks,
    };
    return JSON.stringify(progress);
  }

  restore(stored: StoredRollout): void {
    const { state } = stored;
    const progress = JSON.parse(stored.progress) as Progress;
    this.#traffic = new TrafficLedger(progress.traffic);
    this.#clusters = new ClusterLedger(progress.clusters, state.startedAtMs);
    this.#received = progress.traffic.received;
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
    );
  }

  /** A second within which the revision changed holds pairs of both; told by no clock. */
  #isOfStep({ worker, revision }: Summary, current: number): boolean {
    const before = this.#revisions.get(worker) ?? revision;
    this.#revisions.set(worker, revision);
    return revision === current && before === current;
  }

  #taint(keys: readonly TaintedKey[]): readonly TaintedKey[] {
    const fresh: TaintedKey[] = [];
    for (const tainted of keys) {
      const [key] = tainted;
      if (this.#tainted.has(key) || this.#tainted.size >= LIMITS.taintedKeysMax) continue;
      this.#tainted.set(key, tainted);
      fresh.push(tainted);
    }
    return fresh;
  }
}
