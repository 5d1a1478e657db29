import { describe, expect, it } from 'vitest';
import { joinBurst, type Writer } from '../../src/wire/burst.ts';

const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a burst', () => {
  it('flushes in the order of joining, at the end of the turn and not before', async () => {
    const flushed: number[] = [];
    const writers = [1, 2, 3].map((n): Writer => ({ flush: () => flushed.push(n) }));
    for (const writer of writers) joinBurst(writer);
    expect(flushed).toEqual([]);
    await endOfTurn();
    expect(flushed).toEqual([1, 2, 3]);
    await endOfTurn();
    expect(flushed).toEqual([1, 2, 3]);
  });

  it('takes those who join while it is flushed into the next turn', async () => {
    const flushed: string[] = [];
    const late: Writer = { flush: () => flushed.push('late') };
    joinBurst({
      flush: () => {
        flushed.push('first');
        joinBurst(late);
      },
    });
    await endOfTurn();
    expect(flushed).toEqual(['first']);
    await endOfTurn();
    expect(flushed).toEqual(['first', 'late']);
  });
});
