import type { MutableState, ReadStatesEngine } from '../../src/read-states/engine.ts';
import {
  applyAck,
  applyMention,
  applyPinAck,
  clearState,
  compareChannels,
  createState,
  doesMentionCount,
} from '../../src/read-states/rules.ts';
import { type ChannelRef, type StateRow, StoreUnavailable } from '../../src/read-states/store.ts';

function keyOf(hi: number, lo: number, ref: ChannelRef): string {
  return `${hi}:${lo}:${ref.type}:${ref.channelHi}:${ref.channelLo}`;
}

export interface ModelEngine extends ReadStatesEngine {
  /** While false every call rejects as if the store could not be reached. */
  isUp: boolean;
}

/** The rules of the Read States engine over one plain map: no cache, no store, always right. */
export function createModelEngine(): ModelEngine {
  const states = new Map<string, MutableState>();

  function ensureUp(): void {
    if (!engine.isUp) throw new StoreUnavailable('the model is down');
  }

  function change(
    hi: number,
    lo: number,
    ref: ChannelRef,
    edit: (state: MutableState) => boolean,
  ): MutableState {
    const key = keyOf(hi, lo, ref);
    const state = states.get(key) ?? createState();
    if (state.version === 0) {
      clearState(state, hi, lo, ref.type, ref.channelHi, ref.channelLo);
    }
    if (edit(state)) states.set(key, state);
    return state;
  }

  const engine: ModelEngine = {
    isUp: true,
    async get(hi, lo, channel, out) {
      ensureUp();
      const state = states.get(keyOf(hi, lo, channel));
      if (state !== undefined) Object.assign(out, state);
      return state !== undefined;
    },
    query(hi, lo, channels, visit) {
      ensureUp();
      for (const channel of channels) {
        const state = states.get(keyOf(hi, lo, channel));
        if (state !== undefined) visit(state);
      }
    },
    async list(hi, lo, { type, after, limit }, visit) {
      ensureUp();
      const found: StateRow[] = [...states.values()]
        .filter((state) => state.userHi === hi && state.userLo === lo)
        .filter((state) => type < 0 || state.type === type)
        .filter((state) => after === null || compareChannels(state, after) > 0)
        .sort(compareChannels);
      for (const state of found.slice(0, limit)) visit(state);
      return found.length > limit;
    },
    ack(hi, lo, channelHi, channelLo, messageHi, messageLo, options) {
      ensureUp();
      const ref = { type: 0, channelHi, channelLo };
      return change(hi, lo, ref, (state) => applyAck(state, messageHi, messageLo, options)).version;
    },
    ackPins(hi, lo, channelHi, channelLo, pinAtMs) {
      ensureUp();
      change(hi, lo, { type: 0, channelHi, channelLo }, (state) => applyPinAck(state, pinAtMs));
    },
    ackBulk(hi, lo, acks) {
      ensureUp();
      const forward = { isManual: false, mentions: -1, flags: -1, viewed: -1 };
      for (const ack of acks) {
        change(hi, lo, ack, (state) => applyAck(state, ack.messageHi, ack.messageLo, forward));
      }
    },
    mention(channelHi, channelLo, messageHi, messageLo, users) {
      ensureUp();
      let applied = 0;
      for (let i = 0; i < users.length; i += 2) {
        change(users[i]!, users[i + 1]!, { type: 0, channelHi, channelLo }, (state) => {
          if (!doesMentionCount(state, messageHi, messageLo)) return false;
          applied += 1;
          return applyMention(state);
        });
      }
      return applied;
    },
    remove(hi, lo, channel) {
      ensureUp();
      states.delete(keyOf(hi, lo, channel));
    },
    async flush() {
      ensureUp();
    },
    stats: () => ({
      capacity: 0,
      entries: states.size,
      hits: 0,
      misses: 0,
      evictions: 0,
      dirty: 0,
      writes: 0,
      writeFailures: 0,
      rehash: { count: 0, totalUs: 0, maxUs: 0 },
      flush: { count: 0, totalUs: 0, maxUs: 0 },
      reservedBytes: 0,
    }),
    close: async () => undefined,
  };
  return engine;
}
