import type { Assignment } from '../model/assignment.ts';
import type { Side } from '../model/exchange.ts';
import type { HeldKey, LiftedKey } from '../model/missed-write.ts';
import type { TaintedKey } from '../model/window.ts';

/** How the journal of missed writes stands. */
export interface JournalState {
  readonly entries: number;
  readonly bytes: number;
  /** Keys that wait for them. */
  readonly keys: readonly HeldKey[];
  /** Why its newest changes are not on disk; null when they are. */
  readonly problem: string | null;
}

/** Who moves the traffic: our own proxies, or another product's. */
export interface TrafficEngine {
  /** Settles when every proxy has the assignment; rejects when one may not have it. */
  apply(assignment: Assignment): Promise<void>;
  /** Keys that one proxy found tainted, for all the others. */
  taint?(keys: readonly TaintedKey[]): void;
  /** Keys that one proxy saw agree again, for all the others. */
  lift?(keys: readonly LiftedKey[]): void;
  /** Writes that wait to be replayed, where the engine keeps a journal of them. */
  journal?(): JournalState;
  /** How many proxies take connections now. */
  workers?(): number;
  /** Whether the side accepted a connection when last asked. */
  isReachable?(side: Side): boolean;
  /** What a person should know of the proxies, each a sentence. */
  warnings?(): readonly string[];
}
