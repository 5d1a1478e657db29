/** One climb in one step: from its first window to the decision that ends it. */
import { type CarriedHarm, type Evidence, gateKey } from '../../judge/evidence.ts';
import { isPassed, judge } from '../../judge/verdict.ts';
import type { Random } from '../../kit/random.ts';
import type { Decision, RolloutState, Verdict } from '../../model/rollout.ts';
import type { GateSettings } from '../../model/settings.ts';
import { decide } from '../../rollout/decide.ts';
import { NO_HOLD, withSpan } from '../../rollout/hold-time.ts';
import type { Caught } from './climb.ts';
import type { GateTrack } from './gate-track.ts';
import type { LevelPeaks } from './level-peaks.ts';
import type { SidePauses } from './side-pauses.ts';
import { SpikeCount } from './spike-count.ts';
import { isOnLatency, isOnPairs, type Stage } from './stage.ts';
import { kindOf, type WindowPool } from './window-pool.ts';
import { WrongPairs } from './wrong-pairs.ts';

export interface StepStart {
  readonly random: Random;
  readonly state: RolloutState;
  readonly carried: CarriedHarm | undefined;
  readonly pauses: { readonly legacy: SidePauses; readonly candidate: SidePauses };
  readonly peaks: LevelPeaks;
  /** Of the climb, milliseconds. */
  readonly startMs: number;
}

/** How the step ended; no decision: nothing had decided it a hold after the hold was over. */
export interface StepEnd {
  readonly decision: Decision | null;
  readonly caught: Omit<Caught, 'step'> | null;
  readonly atMs: number;
  readonly waitedMs: number;
}

interface RunningLane {
  readonly windowMs: number;
  readonly pool: WindowPool;
  /** Kind and place of every window so far. */
  readonly drawn: number[];
  readonly tracks: readonly GateTrack[];
  windows: number;
  /** Of the pauses in the step's list, those before the open window. */
  readonly seen: { legacy: number; candidate: number };
}

const SECOND_MS = 1000;
/** How often a step that is due is looked at. */
const LOOK_MS = 5 * SECOND_MS;
/** After a failure: when as much of the time past due is over again. */
const LOOK_AFTER_FAILURE = 0.05;

