/**
 * What the rollout has to make durable. A write that fails keeps everything for the next one:
 * events stay visible meanwhile, and nothing waits for the disk but what must.
 */
import { LIMITS } from '../kit/limits.ts';
import { messageOf } from '../kit/errors.ts';
import type { Log } from '../kit/log.ts';
import type { LiftedKey } from '../model/missed-write.ts';
import type { RolloutEvent, RolloutState } from '../model/rollout.ts';
import type { TaintedKey } from '../model/window.ts';
import type { RolloutStore, StoredWindow } from '../store/rollout-store.ts';

/** An event before it has its number. */
export type NewEvent = Omit<RolloutEvent, 'id'>;

/** Events, windows and tainted keys on their way to the store. */
export class Outbox {
  readonly #store: RolloutStore;
  readonly #log: Log;
  #events: RolloutEvent[];
  #unwrittenEvents: RolloutEvent[] = [];
  #windows: StoredWindow[] = [];
  #resources: StoredWindow[] = [];
  /** The newest word on each key: tainted, or lifted (null). */
  #taints = new Map<string, TaintedKey | null>();
  #lastId: number;
  #problem: string | null = null;

  constructor(store: RolloutStore, log: Log) {
    this.#store = store;
    this.#log = log;
    this.#lastId = store.lastEventId();
    this.#events = [...store.events(0, LIMITS.eventsMax)];
  }

  /** Why the newest state is not on disk; null when it is. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Events after `afterId`, oldest first, the newest `limit` of them; also unwritten ones. */
  events(afterId: number, limit: number): readonly RolloutEvent[] {
    const after = this.#events.filter((event) => event.id > afterId);
    return after.slice(Math.max(0, after.length - limit));
  }

  /** Says that something has happened, durable or not. */
  note(event: NewEvent): void {
    const numbered = this.#number(event);
    this.#keep(numbered);
    this.#unwrittenEvents.push(numbered);
    if (this.#unwrittenEvents.length > LIMITS.eventsMax) this.#unwrittenEvents.shift();
  }

  addWindows(windows: readonly StoredWindow[]): void {
    this.#windows.push(...windows);
    const excess = this.#windows.length - LIMITS.unwrittenWindowsMax;
    if (excess > 0) this.#windows.splice(0, excess);
  }

  addResources(windows: readonly StoredWindow[]): void {
    this.#resources = [...this.#resources, ...windows].slice(-LIMITS.unwrittenWindowsMax);
  }

  addTainted(keys: readonly TaintedKey[]): void {
    for (const tainted of keys) this.#taints.set(tainted[0], tainted);
  }

  /** Keys that are not tainted any more. */
  addLifted(keys: readonly LiftedKey[]): void {
    for (const [key] of keys) this.#taints.set(key, null);
  }

  /**
   * Makes the state durable with all that waits; the event happens only if that succeeds.
   * Throws what the store throws, and then nothing has changed.
   */
  write(state: RolloutState, progress: string, event: NewEvent | null = null): void {
    const numbered = event === null ? null : this.#number(event);
    const events = [...this.#unwrittenEvents, ...(numbered === null ? [] : [numbered])];
    const windows = this.#windows;
    const resources = this.#resources;
    const taints = this.#taints;
    const tainted = [...taints.values()].filter((each) => each !== null);
    const lifted = [...taints.keys()];
    try {
      this.#store.commit({ state, progress, events, windows, resources, tainted, lifted });
    } catch (error) {
      this.#failed(error);
      throw error;
    }
    this.#problem = null;
    this.#unwrittenEvents = [];
    this.#windows = [];
    this.#resources = [];
    this.#taints = new Map();
    if (numbered !== null) this.#keep(numbered);
  }

  /** As `write`, where nothing may wait for the disk: false when it failed, see `problem`. */
  tryWrite(state: RolloutState, progress: string): boolean {
    try {
      this.write(state, progress);
      return true;
    } catch {
      // Logged and kept as `problem` by write; the next write tries everything again.
      return false;
    }
  }

  #failed(error: unknown): void {
    const cause = messageOf(error);
    if (this.#problem === null) this.#log.error({ cause }, 'rollout not written');
    this.#problem = `the newest state is not on disk yet: ${cause}`;
  }

  #number(event: NewEvent): RolloutEvent {
    this.#lastId += 1;
    return { id: this.#lastId, ...event };
  }

  #keep(event: RolloutEvent): void {
    this.#events.push(event);
    if (this.#events.length > LIMITS.eventsMax) this.#events = this.#events.slice(1);
  }
}
