import { describe, expect, it } from 'vitest';
import type { MissedWrite } from '../../src/model/missed-write.ts';
import { MissedWrites } from '../../src/proxy/missed/missed-writes.ts';
import type { Passage } from '../../src/proxy/passage.ts';
import { TaintedKeys } from '../../src/proxy/missed/taint.ts';
import { createWriteLog, type OpenWrite } from '../../src/proxy/missed/write-log.ts';
import { BodyPipe } from '../../src/wire/body-pipe.ts';
import { testRoute } from '../support/proxy.ts';

/** How a leg has ended: whole, cut by us in its answer, failed after it was sent, never sent. */
type End = 'done' | 'cut' | 'unknown' | 'unsent';

function leg(end: End | null): object | null {
  if (end === null) return null;
  const isFailed = end !== 'done';
  const status = end === 'done' || end === 'cut' ? 200 : 0;
  const outcome = isFailed ? 'aborted' : 'answered';
  return { isFailed, isSent: end !== 'unsent', status, outcome, finishedUs: 90 };
}

interface Ends {
  readonly live?: End;
  readonly shadow?: End;
  readonly isIdempotent?: boolean;
  readonly changes?: object;
}

function stage() {
  let nowUs = 100;
  const told: MissedWrite[] = [];
  const open: OpenWrite[] = [];
  const writes = createWriteLog((write) => void open.push(write));
  const tainted = new TaintedKeys(() => nowUs);
  const port = { seq: 1, isThere: true };
  const journal = {
    count: 0,
    bytes: 0,
    close: () => undefined,
    missed: (write: MissedWrite) => {
      if (port.isThere) told.push(write);
      return port.isThere ? port.seq : -1;
    },
  };
  const unplaced: string[] = [];
  const missed = new MissedWrites({
    tainted,
    journal,
    writes,
    unplaced: (route) => void unplaced.push(route),
  });
  const passage = ({ live, shadow, isIdempotent = false, changes = {} }: Ends): Passage => {
    const settings = testRoute('PUT /u/:user/x', { writes: 'mirror', isIdempotent });
    return {
      identity: { keys: ['a'], isMirroredWrite: true, isSafe: false, route: { settings } },
      plan: { liveSide: 'legacy', shadowSide: 'candidate', skip: null, overtaken: [] },
      live: leg(live ?? null),
      shadow: leg(shadow ?? null),
      arrivedUs: 50,
      isRaced: false,
      isMirrored: shadow !== undefined,
      hasLiveEnded: live !== undefined,
      copy: Buffer.from('body'),
      body: Buffer.from('body'),
      writeId: -1,
      requestFor: () => ({ method: 'PUT', target: '/u/a/x', headers: ['A', 'b'] }),
      ...changes,
    } as unknown as Passage;
  };
  return {
    missed,
    passage,
    told,
    unplaced,
    tainted,
    port,
    writes,
    open,
    setNowUs: (us: number) => {
      nowUs = us;
    },
  };
}

const reasons = (tainted: TaintedKeys) => tainted.all().map(([, , reason]) => reason);

describe('a mirrored write', () => {
  it.each([
    ['done', 'done', false, 0, []],
    ['unsent', 'unsent', false, 0, []],
    ['cut', 'cut', false, 0, []],
    ['cut', 'unsent', false, 1, []],
    ['done', 'unsent', false, 1, []],
    ['done', 'unknown', true, 1, []],
    ['done', 'unknown', false, 0, ['shadow-unknown']],
    ['unknown', 'done', true, 0, ['live-unknown']],
    ['unsent', 'done', true, 0, ['live-unknown']],
    ['unknown', 'unknown', true, 0, ['live-unknown']],
    ['unknown', 'unsent', false, 1, ['live-unknown']],
  ] as const)(
    'that live has %s and its shadow has %s (idempotent: %s)',
    (live, shadow, isIdempotent, journalled, tainted) => {
      const s = stage();
      const passage = s.passage({ live, shadow, isIdempotent });
      s.missed.shadowEnded(passage);
      expect(s.missed.holds(['a'])).toBe(shadow !== 'done' && shadow !== 'cut');
      s.missed.settled(passage);
      expect(s.told).toHaveLength(journalled);
      expect(reasons(s.tainted)).toEqual(tainted);
      expect(s.missed.holds(['a'])).toBe(journalled === 1);
    },
  );

  it('is journalled as the shadow should have got it, with the times of the live side', () => {
    const s = stage();
    s.missed.settled(s.passage({ live: 'done', shadow: 'unsent', isIdempotent: true }));
    expect(s.told).toEqual([
      {
        keys: ['a'],
        truth: 'legacy',
        isIdempotent: true,
        isRaced: false,
        arrivedUs: 50,
        endedUs: 90,
        method: 'PUT',
        target: '/u/a/x',
        headers: ['A', 'b'],
        body: Buffer.from('body').toString('base64'),
      },
    ]);
  });

  it('that no journal takes taints its key', () => {
    const s = stage();
    s.port.isThere = false;
    s.missed.settled(s.passage({ live: 'done', shadow: 'unsent' }));
    expect(reasons(s.tainted)).toEqual(['not-mirrored']);
    expect(s.missed.holds(['a'])).toBe(false);
  });
});

