import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { first } from '../../../src/rollout/verbs.ts';
import { openRolloutStore, type RolloutChange } from '../../../src/store/rollout-store.ts';

const MODULE = import.meta.resolve('../../../src/store/rollout-store.ts');
let folder = '';
const path = (): string => join(folder, 'crossfade.db');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollout-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function change(over: Partial<RolloutChange> = {}): RolloutChange {
  const state = first({ label: 'build-1', salt: 'salt', proof: '' }, 1000);
  return { state, progress: '{}', events: [], windows: [], tainted: [], ...over };
}

function event(id: number): RolloutChange['events'][number] {
  return { id, rollout: 1, atMs: id, kind: 'start', percent: 0.5, sentence: `event ${id}` };
}

describe('the rollout store', () => {
  it('gives back what was committed, across a close', () => {
    const store = openRolloutStore(path());
    expect(store.load()).toBeNull();
    expect(store.lastEventId()).toBe(0);
    const { state } = change();
    const window = { rollout: 1, revision: 1, windowMs: 1000, startMs: 5, body: '{"a":1}' };
    const old = { ...window, revision: 0 };
    store.commit(
      change({
        progress: '{"p":1}',
        events: [event(1), event(2)],
        windows: [window, old],
        tainted: [['k', 'candidate', 'not-mirrored']],
      }),
    );
    store.commit(
      change({
        progress: '{"p":2}',
        events: [event(3)],
        windows: [window],
        resources: [{ ...window, body: '{"m":1}' }],
        tainted: [['k', 'candidate', 'not-mirrored']],
      }),
    );
    store.close();
    const again = openRolloutStore(path());
    const resources = [{ ...window, body: '{"m":1}' }];
    expect(again.load()).toEqual({ state, progress: '{"p":2}', windows: [window], resources });
    expect(again.events(1, 10)).toEqual([event(2), event(3)]);
    expect(again.events(0, 1)).toEqual([event(3)]);
    expect(again.lastEventId()).toBe(3);
    expect(again.tainted()).toEqual([['k', 'candidate', 'not-mirrored']]);
    again.close();
  });

  it('takes up the newest rollout', () => {
    const store = openRolloutStore(path());
    store.commit(change());
    store.commit(
      change({ state: { ...first({ label: 'build-2', salt: 'salt', proof: '' }, 1), id: 2 } }),
    );
    expect(store.load()?.state).toMatchObject({ id: 2, label: 'build-2' });
    store.close();
  });

  it('changes nothing when a part of a commit cannot be written', () => {
    const store = openRolloutStore(path());
    store.commit(change({ events: [event(1)] }));
    const twice = change({ progress: '{"p":9}', events: [event(2), event(1)] });
    expect(() => store.commit(twice)).toThrow(/crossfade.db/);
    expect(store.load()?.progress).toBe('{}');
    expect(store.events(0, 10)).toEqual([event(1)]);
    store.close();
  });

  it('counts its openings in epochs that only grow', () => {
    const store = openRolloutStore(path());
    expect(store.nextEpoch()).toBe(1);
    store.close();
    const again = openRolloutStore(path());
    expect(again.nextEpoch()).toBe(2);
    again.close();
  });

  it('is readable by its owner alone', () => {
    openRolloutStore(path()).close();
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  it('lets no second controller in, and the next one as soon as the first is killed', () => {
    const store = openRolloutStore(path());
    const open = `
      const { openRolloutStore } = await import('${MODULE}');
      try {
        openRolloutStore(process.argv[1]);
        console.log('opened');
        process.kill(process.pid, 'SIGKILL');
      } catch (error) { console.log(error.code); }`;
    const other = (): string => {
      try {
        return execFileSync(process.execPath, ['--input-type=module', '-e', open, path()], {
          encoding: 'utf8',
        });
      } catch (error) {
        return (error as { stdout: string }).stdout;
      }
    };
    expect(other().trim()).toBe('store-locked');
    store.close();
    expect(other().trim()).toBe('opened');
    const again = openRolloutStore(path());
    expect(again.load()).toBeNull();
    again.close();
  });
});
