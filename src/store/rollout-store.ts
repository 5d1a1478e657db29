import type { RolloutEvent, RolloutState } from '../model/rollout.ts';

/** One closed window of evidence, as JSON text that only the rollout reads. */
export interface StoredWindow {
  readonly rollout: number;
  /** Revision of the assignment it was gathered under. */
  readonly revision: number;
  readonly windowMs: number;
  readonly startMs: number;
  readonly body: string;
}

/** Everything that one tick or one verb makes durable, in one transaction. */
export interface RolloutChange {
  readonly state: RolloutState;
  /** Traffic, clusters, counts and peaks of this rollout, as JSON text. */
  readonly progress: string;
  readonly events: readonly RolloutEvent[];
  readonly windows: readonly StoredWindow[];
  readonly tainted: readonly string[];
}

export interface StoredRollout {
  readonly state: RolloutState;
  readonly progress: string;
  /** Windows of the state's revision, oldest first. */
  readonly windows: readonly StoredWindow[];
}

/** Where rollouts live: what an acknowledged decision needs to outlast a kill. */
export interface RolloutStore {
  /** The newest rollout; null in a new store. */
  load(): StoredRollout | null;
  /** One more than at any earlier start, durable before it is answered. */
  nextEpoch(): number;
  /** Durable when it answers; throws `store-write-failed` and has then changed nothing. */
  commit(change: RolloutChange): void;
  /** Events after `afterId`, oldest first, of all rollouts: the newest `limit` of them. */
  events(afterId: number, limit: number): readonly RolloutEvent[];
  /** Highest event id so far, 0 when there is none. */
  lastEventId(): number;
  /** Keys tainted in this store, oldest first. */
  tainted(): readonly string[];
  /** Gives the lock back; another controller may then open the store. */
  close(): void;
}
