/** What the judge knows is on disk window by window: a kill -9 changes no byte of its verdict. */
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { renderStatus } from '../../src/cli/status-view.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { JudgedWindows, ResumedVerdict, Status } from '../../src/model/rollout.ts';
import { Gathering } from '../../src/rollout/gathering.ts';
import { resume } from '../../src/rollout/judging.ts';
import { ladderOf } from '../../src/rollout/ladder.ts';
import { openRolloutStore, type StoredRollout } from '../../src/store/rollout-store.ts';
import { type RunningCrossfade, startRun } from '../support/crossfade.ts';
import { freePort } from '../support/free-port.ts';
import { startLoad } from '../support/load.ts';
import { type Answer, type SideServer, startSide, until } from '../support/sides.ts';
import { createSimulatedClock } from '../support/simulated-clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'crossfade-resumed-'));
const store = join(folder, 'crossfade.db');
const configuration = join(folder, 'crossfade.yaml');
let sides: readonly SideServer[] = [];
let run: RunningCrossfade;

/** A side that tells of its process; every twentieth answer of a flawed one is another. */
function side(isFlawed: boolean): Answer {
  let asked = 0;
  return ({ url }, response) => {
    asked += 1;
    if (url !== '/metrics') return void response.end(isFlawed && asked % 20 === 0 ? '1' : '{}');
    const bytes = `process_resident_memory_bytes ${isFlawed ? 4e7 : 5e7}\n`;
    response.end(`${bytes}process_cpu_seconds_total ${asked / 1000}\n`);
  };
}

beforeAll(async () => {
  sides = [await startSide(side(false)), await startSide(side(true))];
  const [legacy, candidate] = sides.map(({ url }) => `{ url: ${url}, metrics: ${url}/metrics }`);
  writeFileSync(
    configuration,
    `listen: 127.0.0.1:${await freePort()}
legacy: ${legacy}
candidate: ${candidate}
key: { from: header, name: x-user }
state: shared
workers: 1
ladder: [{ percent: 0, hold: 1h }, { percent: 1, hold: 1h }]
gates:
  - { gate: mismatch.rate < 0.1%, minPairs: 50 }
  - { gate: errors.excess < 0.1%, minPairs: 50 }
  - { gate: errors.ratio < 2, minPairs: 50 }
  - { gate: latency.p50.ratio < 1.5, window: 1s, minPairs: 50 }
  - { gate: latency.p50 < 50ms, window: 2s, minPairs: 50 }
  - { gate: latency.paired.p50.ratio < 2, window: 1s, minPairs: 50 }
  - { gate: latency.p99.burn < 10, window: 1s, minPairs: 50 }
  - { gate: coverage > 99%, minPairs: 50 }
  - { gate: memory.ratio < 1.0, window: 1s }
  - { gate: cpu.ratio < 1.0, window: 1s }
  - candidate.spikes = none
store: { sqlite: ./crossfade.db }
control: { listen: 127.0.0.1:0 }
`,
  );
  run = await startRun(configuration, store);
});

afterAll(async () => {
  if (run.child.signalCode === null) await run.stop();
  for (const each of sides) await each.close();
  rmSync(folder, { recursive: true, force: true });
});

/** As the killed controller left it: reading it in place would tidy it up. */
function stored(): StoredRollout {
  const copy = join(folder, 'copy.db');
  for (const end of ['', '-wal']) {
    if (existsSync(store + end)) copyFileSync(store + end, copy + end);
  }
  const file = openRolloutStore(copy, true);
  const rollout = file.load()!;
  file.close();
  return rollout;
}

/** The stored evidence as a controller of today judges it, with nothing else at hand. */
function judgedAnew({ state, ...rest }: StoredRollout): ResumedVerdict {
  const settings = loadSettings(configuration);
  const gathering = new Gathering(settings.gates, createSimulatedClock(), []);
  const judged = { gathering, settings, ladder: ladderOf(settings), state };
  return resume(judged, { state, ...rest })!;
}

/** How many windows all gates have at least, once that is true. */
async function windowsOnce(isTrue: (status: Status, windows: number) => boolean): Promise<number> {
  let windows = 0;
  await until(async () => {
    const status = await run.status();
    windows = Math.min(...status.gates.map(({ samples }) => samples));
    return windows >= 2 && isTrue(status, windows);
  });
  return windows;
}

test('kill -9 of controller and proxies changes no byte of the verdict', async () => {
  const load = startLoad(run.port, { kept: 8, fresh: 0 });
  const failedWith = await windowsOnce(({ gates: [mismatches] }) => mismatches!.verdict === 'fail');
  // What the controller says of one second is on disk before it says anything of the next but one.
  await windowsOnce((_status, windows) => windows >= failedWith + 2);
  const proxies = run.workerPids();
  await run.stop('SIGKILL');
  for (const pid of proxies) process.kill(pid, 'SIGKILL');
  await load.stop();

  const rollout = stored();
  const { judged } = JSON.parse(rollout.progress) as { judged: JudgedWindows };
  const written = JSON.stringify(judged.verdict);
  expect(judged.verdict.gates).toHaveLength(11);
  expect(judged.verdict.gates[0]).toMatchObject({ verdict: 'fail' });

  // What is stored beside the text says the same, and would not if it were one pair more.
  expect(JSON.stringify(judgedAnew(rollout).verdict)).toBe(written);
  const [counted = '', count] = /"mismatched":(\d+),"eligible"/.exec(rollout.progress) ?? [];
  const more = `"mismatched":${Number(count) + 1},"eligible"`;
  const other = rollout.progress.replace(counted, more);
  expect(judgedAnew({ ...rollout, progress: other }).isSame).toBe(false);
  expect(judgedAnew({ ...rollout, windows: [] }).isSame).toBe(false);
  expect(judgedAnew({ ...rollout, resources: [] }).isSame).toBe(false);

  run = await startRun(configuration, store);
  const status = await run.status();
  expect(JSON.stringify(status.resumed?.verdict)).toBe(written);
  expect(status.resumed).toMatchObject({ isSame: true, untilMs: judged.untilMs });
  const endsAt = new Date(judged.untilMs!).toISOString().slice(0, 19);
  expect(renderStatus(status, false)).toContain(
    `restarted: the stored evidence up to ${endsAt}Z was judged anew, and says what it said ` +
      'before, to the byte',
  );
});
