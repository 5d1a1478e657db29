import type { AckOptions, MutableState } from './engine.ts';
import { compareIds } from './ids.ts';
import type { ChannelRef, StateRow } from './store.ts';

/**
 * What each update does to a state: pure rules, alike for both engines. A rule changes the
 * state it is given and answers whether that was an effective change; only then does the version
 * go up by one. A state that does not exist yet is given as {@link clearState} leaves it.
 */

/** Mentions and versions stop here rather than overflow. */
export const COUNT_MAX = 2_147_483_647;

/** A state with nothing in it, to be filled and read again and again. */
export function createState(): MutableState {
  return {
    userHi: 0,
    userLo: 0,
    type: 0,
    channelHi: 0,
    channelLo: 0,
    lastHi: 0,
    lastLo: 0,
    mentions: 0,
    pinAtMs: -1,
    flags: -1,
    viewed: -1,
    version: 0,
  };
}

/** Makes `state` one that does not exist yet: version 0, nothing read, no optional field. */
export function clearState(
  state: MutableState,
  userHi: number,
  userLo: number,
  type: number,
  channelHi: number,
  channelLo: number,
): void {
  state.userHi = userHi;
  state.userLo = userLo;
  state.type = type;
  state.channelHi = channelHi;
  state.channelLo = channelLo;
  state.lastHi = 0;
  state.lastLo = 0;
  state.mentions = 0;
  state.pinAtMs = -1;
  state.flags = -1;
  state.viewed = -1;
  state.version = 0;
}

/** Overwrites all of `to`. */
export function copyState(from: StateRow, to: MutableState): void {
  to.userHi = from.userHi;
  to.userLo = from.userLo;
  to.type = from.type;
  to.channelHi = from.channelHi;
  to.channelLo = from.channelLo;
  to.lastHi = from.lastHi;
  to.lastLo = from.lastLo;
  to.mentions = from.mentions;
  to.pinAtMs = from.pinAtMs;
  to.flags = from.flags;
  to.viewed = from.viewed;
  to.version = from.version;
}

function bumpVersion(state: MutableState): void {
  if (state.version < COUNT_MAX) state.version += 1;
}

/** Negative, 0 or positive as `a` stands before, at or behind `b`: by type, then numeric id. */
export function compareChannels(a: ChannelRef, b: ChannelRef): number {
  if (a.type !== b.type) return a.type - b.type;
  return compareIds(a.channelHi, a.channelLo, b.channelHi, b.channelLo);
}

/**
 * A manual ack sets the last message exactly, and the mentions to the count given, else to 0.
 * Any other does nothing when it is older than the last message; else it sets it and zeroes the
 * mentions. `flags` and `viewed` that are not given keep the stored value.
 */
export function applyAck(
  state: MutableState,
  messageHi: number,
  messageLo: number,
  options: AckOptions,
): boolean {
  const { isManual } = options;
  if (!isManual && compareIds(messageHi, messageLo, state.lastHi, state.lastLo) < 0) return false;
  const mentions = isManual && options.mentions >= 0 ? options.mentions : 0;
  const flags = options.flags >= 0 ? options.flags : state.flags;
  const viewed = options.viewed >= 0 ? options.viewed : state.viewed;
  const isSame =
    state.lastLo === messageLo &&
    state.lastHi === messageHi &&
    state.mentions === mentions &&
    state.flags === flags &&
    state.viewed === viewed;
  if (isSame) return false;
  state.lastHi = messageHi;
  state.lastLo = messageLo;
  state.mentions = mentions;
  state.flags = flags;
  state.viewed = viewed;
  bumpVersion(state);
  return true;
}

/** Sets the time of the last pin seen, exactly. */
export function applyPinAck(state: MutableState, pinAtMs: number): boolean {
  if (state.pinAtMs === pinAtMs) return false;
  state.pinAtMs = pinAtMs;
  bumpVersion(state);
  return true;
}

/** Whether a mention in this message counts: the message is newer than the last one read. */
export function doesMentionCount(state: StateRow, messageHi: number, messageLo: number): boolean {
  return compareIds(messageHi, messageLo, state.lastHi, state.lastLo) > 0;
}

/** One mention more, unless there are as many as can be. */
export function applyMention(state: MutableState): boolean {
  if (state.mentions >= COUNT_MAX) return false;
  state.mentions += 1;
  bumpVersion(state);
  return true;
}
