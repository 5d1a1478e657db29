import type { Clock } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import type { Assignment } from '../model/assignment.ts';
import type { RolloutEvent, Status } from '../model/rollout.ts';
import type { Settings } from '../model/settings.ts';
import type { Summary, TaintedKey } from '../model/window.ts';
import type { RolloutStore } from '../store/rollout-store.ts';
import type { TrafficEngine } from './engine.ts';
import type { SettingsChange } from './settings-change.ts';
import type { ResourceSource } from './resources.ts';
import type { MirrorOrder } from './mirror-orders.ts';
import type { PairedSecond } from './seconds.ts';

export interface ControllerOptions {
  readonly settings: Settings;
  readonly store: RolloutStore;
  readonly engine: TrafficEngine;
  readonly clock: Clock;
  readonly log: Log;
  readonly resources: ResourceSource;
  /** Label of the candidate build of a new store's first rollout. */
  readonly label?: string;
  /** Salt of a new store's cohort; random when not given. */
  readonly salt?: string;
}

export interface Controller {
  /** Grows with each start. */
  readonly epoch: number;
  /** Applies the stored assignment and begins to tick. */
  start(): Promise<void>;
  accept(summary: Summary): void;
  /** A proxy has gone: its pairs in flight become not comparable (`worker-lost`). */
  workerLost(worker: number): void;
  /** What every proxy should do now; for a proxy that starts. */
  assignment(): Assignment;
  /** Keys found tainted by other means than a proxy's summary. */
  taint(keys: readonly TaintedKey[]): void;
  /** Keys tainted until both sides were seen to agree; for a proxy that starts. */
  taintedKeys(): readonly TaintedKey[];
  status(): Status;
  events(afterId: number, limit: number): readonly RolloutEvent[];
  /** The newest seconds that began at or after `sinceMs`, oldest first. */
  seconds(sinceMs: number): readonly PairedSecond[];
  /**
   * What people may ask for. Each settles when every proxy has what it changed; a verb that
   * cannot be followed rejects with a CrossfadeError that says why, and changes nothing.
   */
  hold(reason: string): Promise<void>;
  resume(reason: string): Promise<void>;
  promote(reason: string): Promise<void>;
  approve(reason: string): Promise<void>;
  rollback(reason: string): Promise<void>;
  begin(label: string, reason: string): Promise<void>;
  /** Off takes effect before it is durable, all else after; the evidence of the step stays. */
  mirror(order: MirrorOrder, reason: string): Promise<void>;
  /**
   * Goes on under other settings, which `changeOf` has let pass. Settles when every proxy has the
   * assignment that follows from them.
   */
  reconfigure(settings: Settings, change: SettingsChange): Promise<void>;
  /** Stops ticking and writes what there is. The store stays open: whoever opened it closes it. */
  close(): Promise<void>;
}
