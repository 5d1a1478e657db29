import { describe, expect, it } from 'vitest';
import { KeyOrder, type OrderedTask } from '../../src/proxy/key-order.ts';

function recorder() {
  const order = new KeyOrder();
  const ran: string[] = [];
  const task = (name: string, keys: string[], isWrite: boolean): OrderedTask => ({
    keys,
    isWrite,
    target: 'candidate',
    missing: 0,
    run: () => void ran.push(name),
  });
  return { order, ran, task };
}

describe('order per key', () => {
  it('runs reads of one key together and a write alone behind them', () => {
    const { order, ran, task } = recorder();
    const [r1, r2, w1, r3] = [
      task('r1', ['k'], false),
      task('r2', ['k'], false),
      task('w1', ['k'], true),
      task('r3', ['k'], false),
    ];
    for (const each of [r1, r2, w1, r3]) order.acquire(each);
    expect(ran).toEqual(['r1', 'r2']);
    order.release(r1);
    expect(ran).toEqual(['r1', 'r2']);
    order.release(r2);
    expect(ran).toEqual(['r1', 'r2', 'w1']);
    order.release(w1);
    expect(ran).toEqual(['r1', 'r2', 'w1', 'r3']);
    order.release(r3);
    expect(order.size).toBe(0);
  });

  it('never lets different keys wait for each other', () => {
    const { order, ran, task } = recorder();
    order.acquire(task('a', ['a'], true));
    order.acquire(task('b', ['b'], true));
    expect(ran).toEqual(['a', 'b']);
  });

  it('holds a request of many keys until each of them is free, and those behind it on any', () => {
    const { order, ran, task } = recorder();
    const a = task('a', ['a'], true);
    const b = task('b', ['b'], true);
    const both = task('both', ['a', 'b', 'c'], true);
    const c = task('c', ['c'], false);
    for (const each of [a, b, both, c]) order.acquire(each);
    expect(ran).toEqual(['a', 'b']);
    order.release(b);
    expect(ran).toEqual(['a', 'b']);
    order.release(a);
    expect(ran).toEqual(['a', 'b', 'both']);
    order.release(both);
    expect(ran).toEqual(['a', 'b', 'both', 'c']);
  });

  it('names the side that unfinished shadow writes go to, until they are done', () => {
    const { order, task } = recorder();
    const write = task('w', ['k'], true);
    expect(order.pendingWriteTarget('k')).toBeNull();
    order.acquire(write);
    expect(order.pendingWriteTarget('k')).toBe('candidate');
    order.release(write);
    expect(order.pendingWriteTarget('k')).toBeNull();
  });

  it('calls a read raced when a live write of its key overlaps with it, before or after', () => {
    const { order } = recorder();
    const read = order.liveBegins('k', false);
    const write = order.liveBegins('k', true);
    const late = order.liveBegins('k', false);
    expect(order.liveEnds('k', false, read)).toBe(true);
    expect(order.liveEnds('k', true, write)).toBe(false);
    expect(order.liveEnds('k', false, late)).toBe(true);
    const calm = order.liveBegins('k', false);
    expect(order.liveEnds('k', false, calm)).toBe(false);
    expect(order.size).toBe(0);
  });
});
