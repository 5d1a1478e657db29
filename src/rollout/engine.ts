import type { Assignment } from '../model/assignment.ts';
import type { TaintedKey } from '../model/window.ts';

/** Who moves the traffic: our own proxies, or another product's. */
export interface TrafficEngine {
  /** Settles when every proxy has the assignment; rejects when one may not have it. */
  apply(assignment: Assignment): Promise<void>;
  /** Keys that one proxy found tainted, for all the others. */
  taint?(keys: readonly TaintedKey[]): void;
  /** How many proxies serve now. */
  workers?(): number;
  /** Whether legacy answered when last asked. */
  isLegacyReachable?(): boolean;
}
