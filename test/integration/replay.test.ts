import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseFlaw } from '../../src/read-states/flaws.ts';
import { type ReadStatesProcess, spawnReadStates } from '../../src/read-states/spawn.ts';
import { crossfade, type Ended } from '../support/command.ts';
import { withDirectory } from '../support/recorded.ts';

const FIXTURE = fileURLToPath(
  new URL('../../fixtures/read-states-small.crossfade', import.meta.url),
);
const RATE = ['--rate', '1500/s'];

const running: ReadStatesProcess[] = [];

async function side(engine: 'legacy' | 'slab', ...flaws: string[]): Promise<ReadStatesProcess> {
  const made = await spawnReadStates({
    engine,
    port: 0,
    capacity: 50_000,
    gcPeriodMs: 0,
    flaws: flaws.map(parseFlaw),
    onLine: () => undefined,
  });
  running.push(made);
  await made.ready;
  return made;
}

function replay(candidateUrl: string, ...words: string[]): Promise<Ended> {
  return replayFile(FIXTURE, candidateUrl, ...words);
}

function replayFile(file: string, candidateUrl: string, ...words: string[]): Promise<Ended> {
  return crossfade('replay', file, '--legacy', legacy.url, '--candidate', candidateUrl, ...words);
}

interface JsonReport {
  readonly outcome: string;
  readonly traffic: Record<string, number>;
  readonly clusters: readonly { readonly kind: string; readonly path: string }[];
}

let legacy: ReadStatesProcess;

afterEach(async () => {
  for (const each of running.splice(0)) await each.stop('SIGKILL');
});

describe('crossfade replay on real Read States processes', () => {
  beforeEach(async () => {
    legacy = await side('legacy');
  });

  test('ends with 0 and writes its report when the candidate is sound', async () => {
    const { url } = await side('slab');
    await withDirectory(async (directory) => {
      const out = join(directory, 'report.json');
      const { exitCode, stdout, stderr } = await replay(url, ...RATE, '--out', out);
      const report = JSON.parse(readFileSync(out, 'utf8')) as JsonReport;
      expect(stderr).toBe('');
      expect(report.traffic).toMatchObject({ received: 2993, compared: 2993, matched: 2993 });
      expect(report.clusters).toEqual([]);
      expect(stdout).toContain('mismatches = none');
      expect(stdout).toContain(`Report: ${out}`);
      expect([report.outcome, exitCode]).toEqual(['pass', 0]);
    });
  });

  test('ends with 3 and names exchanged fields', async () => {
    const { url } = await side('slab', 'column-order');
    const { exitCode, stdout } = await replay(url, ...RATE);
    expect(stdout).toContain('fields-swapped');
    expect(stdout).toContain('mention_count');
    expect(exitCode).toBe(3);
  });

  test('ends with 3 and names lost fractions', async () => {
    const { url } = await side('slab', 'timestamp-precision');
    const { exitCode, stdout } = await replay(url, ...RATE, '--json');
    const { clusters } = JSON.parse(stdout) as JsonReport;
    expect(new Set(clusters.map((cluster) => cluster.kind))).toEqual(
      new Set(['timestamp-precision']),
    );
    expect(exitCode).toBe(3);
  });

  test('ends with 5 and one sentence when the candidate is dead', async () => {
    const dead = await side('slab');
    await dead.stop('SIGKILL');
    const { exitCode, stdout, stderr } = await replay(dead.url);
    expect(stderr).toContain(`candidate cannot be reached at ${dead.url}: ECONNREFUSED`);
    expect(`${stdout}${stderr}`).not.toMatch(/\n\s+at /);
    expect([stdout, exitCode]).toEqual(['', 5]);
  });

  test('ends with 5 when the candidate dies on the way, and reports what it saw', async () => {
    const candidate = await side('slab');
    const ending = replay(candidate.url, '--rate', '500/s', '--json');
    await untilBusy(candidate.url);
    await candidate.stop('SIGKILL');
    const { exitCode, stdout, stderr } = await ending;
    expect(stderr).toContain('it has gone during the replay');
    expect(stderr).not.toMatch(/\n\s+at /);
    const { traffic } = JSON.parse(stdout) as JsonReport;
    expect(traffic['compared']).toBeGreaterThan(0);
    expect(traffic['received']).toBeLessThan(2993);
    expect(exitCode).toBe(5);
  });

  test('replays the valid part of a cut recording, warns, and exits by the verdict', async () => {
    const { url } = await side('slab');
    await withDirectory(async (directory) => {
      const cut = join(directory, 'cut.crossfade');
      const bytes = readFileSync(FIXTURE);
      writeFileSync(cut, bytes.subarray(0, bytes.length - 1));
      const whole = await replayFile(cut, url, ...RATE, '--json');
      expect(whole.stderr).toMatch(/^crossfade: warning: the recording is cut off at byte \d+/);
      expect(whole.exitCode).toBe(0);
      writeFileSync(cut, bytes.subarray(0, 5000));
      const nothing = await replayFile(cut, url, '--json');
      expect(nothing.stderr).toContain('after 0 whole records');
      expect((JSON.parse(nothing.stdout) as JsonReport).outcome).toBe('inconclusive');
      expect(nothing.exitCode).toBe(4);
    });
  });
});

/** Refused before anybody is asked. */
const NOBODY = ['--legacy', 'http://127.0.0.1:1', '--candidate', 'http://127.0.0.1:2'];

describe('crossfade replay refuses with one sentence and 2', () => {
  test.each([
    [['--rate', 'fast'], 'expected a rate such as 500/s'],
    [['--speed', '2x', '--rate', '5/s'], '--speed and --rate were both given'],
    [['--format', 'pdf'], "unknown format 'pdf'"],
    [['--gate', 'latency < 2'], 'expected latency.pQUANTILE.ratio'],
  ])('%j', async (words, sentence) => {
    const { exitCode, stderr } = await crossfade('replay', FIXTURE, ...NOBODY, ...words);
    expect(stderr).toContain(sentence);
    expect(exitCode).toBe(2);
  });

  test('a file that is no recording', async () => {
    await withDirectory(async (directory) => {
      const file = join(directory, 'text.crossfade');
      writeFileSync(file, 'no recording, only some text');
      const { exitCode, stderr } = await crossfade('replay', file, ...NOBODY);
      expect(stderr).toContain('is not a recording of Crossfade');
      expect(exitCode).toBe(2);
    });
  });
});

/** Resolves when the service has answered some requests. */
async function untilBusy(url: string): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${url}/metrics`)).text();
    const hits = /^\S*hits\S* (\d+)/m.exec(text)?.[1] ?? '0';
    if (Number(hits) > 200) return;
  }
}
