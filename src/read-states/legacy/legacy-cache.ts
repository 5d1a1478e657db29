import { assert } from '../../kit/assert.ts';
import type { Clock } from '../../kit/clock.ts';
import type { MutableState, StallCounter } from '../engine.ts';
import type { EntryCache } from '../entry-cache.ts';
import { formatId, type IdPair, parseId } from '../ids.ts';
import type { StateRow } from '../store.ts';
import { PartitionedMap } from './partitioned-map.ts';

/** An entry as such a service has it: ids as text, a date, optional fields that are null. */
export interface LegacyNode {
  readonly key: string;
  readonly userId: string;
  readonly channelId: string;
  readonly type: number;
  lastMessageId: string | null;
  mentionCount: number;
  lastPin: Date | null;
  flags: number | null;
  lastViewed: number | null;
  version: number;
  bits: number;
  older: LegacyNode | null;
  newer: LegacyNode | null;
  userNext: LegacyNode | null;
  userPrev: LegacyNode | null;
  dirtyNext: LegacyNode | null;
  dirtyPrev: LegacyNode | null;
  dirtyTick: number;
}

function pairOf(text: string): IdPair {
  const pair = parseId(text);
  assert(pair !== null, `${text} is no id`);
  return pair;
}

/**
 * Entries as heap nodes in doubly linked lists, found by a key of text in `Map`s: the cache that
 * most services of this kind begin with, and the reason why their collector has so much to do.
 */
export class LegacyCache implements EntryCache<LegacyNode | null> {
  readonly none = null;
  readonly capacity: number;
  readonly reservedBytes = 0;
  readonly #nodes: PartitionedMap<LegacyNode>;
  readonly #users: PartitionedMap<LegacyNode>;
  #size = 0;
  #oldest: LegacyNode | null = null;
  #newest: LegacyNode | null = null;
  #firstDirty: LegacyNode | null = null;
  #lastDirty: LegacyNode | null = null;

  constructor(capacity: number, clock: Clock) {
    assert(capacity >= 1, `capacity ${capacity} is below 1`);
    this.capacity = capacity;
    this.#nodes = new PartitionedMap(capacity, clock);
    this.#users = new PartitionedMap(capacity, clock);
  }

  get size(): number {
    return this.#size;
  }

  get rehash(): StallCounter {
    const nodes = this.#nodes.stalls;
    const users = this.#users.stalls;
    return {
      count: nodes.count + users.count,
      totalUs: nodes.totalUs + users.totalUs,
      maxUs: Math.max(nodes.maxUs, users.maxUs),
    };
  }

  find(
    userHi: number,
    userLo: number,
    type: number,
    channelHi: number,
    channelLo: number,
  ): LegacyNode | null {
    const key = `${formatId(userHi, userLo)}:${type}:${formatId(channelHi, channelLo)}`;
    return this.#nodes.get(key) ?? null;
  }

