/** Climbs of one kind of candidate, step by step: those in one step share its windows. */
import { murmur3 } from '../../kit/hash.ts';
import { Climb, type Climbed } from './climb.ts';
import type { Injection } from './injection.ts';
import type { KnownPeaks } from './level-peaks.ts';
import { Stage } from './stage.ts';
import type { World } from './world.ts';

/** The climbs `from` to `to`, the last one not included; the same ones in any block. */
export function runBlock(
  world: World,
  injection: Injection,
  from: number,
  to: number,
): readonly Climbed[] {
  const known: KnownPeaks = new Map();
  const climbs = Array.from({ length: to - from }, (_, i) => {
    const seed = murmur3(`${injection.name}/${from + i}`, world.seed);
    return new Climb(world, seed, known);
  });
  for (let index = 0; index < world.ladder.length; index += 1) {
    const here = climbs.filter(({ step }) => step === index);
    if (here.length === 0) break;
    const stage = new Stage(world, injection, index);
    for (const climb of here) climb.run(stage);
  }
  return climbs.map(({ climbed }) => climbed);
}
