import type {
  AckOptions,
  BulkAck,
  ListOptions,
  MutableState,
} from '../../src/read-states/engine.ts';
import type { ChannelRef, StateRow } from '../../src/read-states/store.ts';

/** What the Read States service must answer, said as plainly as can be, with BigInt and a Map. */
export class ReadStatesModel {
  readonly #users = new Map<bigint, Map<string, MutableState>>();

  get(user: bigint, channel: ChannelRef): StateRow | null {
    return this.#users.get(user)?.get(keyOf(channel)) ?? null;
  }

  query(user: bigint, channels: readonly ChannelRef[]): StateRow[] {
    return channels.flatMap((channel) => this.get(user, channel) ?? []);
  }

  list(user: bigint, options: ListOptions): { states: StateRow[]; hasMore: boolean } {
    const { type, after, limit } = options;
    const behind = after === null ? -1n : rankOf(after);
    const states = [...(this.#users.get(user)?.values() ?? [])]
      .filter((state) => type < 0 || state.type === type)
      .map((state) => ({ state, rank: rankOf(state) }))
      .filter(({ rank }) => rank > behind)
      .sort((a, b) => (a.rank < b.rank ? -1 : 1))
      .map(({ state }) => state);
    return { states: states.slice(0, limit), hasMore: states.length > limit };
  }

  ack(user: bigint, channel: ChannelRef, message: bigint, options: AckOptions): number {
    const state = this.get(user, channel) ?? blank(user, channel);
    if (!options.isManual && message < lastOf(state)) return state.version;
    const next = {
      ...state,
      lastHi: hiOf(message),
      lastLo: loOf(message),
      mentions: options.isManual && options.mentions >= 0 ? options.mentions : 0,
      flags: options.flags >= 0 ? options.flags : state.flags,
      viewed: options.viewed >= 0 ? options.viewed : state.viewed,
    };
    return this.#save(user, state, next);
  }

  ackPins(user: bigint, channel: ChannelRef, pinAtMs: number): void {
    const state = this.get(user, channel) ?? blank(user, channel);
    this.#save(user, state, { ...state, pinAtMs });
  }

  ackBulk(user: bigint, acks: readonly BulkAck[]): void {
    const options = { isManual: false, mentions: -1, flags: -1, viewed: -1 };
    for (const one of acks) this.ack(user, one, idOf(one.messageHi, one.messageLo), options);
  }

  mention(channel: ChannelRef, message: bigint, users: readonly bigint[]): number {
    let applied = 0;
    for (const user of users) {
      const state = this.get(user, channel) ?? blank(user, channel);
      if (message <= lastOf(state)) continue;
      applied += 1;
      this.#save(user, state, { ...state, mentions: Math.min(2 ** 31 - 1, state.mentions + 1) });
    }
    return applied;
  }

  remove(user: bigint, channel: ChannelRef): void {
    this.#users.get(user)?.delete(keyOf(channel));
  }

  #save(user: bigint, before: StateRow, next: StateRow): number {
    if (JSON.stringify(before) === JSON.stringify(next)) return before.version;
    const states = this.#users.get(user) ?? new Map<string, MutableState>();
    this.#users.set(user, states);
    states.set(keyOf(next), { ...next, version: before.version + 1 });
    return before.version + 1;
  }
}

export function hiOf(id: bigint): number {
  return Number(id >> 32n);
}

export function loOf(id: bigint): number {
  return Number(BigInt.asIntN(32, id));
}

export function idOf(hi: number, lo: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo >>> 0);
}

function lastOf(state: StateRow): bigint {
  return idOf(state.lastHi, state.lastLo);
}

function rankOf(channel: ChannelRef): bigint {
  return (BigInt(channel.type) << 64n) | idOf(channel.channelHi, channel.channelLo);
}

function keyOf(channel: ChannelRef): string {
  return String(rankOf(channel));
}

function blank(user: bigint, channel: ChannelRef): StateRow {
  return {
    userHi: hiOf(user),
    userLo: loOf(user),
    type: channel.type,
    channelHi: channel.channelHi,
    channelLo: channel.channelLo,
    lastHi: 0,
    lastLo: 0,
    mentions: 0,
    pinAtMs: -1,
    flags: -1,
    viewed: -1,
    version: 0,
  };
}
