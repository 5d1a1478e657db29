import { DEFAULT_PORT, DEFAULT_UPSTREAM } from '../../src/config/defaults.ts';
import { parseGate } from '../../src/config/gates.ts';
import type { Assignment } from '../../src/model/assignment.ts';
import type { RolloutEvent } from '../../src/model/rollout.ts';
import type { GateSettings, LadderStep, Settings } from '../../src/model/settings.ts';
import {
  type Cell,
  EMPTY_CELL,
  type HistogramCounts,
  type Summary,
  type TaintedKey,
  type TrafficCounts,
} from '../../src/model/window.ts';
import { type Controller, createController } from '../../src/rollout/controller.ts';
import type { ResourceSource } from '../../src/rollout/resources.ts';
import { NO_TRAFFIC } from '../../src/rollout/traffic.ts';
import type { RolloutChange, RolloutStore, StoredWindow } from '../../src/store/rollout-store.ts';
import { createSimulatedClock, type SimulatedClock } from './simulated-clock.ts';

export function gate(text: string, over: Partial<GateSettings> = {}): GateSettings {
  const parsed = parseGate(text, (message) => {
    throw new Error(message);
  });
  return {
    ...parsed!,
    route: null,
    windowMs: 1000,
    minPairs: 300,
    alpha: 0.05,
    ...over,
  };
}

export function step(percent: number, holdMs = 5000, over: Partial<LadderStep> = {}): LadderStep {
  return { percent, holdMs, peaks: 0, approve: false, ...over };
}

export function settingsOf(over: Partial<Settings> = {}): Settings {
  return {
    listen: { host: '127.0.0.1', port: 0 },
    workers: 1,
    port: DEFAULT_PORT,
    legacy: { ...DEFAULT_UPSTREAM, url: 'http://127.0.0.1:1', metricsUrl: null },
    candidate: { ...DEFAULT_UPSTREAM, url: 'http://127.0.0.1:2', metricsUrl: null },
    twin: null,
    noise: { twinRatio: 0, reaskRatio: 0 },
    key: [{ from: 'header', name: 'x-user' }],
    state: 'separate',
    cookies: 'shared',
    routes: [],
    compare: [],
    ladder: [step(0), step(1), step(10), step(50), step(100)],
    gates: [
      gate('mismatch.rate < 0.5%'),
      gate('errors.excess < 0.5%'),
      gate('latency.p99.ratio < 1.5'),
      gate('coverage > 95%'),
    ],
    mirror: { percent: 100, maxRatePerSec: null, routes: null, autoPause: null },
    liveTimeoutMs: 1000,
    rescueAfterMs: 500,
    isRescueOn: true,
    overrideSecret: null,
    shadowTimeoutMs: 1000,
    record: null,
    storePath: './crossfade.db',
    control: { host: '127.0.0.1', port: 0 },
    ...over,
  };
}

/** A store in memory, with a disk that can be full. What it holds outlives a controller. */
export class MemoryRolloutStore implements RolloutStore {
  isFull = false;
  #epoch = 0;
  #rollout: { state: RolloutChange['state']; progress: string } | null = null;
  #events: RolloutEvent[] = [];
  #windows: StoredWindow[] = [];
  #resources: StoredWindow[] = [];
  #tainted: TaintedKey[] = [];

