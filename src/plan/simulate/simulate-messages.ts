import type { Injection } from './injection.ts';
import type { World } from './world.ts';

/** What a thread simulates: of each candidate the climbs `from` to `to`. */
export interface SimulateTask {
  readonly world: World;
  readonly injections: readonly Injection[];
  readonly from: number;
  readonly to: number;
}
