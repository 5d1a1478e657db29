import { expect, it } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import { HeldMismatches } from '../../src/proxy/analyst/held-mismatches.ts';

it('gives what it holds once, and nothing under other ids', () => {
  const held = new HeldMismatches<string>();
  held.hold(7, 'seven');
  expect(held.take(8)).toBeUndefined();
  expect(held.take(7)).toBe('seven');
  expect(held.take(7)).toBeUndefined();
});

it('forgets the oldest of too many', () => {
  const held = new HeldMismatches<number>();
  const max = LIMITS.analystQueueMax + LIMITS.refereeWaitingMax;
  for (let id = 0; id <= max; id += 1) held.hold(id, id);
  expect(held.take(0)).toBeUndefined();
  expect(held.take(1)).toBe(1);
  expect(held.take(max)).toBe(max);
});
