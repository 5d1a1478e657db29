import { describe, expect, it } from 'vitest';
import { KeyOrder, type OrderedTask } from '../../src/proxy/mirror/key-order.ts';

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

  it('knows to which sides shadow writes are unfinished, each until it is done', () => {
    const { order, task } = recorder();
    const write = task('w', ['k'], true);
    const other: OrderedTask = { ...task('x', ['k'], true), target: 'legacy' };
    const pending = () =>
      (['legacy', 'candidate'] as const).filter((side) => order.hasPendingWrites('k', side));
    expect(pending()).toEqual([]);
    order.acquire(write);
    expect(pending()).toEqual(['candidate']);
    order.acquire(other);
    expect(pending()).toEqual(['legacy', 'candidate']);
    order.release(write);
    expect(pending()).toEqual(['legacy']);
    order.release(other);
    expect(pending()).toEqual([]);
  });

  it('calls a read raced when a live write of its key overlaps with it, before or after', () => {
    const { order } = recorder();
    const begin = (isWrite: boolean) => order.liveBegins(['k'], isWrite, 'legacy');
    const read = begin(false);
    const write = begin(true);
    const late = begin(false);
    expect([read.isRaced, write.isRaced, late.isRaced]).toEqual([false, false, true]);
    expect(order.liveEnds(['k'], false, read)).toBe(true);
    expect(order.liveEnds(['k'], true, write)).toBe(false);
    expect(order.liveEnds(['k'], false, late)).toBe(false);
    const calm = begin(false);
    expect(calm.isRaced).toBe(false);
    expect(order.liveEnds(['k'], false, calm)).toBe(false);
    expect(order.size).toBe(0);
  });

  it('knows when a live write went to the side where a shadow read was still waiting', () => {
    const { order, task } = recorder();
    const arrival = order.liveBegins(['k'], false, 'candidate');
    const shadow = { ...task('r', ['k'], false), target: 'legacy' as const };
    order.acquire(shadow);
    order.liveEnds(['k'], false, arrival);
    const write = order.liveBegins(['j', 'k'], true, 'legacy');
    expect(order.wasOvertaken(['k'], 'legacy', arrival)).toBe(true);
    expect(order.wasOvertaken(['k'], 'candidate', arrival)).toBe(false);
    expect(order.wasOvertaken(['k'], 'legacy', write)).toBe(false);
  });
});
