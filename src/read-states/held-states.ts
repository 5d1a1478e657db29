import type { MutableState } from './engine.ts';
import { copyState, createState } from './rules.ts';
import type { StateRow } from './store.ts';

/** A state that left the cache before it was durable. `bits` are those of an entry. */
export interface HeldState {
  readonly state: MutableState;
  bits: number;
}

/** Names a state among those of all users. */
export function stateKey(
  userHi: number,
  userLo: number,
  type: number,
  channelHi: number,
  channelLo: number,
): string {
  return `${userHi}:${userLo}:${type}:${channelHi}:${channelLo}`;
}

/**
 * States that were evicted while they waited for the store: reads still see them here, updates
 * change them here, until the store has them. At most `limit`; who is full evicts clean entries
 * instead. A state is in the cache or here, never in both.
 */
export class HeldStates {
  readonly limit: number;
  readonly #states = new Map<string, HeldState>();

  constructor(limit: number) {
    this.limit = limit;
  }

  get isFull(): boolean {
    return this.#states.size >= this.limit;
  }

  find(
    userHi: number,
    userLo: number,
    type: number,
    channelHi: number,
    channelLo: number,
  ): HeldState | null {
    if (this.#states.size === 0) return null;
    return this.#states.get(stateKey(userHi, userLo, type, channelHi, channelLo)) ?? null;
  }

  /** Keeps a copy of `state`. */
  add(state: StateRow, bits: number): HeldState {
    const held: HeldState = { state: createState(), bits };
    copyState(state, held.state);
    this.#states.set(keyOf(state), held);
    return held;
  }

  delete(held: HeldState): void {
    this.#states.delete(keyOf(held.state));
  }

  ofUser(userHi: number, userLo: number): HeldState[] {
    const found: HeldState[] = [];
    for (const held of this.#states.values()) {
      if (held.state.userLo === userLo && held.state.userHi === userHi) found.push(held);
    }
    return found;
  }
}

function keyOf(state: StateRow): string {
  return stateKey(state.userHi, state.userLo, state.type, state.channelHi, state.channelLo);
}
