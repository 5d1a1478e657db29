import { describe, expect, it } from 'vitest';
import { KeyOrder, type OrderedTask } from '../../src/proxy/mirror/key-order.ts';

const WRITE = { route: 'POST /k', method: 'POST', atMs: 1 };
const LONE = { route: 'POST other', method: 'POST', atMs: 2 };

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

  it('names the live write that overlaps with a read, begun before it or after', () => {
    const { order } = recorder();
    const read = order.liveBegins(['k'], 'legacy');
    const write = order.liveBegins(['k'], 'legacy', WRITE);
    const late = order.liveBegins(['k'], 'legacy');
    expect([read.overlap, write.overlap, late.overlap]).toEqual([null, null, WRITE]);
    expect(order.isQuiet(['j', 'k'])).toBe(false);
    expect(order.liveEnds(['k'], read)).toBe(WRITE);
    expect(order.liveEnds(['k'], write)).toBeNull();
    expect(order.isQuiet(['j', 'k'])).toBe(true);
    expect(order.liveEnds(['k'], late)).toBeNull();
    const calm = order.liveBegins(['k'], 'legacy');
    expect(calm.overlap).toBeNull();
    expect(order.liveEnds(['k'], calm)).toBeNull();
    expect(order.size).toBe(0);
  });

  it('names the live write that went to the side where a shadow read was still waiting', () => {
    const { order, task } = recorder();
    const arrival = order.liveBegins(['k'], 'candidate');
    const shadow = { ...task('r', ['k'], false), target: 'legacy' as const };
    order.acquire(shadow);
    order.liveEnds(['k'], arrival);
    const write = order.liveBegins(['j', 'k'], 'legacy', WRITE);
    expect(order.overtakenBy(['k'], 'legacy', arrival)).toBe(WRITE);
    expect(order.overtakenBy(['k'], 'candidate', arrival)).toBeNull();
    expect(order.overtakenBy(['k'], 'legacy', write)).toBeNull();
  });

  it('holds a write without a copy against reads of either side, and against no write', () => {
    const { order, task } = recorder();
    const read = order.liveBegins(['k'], 'legacy');
    order.acquire(task('r', ['k'], false));
    const first = order.liveBegins(['k'], 'legacy', WRITE);
    const lone = order.liveBegins(['k'], 'legacy', LONE, true);
    const beside = order.liveBegins(['k'], 'legacy', WRITE);
    const during = order.liveBegins(['k'], 'candidate');
    expect([lone.overlap, beside.overlap, during.overlap]).toEqual([WRITE, WRITE, WRITE]);
    expect(order.liveEnds(['k'], first)).toBe(WRITE);
    expect(order.liveEnds(['k'], beside)).toBeNull();
    expect(order.overtakenBy(['k'], 'candidate', read)).toBe(LONE);
    expect(order.liveBegins(['k'], 'legacy').overlap).toBe(LONE);
    expect(order.liveBegins(['k'], 'legacy', WRITE).overlap).toBeNull();
  });

  it('is not quiet while a shadow write of the key waits or is under way', () => {
    const { order, task } = recorder();
    const write = task('w', ['k'], true);
    order.acquire(write);
    expect(order.isQuiet(['k'])).toBe(false);
    order.release(write);
    expect(order.isQuiet(['k'])).toBe(true);
  });

  it('doubts whose writes of one key that were under way at once came first', () => {
    const { order } = recorder();
    const first = order.liveBegins(['j', 'k'], 'legacy', WRITE);
    order.liveBegins(['j'], 'legacy');
    order.liveBegins(['l'], 'legacy', WRITE);
    order.liveBegins(['j'], 'legacy', LONE, true);
    expect(order.doubtful(['j', 'k', 'l'])).toEqual([]);
    order.liveBegins(['k'], 'candidate', { ...WRITE, atMs: 50 });
    expect(order.doubtful(['j', 'k', 'l'])).toEqual(['k']);
    order.liveEnds(['j', 'k'], first);
    expect(order.doubtful(['k'])).toEqual(['k']);
    order.agreed(['j', 'k']);
    expect(order.doubtful(['k'])).toEqual([]);
  });
});
