/**
 * Gathers what gates read: counts at once, latencies by whole windows, resources by window.
 * In: summaries of all proxies and samples of both processes. Out: the judge's evidence, and
 * the windows that closed, to be made durable. It begins anew with each step.
 */
import { LIMITS } from '../kit/limits.ts';
import {
  addCounts,
  type CarriedHarm,
  type Evidence,
  type EvidenceWindow,
  gateKey,
  type LatencyEvidence,
  type LatencyWindow,
  type LiveArms,
  NO_ARMS,
  NO_LATENCY,
} from '../judge/evidence.ts';
import { addArms, addWindow, seenIn } from '../judge/latency-windows.ts';
import { carriedHarm } from '../judge/verdict.ts';
import { countOf, mergeSummaries, quantileOf, sideOf } from '../judge/windows.ts';
import { NO_SPIKE_STATE, observeSecond, resetSpikes, type SpikeState } from '../measure/spikes.ts';
import type { GateSettings } from '../model/settings.ts';
import { NO_COUNTS, type PairCounts, type Summary } from '../model/window.ts';
import { type ClosedPoint, ResourceWindows } from './resources.ts';

/** One window that is complete, as the latency gates of its length have seen it. */
export interface ClosedWindow {
  readonly windowMs: number;
  readonly startMs: number;
  /** By {@link gateKey}. */
  readonly seen: Readonly<Record<string, LatencyWindow>>;
}

/** What a restart takes back, beside the windows that have closed. */
export interface EvidenceParts {
  readonly counts: readonly (readonly [string, PairCounts])[];
  /** Of the latency gates, as of the newest window. */
  readonly arms: readonly (readonly [string, LiveArms])[];
  readonly spikes: SpikeState;
  /** Absent at the first step of a climb. */
  readonly carried?: {
    readonly counts: readonly (readonly [string, PairCounts])[];
    readonly lnHarm: readonly (readonly [string, number])[];
  };
}

const SPIKE_WINDOW_MS = 1000;
const RESOURCE_METRICS: ReadonlySet<string> = new Set(['memory.ratio', 'cpu.ratio']);
const LATENCY_METRICS: ReadonlySet<string> = new Set([
  'latency',
  'latency.limit',
  'latency.paired',
  'latency.burn',
]);

/** The evidence of the step that the rollout is in. */
export class StepEvidence {
  readonly #windowsMs: readonly number[];
  readonly #newestEndMs = new Map<number, number>();
  readonly #resources: ResourceWindows;
  #originMs = 0;
  #counts = new Map<string, PairCounts>();
  #latency = new Map<string, LatencyEvidence>();
  /** By {@link gateKey}. */
  readonly #latencyGates: ReadonlyMap<string, GateSettings>;
  /** Summaries of windows still open, by window length and index. */
  #open = new Map<number, Map<number, Summary[]>>();
  #closedBelow = new Map<number, number>();
  #spikes: SpikeState = NO_SPIKE_STATE;
  #carried: CarriedHarm | undefined;
  readonly #gates: readonly GateSettings[];