describe('a write that is not mirrored', () => {
  it('holds its key from its plan on, is told once live has ended, never before', () => {
    const s = stage();
    const passage = s.passage({});
    s.missed.notMirrored(passage);
    expect(s.missed.holds(['a', 'b'])).toBe(true);
    expect(s.open).toEqual([{ id: 0, keys: ['a'], truth: 'legacy' }]);
    expect(s.told).toEqual([]);
    passage.live = leg('done') as never;
    s.missed.liveEnded(passage);
    expect(s.told).toHaveLength(1);
    expect(s.writes.takeEnded()).toEqual([0]);
    expect(s.missed.holds(['a'])).toBe(true);
    s.tainted.held.released(['a'], 1);
    expect(s.missed.holds(['a'])).toBe(false);
  });

  it('is known to be done where live has answered, though its client took no answer', () => {
    const s = stage();
    s.missed.notMirrored(s.passage({ live: 'cut' }));
    expect(s.told).toHaveLength(1);
    expect(s.tainted.all()).toEqual([]);
  });

  it('is told behind an earlier one of its key, and counts as under way until then', () => {
    const s = stage();
    const first = s.passage({ changes: { arrivedUs: 40, isMirrored: true, writeId: 7 } });
    const second = s.passage({});
    s.missed.liveBegins(first);
    s.missed.notMirrored(second);
    s.missed.liveBegins(second);
    s.missed.liveEnded(Object.assign(second, { live: leg('done') }));
    expect(s.told).toEqual([]);
    expect(s.writes.takeEnded()).toEqual([]);
    expect(s.missed.holds(['a'])).toBe(true);
    s.missed.settled(Object.assign(first, { live: leg('done'), shadow: leg('unsent') }));
    expect(s.told.map(({ arrivedUs }) => arrivedUs)).toEqual([40, 50]);
    expect(s.writes.takeEnded()).toEqual([7, 0]);
  });

  it('is not replayed when live never got it', () => {
    const s = stage();
    s.missed.notMirrored(s.passage({ live: 'unsent' }));
    expect(s.told).toEqual([]);
    expect(s.tainted.count).toBe(0);
  });

  it('taints its key where its body was not kept whole', () => {
    const s = stage();
    const body = new BodyPipe(null);
    s.missed.notMirrored(s.passage({ live: 'done', changes: { copy: null, body } }));
    expect(s.told).toEqual([]);
    expect(reasons(s.tainted)).toEqual(['not-mirrored']);
    expect(s.missed.holds(['a'])).toBe(false);
  });

  it('of no key, or of too many, is counted by its route, however it was missed', () => {
    const s = stage();
    const identity = { keys: [], isMirroredWrite: true, isSafe: false, route: { name: 'POST /w' } };
    const ends = (live: End, shadow: End): void =>
      s.missed.settled(s.passage({ live, shadow, changes: { identity } }));
    ends('done', 'done');
    ends('unsent', 'unsent');
    expect(s.unplaced).toEqual([]);
    s.missed.notMirrored(s.passage({ changes: { identity } }));
    ends('done', 'unsent');
    ends('done', 'unknown');
    ends('unknown', 'done');
    const many = { ...identity, keys: ['a'], hasTooManyKeys: true };
    s.missed.notMirrored(s.passage({ live: 'done', changes: { identity: many } }));
    expect(s.unplaced).toEqual(Array(5).fill('POST /w'));
    expect(s.told).toEqual([]);
    expect(s.tainted.count).toBe(0);
  });

  it('of a route that is never mirrored, or of no key, is left alone', () => {
    const s = stage();
    const identity = { keys: ['a'], isMirroredWrite: false, route: {} };
    s.missed.notMirrored(s.passage({ live: 'done', changes: { identity } }));
    const keyless = { keys: [], isMirroredWrite: true, route: {} };
    s.missed.notMirrored(s.passage({ live: 'done', changes: { identity: keyless } }));
    expect(s.told).toEqual([]);
    expect(s.tainted.count).toBe(0);
  });
});

describe('a read that both sides answered alike', () => {
  const read = (isVerifying: boolean, changes: object = {}) => ({
    identity: {
      keys: ['a'],
      isSafe: true,
      route: { settings: testRoute('GET /u/:user/all', { isVerifying }) },
    },
    live: { status: 200 },
    shadow: { status: 200 },
    arrivedUs: 200,
    ...changes,
  });

  it('lifts the taints of before it where it shows all of its key, and tells of it', () => {
    const s = stage();
    s.tainted.add('a', 'legacy', 'shadow-unknown');
    s.missed.agreed(s.passage({ changes: read(false) }));
    s.missed.agreed(s.passage({ changes: read(true, { isRaced: true }) }));
    s.missed.agreed(s.passage({ changes: read(true, { arrivedUs: 99 }) }));
    const refused = { live: { status: 401 }, shadow: { status: 401 } };
    s.missed.agreed(s.passage({ changes: read(true, refused) }));
    expect(s.tainted.has('a')).toBe(true);
    s.missed.agreed(s.passage({ changes: read(true) }));
    expect(s.tainted.has('a')).toBe(false);
    expect(s.tainted.takeLifted()).toEqual([['a', 200]]);
  });

  it('lifts nothing while writes wait, nor when it began before they were replayed', () => {
    const s = stage();
    s.tainted.add('a', 'legacy', 'overtaken');
    s.tainted.held.kept([['a', 'legacy']]);
    s.missed.agreed(s.passage({ changes: read(true) }));
    s.setNowUs(300);
    s.tainted.held.released(['a'], 0);
    s.missed.agreed(s.passage({ changes: read(true) }));
    expect(s.tainted.has('a')).toBe(true);
    s.missed.agreed(s.passage({ changes: read(true, { arrivedUs: 301 }) }));
    expect(s.tainted.has('a')).toBe(false);
  });
});
