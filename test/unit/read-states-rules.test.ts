import { describe, expect, it } from 'vitest';
import type { AckOptions, MutableState } from '../../src/read-states/engine.ts';
import {
  applyAck,
  applyMention,
  applyPinAck,
  COUNT_MAX,
  clearState,
  compareChannels,
  createState,
  doesMentionCount,
} from '../../src/read-states/rules.ts';

const PLAIN: AckOptions = { isManual: false, mentions: -1, flags: -1, viewed: -1 };
const MANUAL: AckOptions = { ...PLAIN, isManual: true };

function stateOf(fields: Partial<MutableState> = {}): MutableState {
  return { ...createState(), lastLo: 100, mentions: 3, version: 7, ...fields };
}

describe('an ack', () => {
  it('of a newer message moves forward and zeroes the mentions', () => {
    const state = stateOf();
    expect(applyAck(state, 0, 101, PLAIN)).toBe(true);
    expect(state).toMatchObject({ lastLo: 101, mentions: 0, version: 8 });
  });

  it('of the same message zeroes the mentions, and twice is one change', () => {
    const state = stateOf();
    expect(applyAck(state, 0, 100, PLAIN)).toBe(true);
    expect(applyAck(state, 0, 100, PLAIN)).toBe(false);
    expect(state).toMatchObject({ lastLo: 100, mentions: 0, version: 8 });
  });

  it('of an older message changes nothing, its flags included', () => {
    const state = stateOf();
    expect(applyAck(state, 0, 99, { ...PLAIN, flags: 1, viewed: 5 })).toBe(false);
    expect(state).toEqual(stateOf());
  });

  it('compares messages as unsigned 64-bit numbers', () => {
    const state = stateOf({ lastHi: 5, lastLo: -1 });
    expect(applyAck(state, 5, 0x7fffffff, PLAIN)).toBe(false);
    expect(applyAck(state, 6, 0, PLAIN)).toBe(true);
  });

  it('ignores a mention count unless it is manual', () => {
    const state = stateOf();
    applyAck(state, 0, 101, { ...PLAIN, mentions: 9 });
    expect(state.mentions).toBe(0);
  });

  it('that is manual sets exactly, backwards too, and no count is a count of 0', () => {
    const state = stateOf();
    expect(applyAck(state, 0, 5, { ...MANUAL, mentions: 9 })).toBe(true);
    expect(state).toMatchObject({ lastLo: 5, mentions: 9, version: 8 });
    expect(applyAck(state, 0, 5, { ...MANUAL, mentions: 9 })).toBe(false);
    expect(applyAck(state, 0, 5, MANUAL)).toBe(true);
    expect(state).toMatchObject({ lastLo: 5, mentions: 0, version: 9 });
  });

  it('keeps flags and day that are not given, and sets those that are, 0 included', () => {
    const state = stateOf({ flags: 3, viewed: 10, mentions: 0 });
    expect(applyAck(state, 0, 100, PLAIN)).toBe(false);
    expect(applyAck(state, 0, 100, { ...PLAIN, flags: 0 })).toBe(true);
    expect(state).toMatchObject({ flags: 0, viewed: 10, version: 8 });
  });

  it('creates a state at version 1', () => {
    const state = createState();
    clearState(state, 1, 2, 0, 3, 4);
    expect(applyAck(state, 0, 1, PLAIN)).toBe(true);
    expect(state).toMatchObject({ userHi: 1, channelLo: 4, lastLo: 1, version: 1 });
  });
});

describe('a pin ack', () => {
  it('sets the time, earlier ones too, and the same one is no change', () => {
    const state = stateOf();
    expect(applyPinAck(state, 2000)).toBe(true);
    expect(applyPinAck(state, 2000)).toBe(false);
    expect(applyPinAck(state, 1000)).toBe(true);
    expect(state).toMatchObject({ pinAtMs: 1000, version: 9 });
  });
});

describe('a mention', () => {
  it('counts only in a message newer than the last one read', () => {
    const state = stateOf();
    expect(doesMentionCount(state, 0, 99)).toBe(false);
    expect(doesMentionCount(state, 0, 100)).toBe(false);
    expect(doesMentionCount(state, 0, 101)).toBe(true);
    expect(doesMentionCount(createState(), 0, 1)).toBe(true);
  });

  it('stops at 2^31-1, where the version stands still', () => {
    const state = stateOf({ mentions: COUNT_MAX - 1 });
    expect(applyMention(state)).toBe(true);
    expect(applyMention(state)).toBe(false);
    expect(state).toMatchObject({ mentions: COUNT_MAX, version: 8 });
  });
});

describe('the order of states', () => {
  it('is by type, then by unsigned channel id', () => {
    const states = [
      { type: 1, channelHi: 0, channelLo: 1 },
      { type: 0, channelHi: 0, channelLo: -1 },
      { type: 0, channelHi: 0, channelLo: 9 },
      { type: 0, channelHi: 1, channelLo: 0 },
    ];
    const sorted = states.toSorted(compareChannels).map((one) => states.indexOf(one));
    expect(sorted).toEqual([2, 1, 3, 0]);
  });
});
