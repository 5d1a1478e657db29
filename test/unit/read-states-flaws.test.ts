import { describe, expect, it } from 'vitest';
import { createModelEngine } from '../support/model-engine.ts';
import { CrossfadeError } from '../../src/kit/errors.ts';
import { stateJson, styleOf, TRUE_STYLE } from '../../src/read-states/api-answers.ts';
import type { AckOptions } from '../../src/read-states/engine.ts';
import { withStaleReads } from '../../src/read-states/flaw-stale.ts';
import { parseFlaw } from '../../src/read-states/flaws.ts';
import type { StateRow } from '../../src/read-states/store.ts';

describe('the text of a flaw', () => {
  it.each([
    ['timestamp-precision', { kind: 'timestamp-precision' }],
    ['column-order', { kind: 'column-order' }],
    ['stale', { kind: 'stale' }],
    ['leak', { kind: 'leak' }],
    ['slow:20ms@5%', { kind: 'slow', delayMs: 20, share: 0.05 }],
    ['slow:1s@0.1', { kind: 'slow', delayMs: 1000, share: 0.1 }],
    ['error@0.5%', { kind: 'error', share: 0.005 }],
    ['error@100%', { kind: 'error', share: 1 }],
  ])('%s is read', (text, flaw) => {
    expect(parseFlaw(text)).toEqual(flaw);
  });

  it.each([
    'wrong',
    '',
    'Stale',
    'slow',
    'slow:20ms',
    'slow:20@5%',
    'slow:0ms@5%',
    'slow:20ms@0%',
    'slow:20ms@101%',
    'error',
    'error@',
    'error@-1%',
    'leak:1',
  ])('%j is refused with the list of flaws, exit 2', (text) => {
    const read = (): unknown => parseFlaw(text);
    expect(read).toThrow(CrossfadeError);
    expect(read).toThrow(expect.objectContaining({ code: 'unknown-flaw', exitCode: 2 }));
    expect(read).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('column-order') }),
    );
  });
});

const STATE: StateRow = {
  userHi: 0,
  userLo: 1,
  type: 0,
  channelHi: 0,
  channelLo: 7,
  lastHi: 0,
  lastLo: 9,
  mentions: 3,
  pinAtMs: Date.UTC(2024, 2, 1, 12, 0, 0, 123),
  flags: 1,
  viewed: 3347,
  version: 2,
};

describe('a state as JSON', () => {
  it('has its fields in the order of the contract', () => {
    expect(stateJson(STATE, TRUE_STYLE)).toBe(
      '{"id":"7","read_state_type":0,"last_message_id":"9","mention_count":3,' +
        '"last_pin_timestamp":"2024-03-01T12:00:00.123Z","flags":1,"last_viewed":3347}',
    );
  });

  it('leaves out what is absent', () => {
    const bare = {
      ...STATE,
      lastHi: 0,
      lastLo: 0,
      mentions: 0,
      pinAtMs: -1,
      flags: -1,
      viewed: -1,
    };
    expect(stateJson(bare, TRUE_STYLE)).toBe('{"id":"7","read_state_type":0,"mention_count":0}');
  });

  it('keeps the whole range of ids', () => {
    const extreme = { ...STATE, channelHi: 0x7fffffff, channelLo: -1, lastHi: 0, lastLo: -1 };
    const parsed = JSON.parse(stateJson(extreme, TRUE_STYLE)) as Record<string, unknown>;
    expect(parsed['id']).toBe('9223372036854775807');
    expect(parsed['last_message_id']).toBe('4294967295');
  });

  it('loses the fraction of the pin alone under timestamp-precision', () => {
    const wrong = stateJson(STATE, styleOf(['timestamp-precision']));
    expect(wrong).toBe(stateJson(STATE, TRUE_STYLE).replace('.123Z', '.000Z'));
  });

  it('exchanges mention_count and flags under column-order where both are there', () => {
    const wrong = JSON.parse(stateJson(STATE, styleOf(['column-order']))) as object;
    expect(wrong).toMatchObject({ mention_count: 1, flags: 3 });
    const bare = { ...STATE, flags: -1 };
    expect(stateJson(bare, styleOf(['column-order']))).toBe(stateJson(bare, TRUE_STYLE));
  });
});

describe('the flaw stale', () => {
  const forward: AckOptions = { isManual: false, mentions: -1, flags: -1, viewed: -1 };
  const all = { type: -1, after: null, limit: 1000 };

  it('answers reads as before the last write of the user, and stores the truth', async () => {
    const truth = createModelEngine();
    const stale = withStaleReads(truth);
    const read = async (engine: typeof stale): Promise<number[]> => {
      const seen: number[] = [];
      await engine.list(0, 1, all, (state) => seen.push(state.channelLo, state.lastLo));
      return seen;
    };
    await stale.ack(0, 1, 0, 7, 0, 100, forward);
    expect(await read(stale)).toEqual([]);
    await stale.ack(0, 1, 0, 7, 0, 200, forward);
    expect(await read(stale)).toEqual([7, 100]);
    await stale.ack(0, 1, 0, 8, 0, 300, forward);
    expect(await read(stale)).toEqual([7, 200]);
    await stale.remove(0, 1, { type: 0, channelHi: 0, channelLo: 7 });
    expect(await read(stale)).toEqual([7, 200, 8, 300]);
    expect(await read(truth)).toEqual([8, 300]);
  });

  it('answers one state and queries alike', async () => {
    const stale = withStaleReads(createModelEngine());
    const ref = { type: 0, channelHi: 0, channelLo: 7 };
    const out = { ...STATE };
    await stale.ack(0, 1, 0, 7, 0, 100, forward);
    expect(await stale.get(0, 1, ref, out)).toBe(false);
    await stale.mention(0, 7, 0, 150, Int32Array.of(0, 1, 0, 2));
    expect(await stale.get(0, 1, ref, out)).toBe(true);
    expect(out).toMatchObject({ lastLo: 100, mentions: 0 });
    const seen: number[] = [];
    await stale.query(0, 1, [ref], (state) => seen.push(state.mentions));
    await stale.query(0, 2, [ref], (state) => seen.push(state.mentions));
    expect(seen).toEqual([0]);
  });
});
