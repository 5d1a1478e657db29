import { LIMITS } from '../kit/limits.ts';
import type { ListOptions, ReadStatesEngine } from './engine.ts';
import { compareChannels, copyState } from './rules.ts';
import type { ChannelRef, StateRow } from './store.ts';

/** What a user's last write found: the state it touched, or null where there was none. */
type BeforeImages = Map<string, StateRow | null>;

function userKey(hi: number, lo: number): string {
  return `${hi}:${lo}`;
}

function refKey(ref: ChannelRef): string {
  return `${ref.type}:${ref.channelHi}:${ref.channelLo}`;
}

/**
 * `engine`, with reads that answer a user's states as they were before that user's last write:
 * the flaw `stale`. Writes go through unchanged. Before each, the states it touches are read and
 * kept until the user's next one.
 */
export function withStaleReads(engine: ReadStatesEngine): ReadStatesEngine {
  const users = new Map<string, BeforeImages>();

  async function remember(hi: number, lo: number, refs: readonly ChannelRef[]): Promise<void> {
    const images: BeforeImages = new Map(refs.map((ref) => [refKey(ref), null]));
    await engine.query(hi, lo, refs, (state) => images.set(refKey(state), { ...state }));
    const key = userKey(hi, lo);
    users.delete(key);
    users.set(key, images);
    if (users.size > LIMITS.staleUsersMax) users.delete(users.keys().next().value!);
  }

  return {
    async get(hi, lo, channel, out) {
      const image = users.get(userKey(hi, lo))?.get(refKey(channel));
      if (image === undefined) return engine.get(hi, lo, channel, out);
      if (image !== null) copyState(image, out);
      return image !== null;
    },
    async query(hi, lo, channels, visit) {
      const images = users.get(userKey(hi, lo));
      const found = new Map<string, StateRow | null>();
      await engine.query(hi, lo, channels, (state) => found.set(refKey(state), { ...state }));
      for (const channel of channels) {
        const key = refKey(channel);
        const image = images?.get(key);
        const state = image === undefined ? found.get(key) : image;
        if (state) visit(state);
      }
    },
    async list(hi, lo, options, visit) {
      const states: StateRow[] = [];
      const hasMore = await engine.list(hi, lo, options, (state) => states.push({ ...state }));
      const images = users.get(userKey(hi, lo));
      for (const state of mergeImages(states, images, options, hasMore)) visit(state);
      return hasMore;
    },
    async ack(hi, lo, channelHi, channelLo, messageHi, messageLo, options) {
      await remember(hi, lo, [{ type: 0, channelHi, channelLo }]);
      return engine.ack(hi, lo, channelHi, channelLo, messageHi, messageLo, options);
    },
    async ackPins(hi, lo, channelHi, channelLo, pinAtMs) {
      await remember(hi, lo, [{ type: 0, channelHi, channelLo }]);
      return engine.ackPins(hi, lo, channelHi, channelLo, pinAtMs);
    },
    async ackBulk(hi, lo, acks) {
      await remember(hi, lo, acks);
      return engine.ackBulk(hi, lo, acks);
    },
    async mention(channelHi, channelLo, messageHi, messageLo, ids) {
      const refs = [{ type: 0, channelHi, channelLo }];
      for (let i = 0; i < ids.length; i += 2) await remember(ids[i]!, ids[i + 1]!, refs);
      return engine.mention(channelHi, channelLo, messageHi, messageLo, ids);
    },
    async remove(hi, lo, channel) {
      await remember(hi, lo, [channel]);
      return engine.remove(hi, lo, channel);
    },
    flush: () => engine.flush(),
    stats: () => engine.stats(),
    close: () => engine.close(),
  };
}

/** One page of a list with the images put in their places: replaced, left out or brought back. */
function mergeImages(
  states: readonly StateRow[],
  images: BeforeImages | undefined,
  options: ListOptions,
  hasMore: boolean,
): readonly StateRow[] {
  if (images === undefined) return states;
  const merged: StateRow[] = [];
  for (const state of states) {
    const image = images.get(refKey(state));
    if (image !== null) merged.push(image ?? state);
  }
  const listed = new Set(states.map(refKey));
  const last = states.at(-1);
  for (const [key, image] of images) {
    if (image === null || listed.has(key)) continue;
    if (options.type >= 0 && image.type !== options.type) continue;
    if (options.after !== null && compareChannels(image, options.after) <= 0) continue;
    if (hasMore && last !== undefined && compareChannels(image, last) > 0) continue;
    merged.push(image);
  }
  return merged.sort(compareChannels);
}
