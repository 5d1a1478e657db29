import type { RequestMessage } from '../src/model/exchange.ts';

/** One request of a workload, in the order of `atUs`. */
export interface WorkloadRequest {
  /** When it is meant to be sent, microseconds from the beginning. */
  readonly atUs: number;
  readonly request: RequestMessage;
  /** Requests that share a key are sent in order. */
  readonly keys: readonly string[];
  /** A read: may run together with other reads of its keys. */
  readonly isSafe: boolean;
}
