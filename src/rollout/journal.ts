/**
 * What the rollout has to make durable. A write that fails keeps everything for the next one:
 * events stay visible meanwhile, and nothing waits for the disk but what must.
 */
import { LIMITS } from '../kit/limits.ts';
import type { RolloutEvent, RolloutState } from '../model/rollout.ts';
import type { RolloutStore, StoredWindow } from '../store/rollout-store.ts';

/** An event before it has its number. */
export type NewEvent = Omit<RolloutEvent, 'id'>;

export class Journal {
  readonly #store: RolloutStore;
  #events: RolloutEvent[];
  #unwrittenEvents: RolloutEvent[] = [];
  #windows: StoredWindow[] = [];
  #tainted: string[] = [];
  #lastId: number;

  constructor(store: RolloutStore) {
    this.#store = store;
    this.#lastId = store.lastEventId();
    this.#events = [...store.events(0, LIMITS.eventsMax)];
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

  addTainted(keys: readonly string[]): void {
    this.#tainted.push(...keys);
  }

  /**
   * Makes the state durable with all that waits; the event happens only if that succeeds.
   * Throws what the store throws, and then nothing has changed.
   */
  write(state: RolloutState, progress: string, event: NewEvent | null = null): void {
    const numbered = event === null ? null : this.#number(event);
    const events = [...this.#unwrittenEvents, ...(numbered === null ? [] : [numbered])];
    this.#store.commit({
      state,
      progress,
      events,
      windows: this.#windows,
      tainted: this.#tainted,
    });
    this.#unwrittenEvents = [];
    this.#windows = [];
    this.#tainted = [];
    if (numbered !== null) this.#keep(numbered);
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
