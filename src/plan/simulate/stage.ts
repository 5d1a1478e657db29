/** One step of the ladder as all climbs of one kind of candidate meet it. */
import type { CarriedHarm, Evidence, ResourcePoint } from '../../judge/evidence.ts';
import { NO_SPIKES } from '../../judge/evidence.ts';
import { judge } from '../../judge/verdict.ts';
import type { GateMetric, GateSettings, LadderStep } from '../../model/settings.ts';
import type { Side } from '../../model/exchange.ts';
import { GateTrack } from './gate-track.ts';
import { GateViews } from './gate-views.ts';
import { type Injection, ofLatency } from './injection.ts';
import { PausedSeconds } from './spike-count.ts';
import { type Lane, pausedRequests, WindowPool } from './window-pool.ts';
import type { World } from './world.ts';

const LATENCY: ReadonlySet<GateMetric> = new Set([
  'latency',
  'latency.limit',
  'latency.paired',
  'latency.burn',
]);
/** Windows of memory and CPU that are shown: enough of them to pass, whatever alpha is. */
const RESOURCE_WINDOWS = 60;

/** Gates that see the same windows. */
export interface StageLane {
  readonly windowMs: number;
  readonly pool: WindowPool;
  readonly views: readonly (readonly [gate: GateSettings, views: GateViews])[];
}

/** What candidates in one step have in common: those of the same latencies see the same windows. */
export class StageLanes {
  readonly #world: World;
  readonly #percent: number;
  readonly #lanes = new Map<string, readonly StageLane[]>();
  /** By the requests that come while a side pauses. */
  readonly #seconds = new Map<number, PausedSeconds>();

  constructor(world: World, index: number) {
    this.#world = world;
    this.#percent = world.ladder[index]!.percent;
  }

  of(candidate: Injection): readonly StageLane[] {
    const injection = ofLatency(candidate, this.#percent);
    let lanes = this.#lanes.get(injection.name);
    if (lanes === undefined) {
      lanes = this.#begin(injection);
      this.#lanes.set(injection.name, lanes);
    }
    return lanes;
  }

  seconds(injection: Injection, side: Side): PausedSeconds {
    const requests = pausedRequests(this.#world, injection, this.#percent, side);
    let seconds = this.#seconds.get(requests);
    if (seconds === undefined) {
      seconds = new PausedSeconds(this.#world, this.#percent, requests);
      this.#seconds.set(requests, seconds);
    }
    return seconds;
  }

  #begin(injection: Injection): readonly StageLane[] {
    const [world, percent] = [this.#world, this.#percent];
    return lanesOf(world.gates).map((lane) => {
      const pool = new WindowPool({ world, injection, percent, lane });
      const views = lane.gates.map((gate) => [gate, new GateViews(gate, pool)] as const);
      return { windowMs: lane.windowMs, pool, views };
    });
  }
}

/** What the climbs of one candidate in one step share. */
export class Stage {
  readonly world: World;
  readonly injection: Injection;
  readonly index: number;
  readonly step: LadderStep;
  readonly lanes: readonly StageLane[];
  readonly seconds: Readonly<Record<Side, PausedSeconds>>;
  /** Memory and CPU are no matter here: half of what their gates allow. */
  readonly resources: Evidence['resources'];
  readonly #harmAlpha: ReadonlyMap<GateSettings, number>;

  constructor(world: World, injection: Injection, index: number, lanes: StageLanes) {
    const step = world.ladder[index]!;
    this.world = world;
    this.injection = injection;
    this.index = index;
    this.step = step;
    this.lanes = lanes.of(injection);
    this.seconds = {
      legacy: lanes.seconds(injection, 'legacy'),
      candidate: lanes.seconds(injection, 'candidate'),
    };
    this.resources = resourcesFor(world.gates);
    const results = judge(world.gates, this.evidence({}), world.ladder.length).gates;
    this.#harmAlpha = new Map(world.gates.map((gate, i) => [gate, results[i]!.harmAlpha ?? 1]));
  }

  /** A gate's track through this step; `drawn`: the windows of its lane, as they come. */
  track(
    gate: GateSettings,
    views: GateViews,
    drawn: readonly number[],
    carried: CarriedHarm | undefined,
  ): GateTrack {
    const harmAlpha = this.#harmAlpha.get(gate) ?? 1;
    return new GateTrack({ gate, views, drawn, harmAlpha, carried });
  }

  /** All of the evidence, of which a part is given. */
  evidence(part: Partial<Evidence>): Evidence {
    return {
      counts: new Map(),
      latency: new Map(),
      resources: new Map(),
      spikes: NO_SPIKES,
      routes: this.world.routes,
      ...part,
    };
  }
}

function resourcesFor(gates: readonly GateSettings[]): Evidence['resources'] {
  return new Map(
    gates
      .filter(isOnResources)
      .map(({ windowMs, limit }) => [
        windowMs,
        Array.from({ length: RESOURCE_WINDOWS }, (_, i) => halfOf(limit, i * windowMs)),
      ]),
  );
}

function halfOf(limit: number, startMs: number): ResourcePoint {
  return {
    startMs,
    legacyBytes: 1e8,
    candidateBytes: 0.5e8 * limit,
    legacyCpu: 0.5,
    candidateCpu: 0.25 * limit,
  };
}

/** Whether a gate counts pairs. */
export function isOnPairs(gate: GateSettings): boolean {
  return !isOnLatency(gate) && !isOnResources(gate) && gate.metric !== 'candidate.spikes';
}

function isOnResources({ metric }: GateSettings): boolean {
  return metric === 'memory.ratio' || metric === 'cpu.ratio';
}

/** Whether a gate counts windows of latencies. */
export function isOnLatency({ metric }: GateSettings): boolean {
  return LATENCY.has(metric);
}

function lanesOf(gates: readonly GateSettings[]): readonly Lane[] {
  const lanes = new Map<string, Lane>();
  for (const gate of gates) {
    if (!isOnLatency(gate)) continue;
    const windowMs = Math.max(1000, gate.windowMs);
    const name = `${windowMs} ${gate.route ?? ''}`;
    const known = lanes.get(name);
    const all = [...(known?.gates ?? []), gate];
    lanes.set(name, { windowMs, route: gate.route, gates: all });
  }
  return [...lanes.values()];
}
