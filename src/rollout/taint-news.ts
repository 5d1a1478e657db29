import type { LiftedKey } from '../model/missed-write.ts';
import type { TaintedKey } from '../model/window.ts';
import type { TrafficEngine } from './engine.ts';
import type { Journal } from './journal.ts';

/** What is new of tainted keys. */
export interface TaintNews {
  readonly tainted: readonly TaintedKey[];
  readonly lifted: readonly LiftedKey[];
}

/** Brings the news to the store and to every proxy. */
export function spread(
  { tainted, lifted }: TaintNews,
  journal: Journal,
  engine: TrafficEngine,
): void {
  journal.addTainted(tainted);
  journal.addLifted(lifted);
  if (tainted.length > 0) engine.taint?.(tainted);
  if (lifted.length > 0) engine.lift?.(lifted);
}