  constructor(gates: readonly GateSettings[]) {
    this.#gates = gates;
    this.#resources = new ResourceWindows(
      gates.filter((gate) => RESOURCE_METRICS.has(gate.metric)).map((gate) => gate.windowMs),
    );
    const latency = gates.filter((gate) => LATENCY_METRICS.has(gate.metric));
    this.#latencyGates = new Map(latency.map((gate) => [gateKey(gate), gate]));
    this.#windowsMs = [...new Set([SPIKE_WINDOW_MS, ...latency.map(windowOf)])];
    this.reset(0);
  }

  get resources(): ResourceWindows {
    return this.#resources;
  }

  /** End of the newest window of the latency gates that has closed; null before. */
  get closedUntilMs(): number | null {
    const ends = [...this.#closedBelow]
      .filter(([windowMs]) =>
        [...this.#latencyGates.values()].some((g) => windowOf(g) === windowMs),
      )
      .map(([windowMs, index]) => this.#originMs + index * windowMs);
    return ends.length === 0 ? null : Math.max(...ends);
  }

  /** As it is stored, beside the windows; they are stored as they close. */
  parts(): EvidenceParts {
    const arms = [...this.#latency].map(([key, seen]) => [key, seen.arms] as const);
    return {
      counts: [...this.#counts],
      arms: arms.filter(([, each]) => each !== NO_ARMS),
      spikes: this.#spikes,
      ...carriedParts(this.#carried),
    };
  }

  /** As the next step is stored that nothing is known of; `isOnward`: further up, in one climb. */
  partsOfNext(isOnward: boolean): EvidenceParts {
    const carried = isOnward ? this.#carry() : undefined;
    return { counts: [], arms: [], spikes: resetSpikes(this.#spikes), ...carriedParts(carried) };
  }

  /** Begins the next step; `isOnward`: further up in one climb, which remembers harm. */
  next(originMs: number, isOnward: boolean): void {
    const carried = isOnward ? this.#carry() : undefined;
    this.reset(originMs);
    this.#carried = carried;
  }

  #carry(): CarriedHarm {
    return carriedHarm(this.#gates, this.view());
  }

  /** Forgets everything; windows are cut at `originMs` plus whole multiples from now on. */
  reset(originMs: number): void {
    this.#originMs = originMs;
    this.#carried = undefined;
    this.#counts = new Map();
    this.#latency = new Map();
    this.#open = new Map(this.#windowsMs.map((windowMs) => [windowMs, new Map()]));
    this.#closedBelow = new Map();
    this.#spikes = resetSpikes(this.#spikes);
    this.#resources.reset(originMs);
  }

  /** Takes back what was gathered before a restart. */
  restore(
    originMs: number,
    { counts, arms, spikes, carried }: EvidenceParts,
    windows: readonly ClosedWindow[],
    points: readonly ClosedPoint[],
  ): void {
    this.reset(originMs);
    this.#counts = new Map(counts);
    this.#spikes = spikes;
    this.#carried = carried && { counts: new Map(carried.counts), lnHarm: new Map(carried.lnHarm) };
    this.#resources.restore(points);
    for (const { windowMs, startMs, seen } of windows) {
      this.#fold(seen);
      const index = Math.floor((startMs - originMs) / windowMs);
      this.#closedBelow.set(windowMs, Math.max(index + 1, this.#closedBelow.get(windowMs) ?? 0));
    }
    for (const [key, known] of arms) {
      const seen = this.#latency.get(key);
      if (seen !== undefined) this.#latency.set(key, { ...seen, arms: known });
    }
  }

  add(summary: Summary): void {
    this.#newestEndMs.set(summary.worker, summary.endMs);
    this.#resources.count(summary);
    for (const cell of summary.cells) {
      this.#counts.set(cell.route, addCounts(this.#counts.get(cell.route) ?? NO_COUNTS, cell));
    }
    for (const windowMs of this.#windowsMs) {
      const index = Math.floor((summary.startMs - this.#originMs) / windowMs);
      if (index < (this.#closedBelow.get(windowMs) ?? 0)) continue;
      const open = this.#open.get(windowMs)!;
      open.set(index, [...(open.get(index) ?? []), summary]);
    }
  }

  /** A proxy that has gone is not waited for. */
  forget(worker: number): void {
    this.#newestEndMs.delete(worker);
  }

  /** Closes the windows that every proxy has reported, or that are over for long enough. */
  close(nowMs: number): readonly ClosedWindow[] {
    const reportedMs = Math.min(nowMs, ...this.#newestEndMs.values());
    const closed: ClosedWindow[] = [];
    for (const [windowMs, open] of this.#open) {
      for (const index of [...open.keys()].sort((a, b) => a - b)) {
        const startMs = this.#originMs + index * windowMs;
        const endMs = startMs + windowMs;
        if (reportedMs < endMs && nowMs < endMs + LIMITS.windowGraceMs) continue;
        const window = mergeSummaries(open.get(index)!, startMs, endMs);
        open.delete(index);
        this.#closedBelow.set(windowMs, index + 1);
        if (windowMs === SPIKE_WINDOW_MS) this.#observeSpike(window);
        const seen = this.#look(windowMs, window);
        this.#fold(seen);
        if (Object.keys(seen).length > 0) closed.push({ windowMs, startMs, seen });
      }
    }
    return closed;
  }

  /**
   * What gates read; with `routes` each of these has to be proved by itself as well, and with
   * `elapsedMs`, the judged time of the step, it is foreseen when more will be known.
   */
  view(beside: Pick<Evidence, 'routes' | 'elapsedMs' | 'keys'> = {}): Evidence {
    return {
      ...beside,
      ...(this.#carried && { carried: this.#carried }),
      counts: this.#counts,
      latency: this.#latency,
      resources: this.#resources.view(),
      spikes: this.#spikes,
    };
  }

  #look(windowMs: number, window: EvidenceWindow): ClosedWindow['seen'] {
    const seen: Record<string, LatencyWindow> = {};
    for (const [key, gate] of this.#latencyGates) {
      if (windowOf(gate) !== windowMs) continue;
      const before = this.#latency.get(key) ?? NO_LATENCY;
      seen[key] = seenIn(gate, window, before);
      if (gate.metric !== 'latency') continue;
      this.#latency.set(key, { ...before, arms: addArms(before.arms, window, gate.route) });
    }
    return seen;
  }

  #fold(seen: ClosedWindow['seen']): void {
    for (const [key, window] of Object.entries(seen)) {
      const gate = this.#latencyGates.get(key);
      if (gate === undefined) continue;
      this.#latency.set(key, addWindow(gate, this.#latency.get(key) ?? NO_LATENCY, window));
    }
  }

  #observeSpike(window: EvidenceWindow): void {
    const legacy = sideOf(window, 'legacy');
    const candidate = sideOf(window, 'candidate');
    this.#spikes = observeSecond(this.#spikes, {
      legacyCount: countOf(legacy),
      legacyP99Us: quantileOf(legacy, 0.99),
      candidateCount: countOf(candidate),
      candidateP99Us: quantileOf(candidate, 0.99),
    });
  }
}

function carriedParts(carried: CarriedHarm | undefined): Pick<EvidenceParts, 'carried'> {
  if (carried === undefined) return {};
  return { carried: { counts: [...carried.counts], lnHarm: [...carried.lnHarm] } };
}

function windowOf({ windowMs }: GateSettings): number {
  return Math.max(1000, windowMs);
}

/** The evidence in summaries that are all there already: what a replay judges. */
export function gatherEvidence(
  gates: readonly GateSettings[],
  summaries: readonly Summary[],
): Evidence {
  const evidence = new StepEvidence(gates);
  evidence.reset(Math.min(...summaries.map((summary) => summary.startMs)));
  for (const summary of summaries) evidence.add(summary);
  evidence.close(Infinity);
  return evidence.view();
}
