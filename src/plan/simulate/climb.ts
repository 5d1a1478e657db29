/**
 * One rollout in simulated time. Windows, wrong pairs and pauses come by chance; what they mean is
 * for the judge, and what follows from that for the rollout's own decisions.
 */
import type { CarriedHarm } from '../../judge/evidence.ts';
import { carriedHarm } from '../../judge/verdict.ts';
import { createRandom, type Random } from '../../kit/random.ts';
import type { RolloutState } from '../../model/rollout.ts';
import * as verbs from '../../rollout/verbs.ts';
import { type KnownPeaks, LevelPeaks } from './level-peaks.ts';
import { SidePauses } from './side-pauses.ts';
import type { Stage } from './stage.ts';
import { StepRun } from './step-run.ts';
import type { World } from './world.ts';

/** The first failure of a climb. */
export interface Caught {
  readonly step: number;
  readonly gate: string;
  /** Of the step, milliseconds. */
  readonly afterMs: number;
}

/** How a climb ended: `waiting` at a step a hold after that was over. */
export interface Climbed {
  readonly end: 'complete' | 'rolled-back' | 'waiting';
  readonly caught: Caught | null;
  /** Milliseconds in each step that was entered. */
  readonly stepMs: readonly number[];
  /** Of these, what they took longer than hold and peaks ask for. */
  readonly waitedMs: readonly number[];
}

const BEGINNING = { label: 'simulated', salt: 'simulated', proof: '' };

/** One rollout of a simulated candidate. */
export class Climb {
  readonly #world: World;
  readonly #random: Random;
  readonly #pauses: { readonly legacy: SidePauses; readonly candidate: SidePauses };
  readonly #peaks: LevelPeaks;
  readonly #stepMs: number[] = [];
  readonly #waitedMs: number[] = [];
  #state: RolloutState = verbs.first(BEGINNING, 0);
  #carried: CarriedHarm | undefined;
  #caught: Caught | null = null;
  #end: Climbed['end'] | null = null;
  #atMs = 0;

  constructor(world: World, seed: number, known: KnownPeaks) {
    this.#world = world;
    this.#random = createRandom(seed);
    this.#pauses = {
      legacy: new SidePauses(world, this.#random),
      candidate: new SidePauses(world, this.#random),
    };
    this.#peaks = new LevelPeaks(world.ratePerSec, known);
  }

  /** The step that it is in; null once it has ended. */
  get step(): number | null {
    return this.#end === null ? this.#state.step : null;
  }

  /** Through one step, until it is left or given up. */
  run(stage: Stage): void {
    const isAsked = this.#world.ladder.slice(stage.index).some(({ peaks }) => peaks > 0);
    if (isAsked) this.#peaks.beginStep(this.#atMs);
    for (const side of ['legacy', 'candidate'] as const) this.#pauses[side].from(this.#atMs);
    const step = new StepRun(stage, {
      random: this.#random,
      state: this.#state,
      carried: this.#carried,
      pauses: this.#pauses,
      peaks: this.#peaks,
      startMs: this.#atMs,
    });
    const { decision, caught, atMs, waitedMs } = step.run();
    this.#atMs += atMs;
    this.#stepMs.push(atMs);
    this.#waitedMs.push(waitedMs);
    if (caught !== null) this.#caught ??= { step: stage.index, ...caught };
    if (decision?.kind === 'advance') {
      this.#carried = carriedHarm(this.#world.gates, step.evidence());
      const { percent } = this.#world.ladder[decision.toStep]!;
      this.#state = verbs.entered(this.#state, decision.toStep, percent, this.#atMs);
    } else if (decision?.kind === 'complete') this.#end = 'complete';
    else this.#end = decision?.kind === 'rollback' ? 'rolled-back' : 'waiting';
  }

  get climbed(): Climbed {
    return {
      end: this.#end ?? 'waiting',
      caught: this.#caught,
      stepMs: this.#stepMs,
      waitedMs: this.#waitedMs,
    };
  }
}