/** One climb in one step; see the head of this file. */
export class StepRun {
  readonly #stage: Stage;
  readonly #start: StepStart;
  readonly #lanes: readonly RunningLane[];
  readonly #wrong: WrongPairs;
  readonly #spikes: SpikeCount;
  /** Pauses of the step so far, milliseconds of the step. */
  readonly #paused: Readonly<Record<'legacy' | 'candidate', number[]>> = {
    legacy: [],
    candidate: [],
  };
  #counted = { legacy: 0, candidate: 0 };
  /** Whether a failure may end the step, also one after another that only holds it. */
  readonly #canRollBack: boolean;
  #caught: StepEnd['caught'] = null;
  #atMs = 0;
  #shown: { readonly atMs: number; readonly evidence: Evidence } | null = null;

  constructor(stage: Stage, start: StepStart) {
    const { world, injection, step } = stage;
    this.#stage = stage;
    this.#canRollBack = step.percent > 0 && world.gates.some(rollsBack);
    this.#start = start;
    this.#lanes = stage.lanes.map(({ windowMs, pool, views }) => {
      const drawn: number[] = [];
      const tracks = views.map(([gate, seen]) => stage.track(gate, seen, drawn, start.carried));
      return { windowMs, pool, drawn, tracks, windows: 0, seen: { legacy: 0, candidate: 0 } };
    });
    this.#wrong = new WrongPairs(world, injection, step.percent, start.random);
    this.#spikes = new SpikeCount(stage.seconds, world);
  }

  run(): StepEnd {
    const { step } = this.#stage;
    const dueMs = this.#dueMs();
    const latestMs = dueMs + Math.max(step.holdMs, SECOND_MS);
    for (let untilMs = dueMs; ; untilMs = this.#nextLookMs(dueMs)) {
      const rollback = this.#advance(Math.min(untilMs, latestMs));
      if (rollback !== null) return this.#ended(rollback, dueMs);
      const decision = this.#decision();
      if (decision !== null && decision.kind !== 'hold') return this.#ended(decision, dueMs);
      if (this.#atMs >= latestMs) return this.#ended(null, dueMs);
    }
  }

  #ended(decision: Decision | null, dueMs: number): StepEnd {
    const waitedMs = Math.max(0, this.#atMs - dueMs);
    return { decision, caught: this.#caught, atMs: this.#atMs, waitedMs };
  }

  /** When hold and peaks let the step go, milliseconds of the step. */
  #dueMs(): number {
    const { holdMs, peaks } = this.#stage.step;
    const { startMs } = this.#start;
    const seenMs = peaks === 0 ? 0 : this.#start.peaks.until(peaks);
    const wholeMs = Math.ceil(Math.max(holdMs, seenMs - startMs) / SECOND_MS) * SECOND_MS;
    return Math.max(SECOND_MS, wholeMs);
  }

  /** Soon, as a window or a quiet time may be all that is missing; seldom after a failure. */
  #nextLookMs(dueMs: number): number {
    if (this.#atMs < dueMs) return dueMs;
    const lateMs = this.#caught === null ? 0 : (this.#atMs - dueMs) * LOOK_AFTER_FAILURE;
    return this.#atMs + Math.max(LOOK_MS, Math.ceil(lateMs / SECOND_MS) * SECOND_MS);
  }

  /** Lets everything come by a moment of the step; a rollback is what it may lead to. */
  #advance(untilMs: number): Decision | null {
    this.#pauseUntil(untilMs);
    // What is rare first: it may end the step before most of its windows.
    const found = [...this.#wrongUntil(untilMs)];
    found.push(...this.#spikesUntil(Math.min(untilMs, ...found.map(({ atMs }) => atMs))));
    const soonestMs = Math.min(untilMs, ...found.map(({ atMs }) => atMs));
    // After a failure windows are taken up once they could matter again.
    for (const lane of this.#isOpen ? this.#lanes : []) {
      found.push(...this.#windowsUntil(lane, soonestMs));
    }
    const [failure] = found.toSorted((a, b) => a.atMs - b.atMs);
    this.#atMs = failure?.atMs ?? untilMs;
    return failure === undefined ? null : this.#fail(failure);
  }

  /** At 0 % a failure holds, and the step goes on to be judged. */
  #fail({ atMs, verdict }: Failure): Decision | null {
    const failing = verdict.gates.find((gate) => gate.verdict === 'fail');
    this.#caught ??= { gate: failing?.gate ?? '', afterMs: atMs };
    const decision = this.#decide(verdict);
    return decision.kind === 'rollback' ? decision : null;
  }

  #pauseUntil(untilMs: number): void {
    const { startMs, pauses } = this.#start;
    for (const side of ['legacy', 'candidate'] as const) {
      for (; pauses[side].nextMs < startMs + untilMs; pauses[side].take()) {
        this.#paused[side].push(pauses[side].nextMs - startMs);
      }
    }
  }

  #windowsUntil(lane: RunningLane, untilMs: number): readonly Failure[] {
    const { random } = this.#start;
    const { windowMs, tracks, seen } = lane;
    const { legacy, candidate } = this.#paused;
    while ((lane.windows + 1) * windowMs <= untilMs) {
      lane.windows += 1;
      const endMs = lane.windows * windowMs;
      const legacyBefore = seen.legacy;
      const candidateBefore = seen.candidate;
      while (seen.legacy < legacy.length && legacy[seen.legacy]! < endMs) seen.legacy += 1;
      while (seen.candidate < candidate.length && candidate[seen.candidate]! < endMs) {
        seen.candidate += 1;
      }
      const kind = kindOf(seen.legacy - legacyBefore, seen.candidate - candidateBefore);
      const index = Math.floor(random.next() * lane.pool.kind(kind).size);
      lane.drawn.push(kind, index);
      for (const track of tracks) track.add(kind, index);
      if (!this.#isOpen) continue;
      let couldFail = false;
      for (const track of tracks) if (track.couldFail()) couldFail = true;
      if (!couldFail) continue;
      const verdict = this.#judge({ latency: this.#latency(tracks) });
      if (this.#isNews(verdict)) return [{ atMs: endMs, verdict }];
    }
    return [];
  }

  /** A rate fails when a pair goes wrong, if ever: each good one speaks for it. */
  #wrongUntil(untilMs: number): readonly Failure[] {
    while (this.#wrong.nextMs < untilMs) {
      const second = Math.ceil(this.#wrong.nextMs / SECOND_MS);
      while (Math.ceil(this.#wrong.nextMs / SECOND_MS) === second) this.#wrong.take();
      if (!this.#isOpen) continue;
      const atMs = Math.max(second, 1) * SECOND_MS;
      const verdict = this.#judge({ counts: this.#wrong.counts(atMs) });
      if (this.#isNews(verdict)) return [{ atMs: Math.min(atMs, untilMs), verdict }];
    }
    return [];
  }

  #spikesUntil(untilMs: number): readonly Failure[] {
    const { legacy, candidate } = this.#paused;
    const counted = this.#counted;
    for (;;) {
      const legacyMs = legacy[counted.legacy] ?? Infinity;
      const candidateMs = candidate[counted.candidate] ?? Infinity;
      const atMs = Math.min(legacyMs, candidateMs);
      if (atMs >= untilMs) return [];
      const side = legacyMs <= candidateMs ? 'legacy' : 'candidate';
      counted[side] += 1;
      this.#spikes.pause(side, atMs, this.#start.random.next());
      if (side === 'legacy' || !this.#spikes.hasMore() || !this.#isOpen) continue;
      const seenMs = (Math.floor(atMs / SECOND_MS) + 1) * SECOND_MS;
      const verdict = this.#judge({ spikes: this.#spikes.evidence(seenMs) });
      if (this.#isNews(verdict)) return [{ atMs: Math.min(seenMs, untilMs), verdict }];
    }
  }

  /** Whether a failure would matter: the first does, and one that rolls back. */
  get #isOpen(): boolean {
    return this.#caught === null || this.#canRollBack;
  }

  #isNews({ outcome, gates }: Verdict): boolean {
    if (outcome !== 'fail' || this.#caught === null) return outcome === 'fail';
    return gates.some((gate) => gate.verdict === 'fail' && rollsBack(gate));
  }

  /** All that the step has shown so far. */
  evidence(): Evidence {
    if (this.#shown?.atMs === this.#atMs) return this.#shown.evidence;
    const evidence = this.#stage.evidence({
      counts: this.#wrong.counts(this.#atMs),
      latency: this.#latency(this.#lanes.flatMap(({ tracks }) => tracks)),
      resources: this.#stage.resources,
      spikes: this.#spikes.evidence(this.#atMs),
      ...this.#carried,
    });
    this.#shown = { atMs: this.#atMs, evidence };
    return evidence;
  }

  get #carried(): Pick<Evidence, 'carried'> {
    const { carried } = this.#start;
    return carried === undefined ? {} : { carried };
  }

  #latency(tracks: readonly GateTrack[]): Evidence['latency'] {
    return new Map(tracks.map((track) => [gateKey(track.gate), track.evidence()]));
  }

  /** What the judge says of a part of the evidence; other gates have nothing to go by. */
  #judge(part: Partial<Evidence>): Verdict {
    const { world } = this.#stage;
    const evidence = this.#stage.evidence({ ...part, ...this.#carried });
    return judge(world.gates, evidence, world.ladder.length);
  }

  /** Null while a gate is open: asked one by one, the cheapest first. */
  #decision(): Decision | null {
    if (this.#caught === null && !this.#mayPass) return null;
    const { world, resources } = this.#stage;
    const counts = this.#wrong.counts(this.#atMs);
    if (!this.#isPassed({ counts }, isOnPairs)) return null;
    for (const lane of this.#lanes) this.#windowsUntil(lane, this.#atMs);
    if (!this.#mayPass) return null;
    const spikes = this.#spikes.evidence(this.#atMs);
    if (!this.#isPassed({ resources, spikes }, isOnNeither)) return null;
    return this.#decide(judge(world.gates, this.evidence(), world.ladder.length));
  }

  /** Whether all gates of a kind pass by a part of the evidence that is all they go by. */
  #isPassed(part: Partial<Evidence>, isOfKind: (gate: GateSettings) => boolean): boolean {
    const { world } = this.#stage;
    const evidence = this.#stage.evidence({ ...part, ...this.#carried });
    return isPassed(world.gates, isOfKind, evidence, world.ladder.length);
  }

  get #mayPass(): boolean {
    return this.#lanes.every(({ tracks }) => tracks.every(mayPass));
  }

  #decide(verdict: Verdict): Decision {
    const { world, step } = this.#stage;
    const { state, peaks, startMs } = this.#start;
    if (step.peaks > 0) peaks.observe(startMs + this.#atMs);
    const pairs = (world.pairsPerSec * this.#atMs) / SECOND_MS;
    const span = { spanMs: this.#atMs, stalledMs: 0, splitMs: 0, pairs, failed: 0 };
    return decide({
      state: { ...state, stepElapsedMs: this.#atMs, isApproved: step.approve },
      ladder: world.ladder,
      verdict: withoutWords(verdict),
      hasKey: world.hasKey,
      peaks: peaks.state,
      hold: withSpan(NO_HOLD, span),
      mirrorPause: '',
      splitProblem: '',
    });
  }
}

interface Failure {
  readonly atMs: number;
  readonly verdict: Verdict;
}

/** The verdict without what is made when it is read: `decide` goes by verdicts alone. */
function withoutWords({ outcome, gates, unproven }: Verdict): Verdict {
  return {
    outcome,
    gates: gates.map(({ gate, verdict, limit, samples, onFail }) => {
      return { gate, verdict, measured: null, limit, samples, onFail, sentence: gate };
    }),
    ...(unproven && { unproven }),
  };
}

function rollsBack({ onFail }: Pick<GateSettings, 'onFail'>): boolean {
  return onFail === 'rollback';
}

function isOnNeither(gate: GateSettings): boolean {
  return !isOnPairs(gate) && !isOnLatency(gate);
}

function mayPass(track: GateTrack): boolean {
  if (track.gate.metric === 'latency.burn') return true;
  return track.lnOk >= -Math.log(track.gate.alpha);
}
