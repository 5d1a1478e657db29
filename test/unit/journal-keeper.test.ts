import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { JournalKeeper } from '../../src/engines/journal-keeper.ts';
import { LIMITS } from '../../src/kit/limits.ts';
import type { TaintedKey } from '../../src/model/window.ts';
import type { ToProxy } from '../../src/proxy/messages.ts';
import { createWriteLog, type OpenWrite } from '../../src/proxy/missed/write-log.ts';
import type { MissedWriteChange, MissedWriteStore } from '../../src/store/missed-writes.ts';
import { openRolloutStore } from '../../src/store/rollout-store.ts';
import { inTurn, missedWrite } from '../support/missed-writes.ts';
import { createSimulatedClock } from '../support/simulated-clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'crossfade-missed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const QUIET = { error: () => undefined };
const NOTHING: MissedWriteChange = {
  added: [],
  granted: [],
  ungranted: [],
  removed: [],
  opened: [],
  closed: [],
  tainted: [],
};

/** A store in a file of its own, whose disk can be full. */
function storeAt(name: string) {
  const file = openRolloutStore(join(folder, name));
  const disk = { isFull: false };
  const store: MissedWriteStore = {
    all: () => file.missedWrites.all(),
    open: () => file.missedWrites.open(),
    commit: (change) => {
      if (disk.isFull) throw new Error('the disk is full');
      file.missedWrites.commit(change);
    },
  };
  return { file, disk, store };
}

