/** Climbs of several kinds of candidates, step by step: those in one step share its windows. */
import { murmur3 } from '../../kit/hash.ts';
import { Climb, type Climbed } from './climb.ts';
import type { KnownPeaks } from './level-peaks.ts';
import type { SimulateTask } from './simulate-messages.ts';
import { Stage, StageLanes } from './stage.ts';

/** Climbs of one candidate that have ended, each with its number. */
export interface EndedClimbs {
  readonly injection: number;
  readonly climbs: readonly (readonly [run: number, climbed: Climbed])[];
}

/** The climbs `from` to `to` of each candidate, `to` not included; the same ones in any block. */
export function runBlock(task: SimulateTask, onEnded: (ended: EndedClimbs) => void): void {
  const { world, injections, from, to } = task;
  const known: KnownPeaks = new Map();
  const climbs = injections.map(({ name }) =>
    Array.from({ length: to - from }, (_, i) => {
      return new Climb(world, murmur3(`${name}/${from + i}`, world.seed), known);
    }),
  );
  for (const index of world.ladder.keys()) {
    const lanes = new StageLanes(world, index);
    for (const [i, injection] of injections.entries()) {
      const here = [...climbs[i]!.entries()].filter(([, { step }]) => step === index);
      if (here.length === 0) continue;
      const stage = new Stage(world, injection, index, lanes);
      for (const [, climb] of here) climb.run(stage);
      const ended = here.filter(([, { step }]) => step === null);
      onEnded({ injection: i, climbs: ended.map(([run, { climbed }]) => [from + run, climbed]) });
    }
  }
}