  load(): ReturnType<RolloutStore['load']> {
    const rollout = this.#rollout;
    if (rollout === null) return null;
    const isOfStep = ({ rollout: id, revision }: StoredWindow): boolean =>
      id === rollout.state.id && revision === rollout.state.revision;
    const windows = this.#windows.filter(isOfStep);
    return { ...rollout, windows, resources: this.#resources.filter(isOfStep) };
  }

  nextEpoch(): number {
    this.#epoch += 1;
    return this.#epoch;
  }

  commit(change: RolloutChange): void {
    if (this.isFull) throw new Error('the disk is full');
    this.#rollout = { state: change.state, progress: change.progress };
    this.#events.push(...change.events);
    this.#windows.push(...change.windows);
    this.#resources.push(...(change.resources ?? []));
    const lifted = new Set(change.lifted);
    this.#tainted = this.#tainted.filter(([key]) => !lifted.has(key));
    this.#tainted.push(...change.tainted);
  }

  events(afterId: number, limit: number): readonly RolloutEvent[] {
    return this.#events.filter((event) => event.id > afterId).slice(-limit);
  }

  lastEventId(): number {
    return this.#events.at(-1)?.id ?? 0;
  }

  tainted(): readonly TaintedKey[] {
    return this.#tainted;
  }

  close(): void {}
}

/** How the sides behave from now on. Latencies in microseconds. */
export interface Behaviour {
  pairsPerSec: number;
  mismatchRatio: number;
  candidateErrorRatio: number;
  legacyUs: number;
  candidateUs: number;
}

export interface SimulatedRollout {
  readonly clock: SimulatedClock;
  readonly store: MemoryRolloutStore;
  readonly controller: Controller;
  readonly applied: Assignment[];
  readonly behaviour: Behaviour;
  /** Lets time pass, second by second: traffic, summary, ticks. */
  run(seconds: number): void;
  /** Until `isDone`, at most `maxSeconds`; answers how many it took. */
  runUntil(isDone: () => boolean, maxSeconds: number): number;
  kinds(): readonly string[];
}

const NO_RESOURCES: ResourceSource = { legacy: () => null, candidate: () => null };
const QUIET = { info: () => {}, warn: () => {}, error: () => {} };

export async function simulateRollout(
  settings: Settings,
  store: MemoryRolloutStore = new MemoryRolloutStore(),
  clock: SimulatedClock = createSimulatedClock(),
): Promise<SimulatedRollout> {
  const applied: Assignment[] = [];
  const engine = {
    apply: (assignment: Assignment) => {
      applied.push(assignment);
      return Promise.resolve();
    },
  };
  const parts = { settings, store, engine, clock, log: QUIET, resources: NO_RESOURCES };
  const controller = createController({ ...parts, label: 'build-1', salt: 'salt' });
  await controller.start();
  const behaviour: Behaviour = {
    pairsPerSec: 500,
    mismatchRatio: 0,
    candidateErrorRatio: 0,
    legacyUs: 2000,
    candidateUs: 1500,
  };
  let traffic: TrafficCounts = NO_TRAFFIC;
  const second = (): void => {
    const startMs = clock.wallMs();
    const { canaryPercent } = controller.assignment();
    clock.advance(1000);
    const { revision } = controller.assignment();
    const cell = cellOf(behaviour, canaryPercent > 50 ? 'candidate' : 'legacy');
    traffic = grown(traffic, cell);
    controller.accept({
      worker: 1,
      startMs,
      endMs: startMs + 1000,
      traffic,
      cells: [cell],
      clusters: [],
      tainted: [],
      loopDelayMaxUs: 1000,
      revision,
    });
  };
  return {
    clock,
    store,
    controller,
    applied,
    behaviour,
    run: (seconds) => {
      for (let i = 0; i < seconds; i += 1) second();
    },
    runUntil: (isDone, maxSeconds) => {
      let seconds = 0;
      while (!isDone() && seconds < maxSeconds) {
        second();
        seconds += 1;
      }
      return seconds;
    },
    kinds: () => controller.events(0, 1000).map((event) => event.kind),
  };
}

function cellOf(behaviour: Behaviour, liveSide: Cell['liveSide']): Cell {
  const pairs = behaviour.pairsPerSec;
  const spread = (us: number): HistogramCounts => [us, pairs - 10, us * 2, 10];
  return {
    ...EMPTY_CELL,
    route: 'GET /x',
    liveSide,
    pairs,
    compared: pairs,
    mismatched: Math.round(pairs * behaviour.mismatchRatio),
    eligible: pairs,
    candidateOnlyErrors: Math.round(pairs * behaviour.candidateErrorRatio),
    legacy: spread(behaviour.legacyUs),
    candidate: spread(behaviour.candidateUs),
  };
}

function grown(traffic: TrafficCounts, cell: Cell): TrafficCounts {
  const mismatched = traffic.mismatched + cell.mismatched;
  const compared = traffic.compared + cell.compared;
  const total = traffic.received + cell.pairs;
  return {
    ...traffic,
    received: total,
    mirrored: total,
    compared,
    mismatched,
    matched: compared - mismatched,
  };
}

/** A summary with nothing in it but what is given. */
export function summaryOf(over: Partial<Summary>): Summary {
  return {
    worker: 1,
    startMs: 0,
    endMs: 1000,
    traffic: NO_TRAFFIC,
    cells: [],
    clusters: [],
    tainted: [],
    loopDelayMaxUs: 0,
    revision: 1,
    ...over,
  };
}