/** A keeper, and what it says to each of its proxies. */
function keep(store: MissedWriteStore) {
  const clock = createSimulatedClock();
  const tainted: TaintedKey[] = [];
  const keeper = new JournalKeeper({
    store,
    clock,
    log: QUIET,
    taint: (keys) => void tainted.push(...keys),
  });
  const join = (worker: number, open = new Map<number, OpenWrite>()): ToProxy[] => {
    const heard: ToProxy[] = [];
    keeper.joined(worker, open, (message) => void heard.push(message));
    keeper.ready(worker);
    return heard;
  };
  return { clock, keeper, join, tainted };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function replays(heard: readonly ToProxy[]): readonly [number, string][] {
  return heard.flatMap((message) =>
    message.kind === 'replay' ? [[message.id, message.write.target] as [number, string]] : [],
  );
}

describe('the journal of all proxies', () => {
  it('merges the writes of a key told by several proxies, and has one of them replay', async () => {
    const { file, store } = storeAt('merge.db');
    const { clock, keeper, join } = keep(store);
    const first = join(1);
    const second = join(2);
    const [one, two, three] = inTurn(3);
    keeper.hear(1, { kind: 'missed', seq: 1, write: two! });
    keeper.hear(2, { kind: 'missed', seq: 1, write: one! });
    keeper.hear(1, { kind: 'missed', seq: 2, write: three! });
    await turn();
    expect(first).toEqual([{ kind: 'held', keys: [['a', 'legacy']] }]);
    expect(second).toEqual(first);
    for (let left = 3; left > 0; left -= 1) {
      clock.advance(LIMITS.replaySettleMs + 1);
      const newest = replays(second).at(-1)!;
      keeper.hear(2, { kind: 'replayed', id: newest[0], end: 'done' });
    }
    await turn();
    expect(replays(first)).toEqual([]);
    expect(replays(second).map(([, target]) => target)).toEqual(['/1', '/2', '/3']);
    expect(first.filter(({ kind }) => kind === 'released')).toEqual([
      { kind: 'released', keys: ['a'], seenSeq: 2 },
    ]);
    expect(second.at(-1)).toEqual({ kind: 'released', keys: ['a'], seenSeq: 1 });
    expect(keeper.state()).toMatchObject({ entries: 0, bytes: 0, keys: [] });
    file.close();
  });

  it('says what is on disk, and goes on from there after a kill', async () => {
    const { file, store } = storeAt('killed.db');
    const before = keep(store);
    const heard = before.join(1);
    for (const [i, write] of inTurn(3).entries()) {
      before.keeper.hear(1, { kind: 'missed', seq: i + 1, write });
    }
    expect(store.all()).toEqual([]);
    before.clock.advance(LIMITS.journalPersistMs);
    expect(heard.at(-1)).toEqual({ kind: 'kept', seq: 3 });
    expect(store.all().map(({ write }) => write.target)).toEqual(['/1', '/2', '/3']);

    const { keeper, clock, join, tainted } = keep(store);
    expect(keeper.held()).toEqual([['a', 'legacy']]);
    const again = join(1);
    // What comes now is newer, though the machine's clock may have begun anew.
    keeper.hear(1, {
      kind: 'missed',
      seq: 1,
      write: missedWrite({ target: '/4', arrivedUs: 1, endedUs: 2 }),
    });
    for (let left = 4; left > 0; left -= 1) {
      keeper.hear(1, { kind: 'replayed', id: replays(again).at(-1)![0], end: 'done' });
    }
    expect(replays(again).map(([, target]) => target)).toEqual(['/1', '/2', '/3', '/4']);
    clock.advance(LIMITS.journalPersistMs);
    expect(store.all()).toEqual([]);
    expect(tainted).toEqual([]);
    file.close();
  });

  it('answers for what came and went before it could be on disk', () => {
    const { file, store } = storeAt('brief.db');
    const { keeper, clock, join } = keep(store);
    const heard = join(1);
    keeper.hear(1, { kind: 'missed', seq: 1, write: missedWrite() });
    keeper.hear(1, { kind: 'replayed', id: replays(heard)[0]![0], end: 'done' });
    clock.advance(LIMITS.journalPersistMs);
    expect(heard.at(-1)).toEqual({ kind: 'kept', seq: 1 });
    file.close();
  });

  it('never replays after a kill what may have been sent and must not be sent twice', () => {
    const { file, store } = storeAt('granted.db');
    const { keeper, join } = keep(store);
    const heard = join(1);
    for (const [i, write] of inTurn(2, { isIdempotent: false }).entries()) {
      keeper.hear(1, { kind: 'missed', seq: i + 1, write });
    }
    expect(replays(heard)).toHaveLength(1);
    expect(store.all().map(({ isGranted }) => isGranted)).toEqual([true]);

    const again = keep(store);
    again.clock.advance(LIMITS.journalPersistMs);
    expect(again.tainted.map(([key, truth, reason]) => [key, truth, reason])).toEqual([
      ['a', 'legacy', 'shadow-unknown'],
    ]);
    expect(store.all()).toEqual([]);
    expect(file.tainted()).toEqual([['a', 'legacy', 'shadow-unknown']]);
    file.close();
  });

  it('loses nothing when it ends in order: what was not sent is sent by the next', () => {
    const { file, store } = storeAt('closed.db');
    const { keeper, join } = keep(store);
    const heard = join(1);
    for (const [i, write] of inTurn(3, { isIdempotent: false }).entries()) {
      keeper.hear(1, { kind: 'missed', seq: i + 1, write });
    }
    keeper.hear(1, { kind: 'replayed', id: replays(heard)[0]![0], end: 'unsent' });
    keeper.left(1);
    keeper.close();
    const next = keep(store);
    expect(next.tainted).toEqual([]);
    const again = next.join(1);
    next.clock.advance(LIMITS.replayBackoffMaxMs);
    expect(replays(again).map(([, target]) => target)).toEqual(['/1']);
    file.close();
  });

  it('takes a replay of a proxy that has died for one of unknown outcome', () => {
    const { file, store } = storeAt('died.db');
    const { keeper, clock, join, tainted } = keep(store);
    join(1);
    keeper.hear(1, { kind: 'missed', seq: 1, write: missedWrite({ isIdempotent: false }) });
    keeper.hear(1, { kind: 'missed', seq: 2, write: missedWrite({ keys: ['b'] }) });
    keeper.left(1);
    expect(tainted.map(([key, , reason]) => [key, reason])).toEqual([['a', 'shadow-unknown']]);
    const next = join(2);
    clock.advance(LIMITS.replayBackoffMaxMs);
    expect(replays(next)).toHaveLength(1);
    // Its last words may come after its end.
    keeper.hear(1, { kind: 'missed', seq: 3, write: missedWrite({ keys: ['c'] }) });
    expect(keeper.held().map(([key]) => key)).toEqual(['b', 'c']);
    file.close();
  });

  it('says that the disk is full, sends nothing that needs it, and writes all once it can', () => {
    const { file, disk, store } = storeAt('full.db');
    const { keeper, clock, join } = keep(store);
    const heard = join(1);
    disk.isFull = true;
    keeper.hear(1, { kind: 'missed', seq: 1, write: missedWrite({ isIdempotent: false }) });
    clock.advance(10_000);
    expect(replays(heard)).toEqual([]);
    expect(heard.some(({ kind }) => kind === 'kept')).toBe(false);
    expect(keeper.state().problem).toContain('the disk is full');
    disk.isFull = false;
    clock.advance(LIMITS.replayBackoffMaxMs);
    expect(replays(heard)).toHaveLength(1);
    expect(keeper.state().problem).toBe(null);
    expect(store.all()).toHaveLength(1);
    file.close();
  });
});

describe('the journal on disk', () => {
  it('is open to its owner alone, for it holds credentials as they came', () => {
    const { file, store } = storeAt('private.db');
    const headers = ['Authorization', 'Bearer not-for-others'];
    const write = missedWrite({ headers, body: 'AAEC' });
    store.commit({ ...NOTHING, added: [{ id: 5, era: 2, isGranted: false, write }] });
    expect(store.all()).toEqual([{ id: 5, era: 2, isGranted: false, write }]);
    for (const suffix of ['', '-wal']) {
      expect(statSync(join(folder, `private.db${suffix}`)).mode & 0o077).toBe(0);
    }
    store.commit({ ...NOTHING, granted: [5] });
    expect(store.all()[0]!.isGranted).toBe(true);
    store.commit({ ...NOTHING, ungranted: [5], tainted: [['a', 'legacy', 'overtaken']] });
    expect(store.all()[0]!.isGranted).toBe(false);
    store.commit({ ...NOTHING, removed: [5] });
    expect(store.all()).toEqual([]);
    expect(file.tainted()).toEqual([['a', 'legacy', 'overtaken']]);
    file.close();
  });

  it('is in the order of arrival, the eras one after the other', () => {
    const { file, store } = storeAt('order.db');
    const [one, two, three] = inTurn(3);
    store.commit({
      ...NOTHING,
      added: [
        { id: 1, era: 2, isGranted: false, write: one! },
        { id: 2, era: 1, isGranted: false, write: three! },
        { id: 3, era: 1, isGranted: false, write: two! },
      ],
    });
    expect(store.all().map(({ id }) => id)).toEqual([3, 2, 1]);
    file.close();
  });
});

describe('writes under way for a while', () => {
  const underWay = (...keys: readonly string[]) =>
    new Map(keys.map((key, id): [number, OpenWrite] => [id, { id, keys: [key], truth: 'legacy' }]));
  const reasons = (tainted: readonly TaintedKey[]) =>
    tainted.map(([key, truth, reason]) => [key, truth, reason]);

  it('taint their keys at the next start, when controller and proxies died together', () => {
    const { file, store } = storeAt('all-dead.db');
    const { keeper, clock, join, tainted } = keep(store);
    join(1, underWay('a', 'b', 'c'));
    keeper.hear(1, { kind: 'lasting', ids: [0, 2] });
    clock.advance(LIMITS.journalPersistMs);
    expect(tainted).toEqual([]);

    const again = keep(store);
    const lost = [
      ['a', 'legacy', 'proxy-lost'],
      ['c', 'legacy', 'proxy-lost'],
    ];
    expect(reasons(again.tainted)).toEqual(lost);
    again.clock.advance(LIMITS.journalPersistMs);
    expect(store.open()).toEqual([]);
    expect(file.tainted()).toEqual(lost);
    expect(keep(store).tainted).toEqual([]);
    file.close();
  });

  it('stay on disk behind their end until what became of them is there, and no longer', () => {
    const { file, store } = storeAt('ended.db');
    const { keeper, clock, join, tainted } = keep(store);
    const open = underWay('a', 'b');
    join(1, open);
    keeper.hear(1, { kind: 'lasting', ids: [0, 1] });
    clock.advance(LIMITS.openWriteKeptMs);
    open.delete(0);
    clock.advance(LIMITS.openWriteKeptMs - LIMITS.persistEveryMs);
    expect(store.open()).toHaveLength(2);
    clock.advance(3 * LIMITS.persistEveryMs);
    expect(store.open()).toEqual([{ row: 2, keys: ['b'], truth: 'legacy' }]);
    open.delete(1);
    keeper.close();
    expect(store.open()).toEqual([]);
    expect(tainted).toEqual([]);
    file.close();
  });

  it('taint their keys in the same moment in which their proxy is known to have died', () => {
    const { file, store } = storeAt('one-dead.db');
    const { keeper, clock, join, tainted } = keep(store);
    join(1, underWay('a', 'b'));
    keeper.hear(1, { kind: 'lasting', ids: [0] });
    clock.advance(LIMITS.journalPersistMs);
    keeper.left(1);
    expect(reasons(tainted)).toEqual([
      ['a', 'legacy', 'proxy-lost'],
      ['b', 'legacy', 'proxy-lost'],
    ]);
    clock.advance(LIMITS.journalPersistMs);
    expect(store.open()).toEqual([]);
    expect(file.tainted()).toHaveLength(2);
    file.close();
  });

  it('are told by their proxy once, and only if they last', () => {
    let nowMs = 0;
    const writes = createWriteLog(
      () => undefined,
      () => nowMs,
    );
    const [brief, long] = [writes.begins(['a'], 'legacy'), writes.begins(['b'], 'legacy')];
    nowMs = 10;
    writes.begins(['c'], 'legacy');
    writes.ends(brief);
    nowMs = 100;
    expect(writes.takeLasting(100)).toEqual([long]);
    expect(writes.takeLasting(100)).toEqual([]);
    expect(writes.takeEnded()).toEqual([brief]);
  });
});
