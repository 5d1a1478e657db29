/** What a run has left says what the run said. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Status } from '../../src/model/rollout.ts';
import type { Report } from '../../src/report/report.ts';
import { openRolloutStore } from '../../src/store/rollout-store.ts';
import { crossfade, type Ended } from '../support/command.ts';
import { type RunningCrossfade, startRun } from '../support/crossfade.ts';
import { freePort } from '../support/free-port.ts';
import { startLoad } from '../support/load.ts';
import { type SideServer, startSide, until } from '../support/sides.ts';

const folder = mkdtempSync(join(tmpdir(), 'crossfade-report-'));
const path = (name: string): string => join(folder, name);
let sides: readonly SideServer[] = [];
let run: RunningCrossfade;

beforeAll(async () => {
  let asked = 0;
  sides = [
    await startSide((_request, response) => void response.end('{"n":1}')),
    await startSide((_request, response) => {
      asked += 1;
      response.end(asked % 20 === 0 ? '{"n":2}' : '{"n":1}');
    }),
  ];
  writeFileSync(
    path('crossfade.yaml'),
    `listen: 127.0.0.1:${await freePort()}
legacy: { url: ${sides[0]!.url} }
candidate: { url: ${sides[1]!.url} }
workers: 1
ladder: [{ percent: 0, hold: 1h }]
gates:
  - { gate: mismatch.rate < 0.1%, minPairs: 50 }
  - { gate: errors.excess < 0.01%, minPairs: 50 }
  - { gate: latency.p50.ratio < 1.5, window: 1s, minPairs: 50 }
  - { gate: coverage > 99%, minPairs: 50 }
store: { sqlite: ./crossfade.db }
control: { listen: 127.0.0.1:0 }
`,
  );
  run = await startRun(path('crossfade.yaml'), path('crossfade.db'));
});

afterAll(async () => {
  if (run.child.signalCode === null) await run.stop();
  for (const each of sides) await each.close();
  rmSync(folder, { recursive: true, force: true });
});

async function told(...words: readonly string[]): Promise<Ended & { report: Report }> {
  const ended = await crossfade('report', ...words, '--json');
  return { ...ended, report: JSON.parse(ended.stdout) as Report };
}

function storyOf({ events }: Pick<Status, 'events'>): readonly string[] {
  return events.map(({ sentence }) => sentence);
}

test('what a killed run has left tells every gate as status did', async () => {
  const load = startLoad(run.port, { kept: 4, fresh: 0 });
  await until(async () => {
    const { gates, rollout } = await run.status();
    return rollout.phase === 'held' && gates.every(({ samples }) => samples >= 2);
  });
  const served = await told('-c', path('crossfade.yaml'));
  expect([served.exitCode, served.report.outcome]).toEqual([3, 'fail']);
  expect(served.report.context).toEqual(['told by the run, which serves']);

  const last = await run.status();
  const proxies = run.workerPids();
  await run.stop('SIGKILL');
  for (const pid of proxies) process.kill(pid, 'SIGKILL');
  await load.stop();
  const { exitCode, report } = await told(folder);
  expect(exitCode).toBe(3);
  expect(report.title).toBe('Rollout 1 of candidate: held at 0 %');
  expect(report.facts).toMatchObject({ rollout: { reason: last.rollout.reason } });
  expect(storyOf(report)).toEqual(storyOf(last));
  expect(report.clusters.map(({ path: at, kind }) => [at, kind])).toEqual([['/n', 'value']]);
  expect(report.gates.map(({ gate, verdict }) => [gate, verdict])).toEqual(
    last.gates.map(({ gate, verdict }) => [gate, verdict]),
  );

  // The same bytes as a run says that takes the evidence up.
  run = await startRun(path('crossfade.yaml'), path('crossfade.db'));
  const { resumed } = await run.status();
  expect(JSON.stringify(report.gates)).toBe(JSON.stringify(resumed?.verdict.gates));
});

test('it is a page as well, with the same sentences', async () => {
  await run.stop();
  const { report } = await told(path('crossfade.db'));
  const { stdout, exitCode } = await crossfade('report', folder, '--out', path('report.html'));
  const html = readFileSync(path('report.html'), 'utf8');
  expect(exitCode).toBe(3);
  for (const { sentence } of report.gates) {
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(sentence);
    expect(html).toContain(sentence.replaceAll('<', '&lt;').replaceAll('>', '&gt;'));
  }
});

test('another store in the folder tells of itself, not of the run that was there', async () => {
  copyFileSync(path('crossfade.db'), path('earlier.db'));
  run = await startRun(path('crossfade.yaml'), path('crossfade.db'));
  const { report } = await told(path('earlier.db'));
  expect(report.context[0]).toBe(`told by ${path('earlier.db')}, which no run serves`);
});

test.each([
  ['a folder that is not there', 'nowhere/crossfade.db', 5, 'no-run'],
  ['a folder without a run', 'empty', 5, 'no-run'],
  ['a file that is no store', 'crossfade.yaml', 2, 'sqlite-corrupt'],
  ['a store in which nothing has begun', 'new.db', 4, 'no-rollout'],
])('refuses %s in a sentence', async (_what, name, exitCode, code) => {
  mkdirSync(path('empty'), { recursive: true });
  openRolloutStore(path('new.db')).close();
  const ended = await crossfade('report', path(name), '--json');
  expect(JSON.parse(ended.stderr)).toMatchObject({ error: { code } });
  expect([ended.exitCode, ended.stdout]).toEqual([exitCode, '']);
});
