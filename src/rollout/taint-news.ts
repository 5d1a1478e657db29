import type { LiftedKey } from '../model/missed-write.ts';
import type { TaintedKey } from '../model/window.ts';
import type { TrafficEngine } from './engine.ts';
import type { Outbox } from './outbox.ts';

/** What is new of tainted keys. */
export interface TaintNews {
  readonly tainted: readonly TaintedKey[];
  readonly lifted: readonly LiftedKey[];
}

/** Brings the news to the store and to every proxy. */
export function spread(
  { tainted, lifted }: TaintNews,
  outbox: Outbox,
  engine: TrafficEngine,
): void {
  outbox.addTainted(tainted);
  outbox.addLifted(lifted);
  if (tainted.length > 0) engine.taint?.(tainted);
  if (lifted.length > 0) engine.lift?.(lifted);
}
