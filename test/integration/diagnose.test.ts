import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Diagnosis } from '../../src/diagnose/diagnosis.ts';
import type { ObservedSecond } from '../../src/model/observed.ts';
import { createRandom } from '../../src/kit/random.ts';
import type { Pair } from '../../src/model/pair.ts';
import { openRolloutStore } from '../../src/store/rollout-store.ts';
import { answer, exchange } from '../support/answers.ts';
import { crossfade, type Ended } from '../support/command.ts';
import { itemPair, STARTED_AT_MS, writePairs } from '../support/offline.ts';
import { START_MS, timerPauses, traceOf } from '../support/traces.ts';

interface Told extends Diagnosis {
  readonly against: readonly string[];
}

let folder: string;
const path = (name: string): string => join(folder, name);

/** Three minutes at 60 a second; each 20 s legacy stands still for 150 ms, begun by the last. */
const SECONDS = 200;
const pauses = timerPauses('legacy', 20_000, () => 150, SECONDS).map(({ atMs }) => atMs - START_MS);

function* recorded(): Generator<Pair> {
  const random = createRandom(1);
  const body = answer('{}');
  const named = ['a', 'b'].map((name) => answer('{}', ['X-Instance', name]));
  for (let i = 0; i < SECONDS * 60; i += 1) {
    const atMs = (i * 1000) / 60;
    const pause = pauses.find((each) => atMs >= each && atMs < each + 150);
    const waitMs = pause === undefined ? 0 : pause + 150 - atMs;
    const latencyUs = random.int(800, 2000);
    yield itemPair(i, '{}', '{}', {
      arrivedAtMs: STARTED_AT_MS + atMs,
      legacy: { ...exchange('legacy', named[i % 2]!), latencyUs: latencyUs + 1000 * waitMs },
      candidate: { ...exchange('candidate', body), latencyUs },
    });
  }
}

function writeStore(name: string, hasCollector: boolean): string {
  const seconds = 1290;
  const stops = timerPauses('legacy', 120_000, () => 300, seconds);
  const trace = traceOf({ seconds, pauses: stops });
  const ended = stops.map(({ atMs, lengthMs }) => atMs + lengthMs);
  const store = openRolloutStore(path(name));
  store.observed.write(
    1,
    trace.seconds.map(({ startMs, legacy, candidate }): ObservedSecond => {
      const count = ended.filter((atMs) => atMs < startMs + 500).length;
      const kinds = { major: { count, pausedMs: 300 * count } };
      const reading = { atMs: startMs + 500, kinds, lastEndMs: null };
      return {
        startMs,
        pairs: 100,
        legacy: legacy.counts,
        candidate: candidate.counts,
        loopDelayMaxUs: 1000,
        legacyCollector: hasCollector ? reading : null,
        candidateCollector: null,
      };
    }),
  );
  store.close();
  return path(name);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'crossfade-diagnose-'));
  writePairs(path('pauses.crossfade'), recorded());
  writeStore('told.db', true);
  writeStore('silent.db', false);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function told(...words: readonly string[]): Promise<Ended & { found: Told }> {
  const ended = await crossfade('diagnose', ...words, '--json');
  return { ...ended, found: JSON.parse(ended.stdout) as Told };
}

describe('crossfade diagnose', () => {
  test('says of a run’s store what pauses, when, why, and what follows', async () => {
    const { exitCode, stdout, stderr } = await crossfade('diagnose', path('told.db'));
    const text = stdout.replaceAll(/\s+/g, ' ');
    expect(text).toMatch(
      /^legacy pauses 2[89]\d ms every 120\.3 s, in step with its collections; /,
    );
    expect(text).toContain('the candidate shows no such spikes');
    expect(text).toMatch(/The runtime is the floor: a rewrite is justified\.[^.]*\. $/);
    expect(text).toContain('major, Prometheus metrics');
    expect([exitCode, stderr]).toEqual([0, '']);
  });

  test('says what is missing where a run did not tell of its collections', async () => {
    const { exitCode, found } = await told('--store', path('silent.db'));
    expect(exitCode).toBe(4);
    expect(found.decision.floor).toBe('undecided');
    expect(found.decision.reason).toContain('--legacy-gc');
    expect(found.against).toContain('Nothing is known of legacy’s collections.');
  });

  test('takes several sources as instances, all at once as a cause outside of them', async () => {
    const { found } = await told(path('told.db'), path('silent.db'));
    expect(found.instances.map(({ instance }) => instance).toSorted()).toEqual([
      'silent.db',
      'told.db',
    ]);
    expect(found.phases).toBe('together');
  });

  test('diagnoses a recording to the millisecond, with a gctrace beside it', async () => {
    const lines = pauses.map(
      (atMs, i) =>
        `gc ${i + 1} @${(atMs / 1000).toFixed(3)}s 1%: 0.02+149+0.1 ms clock, 4->4->2 MB, ` +
        '90 MB goal, 2 P',
    );
    writeFileSync(path('gc.log'), lines.join('\n'));
    const started = new Date(STARTED_AT_MS).toISOString();
    const recording = path('pauses.crossfade');
    const given = ['--legacy-gc', path('gc.log'), '--legacy-started', started];
    const { exitCode, found } = await told(recording, ...given);
    expect(found.sentence).toMatch(/^legacy pauses 1[345]\d ms every 20\.[12] s, in step with its/);
    expect(found.instances[0]!.legacy.origin!.kind).toBe('timer');
    expect([exitCode, found.decision.floor]).toEqual([0, 'runtime']);
  });

  test('takes a recording apart by the instance that answered', async () => {
    const recording = path('pauses.crossfade');
    const ended = await crossfade('diagnose', recording, '--instance', 'x-instance');
    // Half of 60 requests a second each: too few to see a spike in.
    expect(ended.stderr).toMatch(/^crossfade: The trace of [ab] has too few answers a second/);
    expect(ended.exitCode).toBe(4);
  });

  test('says which store it has looked for in a folder without one', async () => {
    const ended = await crossfade('diagnose', mkdtempSync(path('empty-')));
    expect(ended.stderr).toMatch(
      /^crossfade: No run is here: there is no .*empty-.*crossfade\.db\./,
    );
    expect(ended.stderr).toContain("hint: Name a run's store, or a recording");
    expect(ended.exitCode).toBe(5);
  });

  test.each([
    ['nothing there', ['none.db'], 5, 'no-run'],
    ['no store', ['gc.txt'], 2, 'sqlite-corrupt'],
    ['no collections', ['told.db', '--legacy-gc', 'gc.txt'], 2, 'gc-unreadable'],
    ['no start of the process', ['told.db', '--legacy-gc', 'one.log'], 2, 'usage'],
    ['no number of reads', ['told.db', '--reads', '0'], 2, 'bad-option'],
    ['no duration', ['told.db', '--slow', 'fast'], 2, 'bad-option'],
  ])('refuses %s', async (_what, words, exitCode, code) => {
    writeFileSync(
      path('gc.txt'),
      'nothing of the kind, but long enough to be looked at\n'.repeat(9),
    );
    writeFileSync(path('one.log'), 'gc 1 @1.5s 1%: 0.1+0.2+0.1 ms clock, 4->4->2 MB, 5 MB goal');
    const files = words.map((word) => (/\.(db|txt|log)$/.test(word) ? path(word) : word));
    const ended = await crossfade('diagnose', ...files, '--json');
    expect(JSON.parse(ended.stderr)).toMatchObject({ error: { code } });
    expect(ended.exitCode).toBe(exitCode);
  });
});