  insert(state: StateRow): LegacyNode {
    assert(this.#size < this.capacity, 'the cache is full');
    const userId = formatId(state.userHi, state.userLo);
    const channelId = formatId(state.channelHi, state.channelLo);
    const node: LegacyNode = {
      key: `${userId}:${state.type}:${channelId}`,
      userId,
      channelId,
      type: state.type,
      lastMessageId: null,
      mentionCount: 0,
      lastPin: null,
      flags: null,
      lastViewed: null,
      version: 0,
      bits: 0,
      older: null,
      newer: null,
      userNext: null,
      userPrev: null,
      dirtyNext: null,
      dirtyPrev: null,
      dirtyTick: 0,
    };
    this.write(node, state);
    this.#nodes.add(node.key, node);
    this.#linkToUser(node);
    this.#linkAsNewest(node);
    this.#size += 1;
    return node;
  }

  remove(node: LegacyNode): void {
    this.#nodes.delete(node.key);
    this.#unlinkFromUser(node);
    this.#unlinkFromUse(node);
    this.#size -= 1;
  }

  read(node: LegacyNode, out: MutableState): void {
    const user = pairOf(node.userId);
    const channel = pairOf(node.channelId);
    const last = node.lastMessageId === null ? null : pairOf(node.lastMessageId);
    out.userHi = user.hi;
    out.userLo = user.lo;
    out.type = node.type;
    out.channelHi = channel.hi;
    out.channelLo = channel.lo;
    out.lastHi = last === null ? 0 : last.hi;
    out.lastLo = last === null ? 0 : last.lo;
    out.mentions = node.mentionCount;
    out.pinAtMs = node.lastPin === null ? -1 : node.lastPin.getTime();
    out.flags = node.flags ?? -1;
    out.viewed = node.lastViewed ?? -1;
    out.version = node.version;
  }

  write(node: LegacyNode, state: StateRow): void {
    const hasLast = state.lastHi !== 0 || state.lastLo !== 0;
    node.lastMessageId = hasLast ? formatId(state.lastHi, state.lastLo) : null;
    node.mentionCount = state.mentions;
    node.lastPin = state.pinAtMs < 0 ? null : new Date(state.pinAtMs);
    node.flags = state.flags < 0 ? null : state.flags;
    node.lastViewed = state.viewed < 0 ? null : state.viewed;
    node.version = state.version;
  }

  bits(node: LegacyNode): number {
    return node.bits;
  }

  setBits(node: LegacyNode, bits: number): void {
    node.bits = bits;
  }

  touch(node: LegacyNode): void {
    if (node === this.#newest) return;
    this.#unlinkFromUse(node);
    this.#linkAsNewest(node);
  }

  oldest(): LegacyNode | null {
    return this.#oldest;
  }

  newer(node: LegacyNode): LegacyNode | null {
    return node.newer;
  }

  firstOfUser(userHi: number, userLo: number): LegacyNode | null {
    return this.#users.get(formatId(userHi, userLo)) ?? null;
  }

  nextOfUser(node: LegacyNode): LegacyNode | null {
    return node.userNext;
  }

  firstDirty(): LegacyNode | null {
    return this.#firstDirty;
  }

  queueDirty(node: LegacyNode, tick: number, isInFront: boolean): void {
    node.dirtyTick = tick;
    node.dirtyNext = isInFront ? this.#firstDirty : null;
    node.dirtyPrev = isInFront ? null : this.#lastDirty;
    if (node.dirtyPrev === null) this.#firstDirty = node;
    else node.dirtyPrev.dirtyNext = node;
    if (node.dirtyNext === null) this.#lastDirty = node;
    else node.dirtyNext.dirtyPrev = node;
  }

  unqueueDirty(node: LegacyNode): void {
    if (node.dirtyPrev === null) this.#firstDirty = node.dirtyNext;
    else node.dirtyPrev.dirtyNext = node.dirtyNext;
    if (node.dirtyNext === null) this.#lastDirty = node.dirtyPrev;
    else node.dirtyNext.dirtyPrev = node.dirtyPrev;
    node.dirtyNext = null;
    node.dirtyPrev = null;
  }

  dirtyTick(node: LegacyNode): number {
    return node.dirtyTick;
  }

  #linkToUser(node: LegacyNode): void {
    const head = this.#users.get(node.userId);
    if (head === undefined) {
      this.#users.add(node.userId, node);
      return;
    }
    node.userNext = head;
    head.userPrev = node;
    this.#users.replace(node.userId, node);
  }

  #unlinkFromUser(node: LegacyNode): void {
    const { userNext, userPrev } = node;
    if (userNext !== null) userNext.userPrev = userPrev;
    if (userPrev !== null) userPrev.userNext = userNext;
    else if (userNext !== null) this.#users.replace(node.userId, userNext);
    else this.#users.delete(node.userId);
    node.userNext = null;
    node.userPrev = null;
  }

  #linkAsNewest(node: LegacyNode): void {
    node.older = this.#newest;
    node.newer = null;
    if (this.#newest === null) this.#oldest = node;
    else this.#newest.newer = node;
    this.#newest = node;
  }

  #unlinkFromUse(node: LegacyNode): void {
    if (node.older === null) this.#oldest = node.newer;
    else node.older.newer = node.newer;
    if (node.newer === null) this.#newest = node.older;
    else node.newer.older = node.older;
    node.older = null;
    node.newer = null;
  }
}
