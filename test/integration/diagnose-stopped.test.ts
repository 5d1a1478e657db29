import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Diagnosis } from '../../src/diagnose/diagnosis.ts';
import { tracesOfRecording } from '../../src/diagnose/from-recording.ts';
import { withoutStalls } from '../../src/diagnose/stalls.ts';
import type { ObservedSecond } from '../../src/model/observed.ts';
import type { HistogramCounts } from '../../src/model/window.ts';
import { readRecording } from '../../src/recording/reader.ts';
import { openRolloutStore } from '../../src/store/rollout-store.ts';
import { crossfade } from '../support/command.ts';
import { startRun } from '../support/crossfade.ts';
import { freePort } from '../support/free-port.ts';
import { answeredMore, ask, startLoad } from '../support/load.ts';
import { type SideServer, startSide, until } from '../support/sides.ts';

const STOP_MS = 1000;
/** What the stopped proxy made every request wait that was under way. */
const LONG_US = 900_000;
const UNDER_WAY = 8;
const CALM_SECONDS = 150;

let folder: string;
const path = (name: string): string => join(folder, name);

/** A side that holds back its answers to `/held` until it is told to let them go. */
async function startHolding(): Promise<SideServer & { held: (() => void)[] }> {
  const held: (() => void)[] = [];
  const side = await startSide((request, response) => {
    const answer = (): void => void response.end('{"ok":true}');
    if (request.url === '/held') held.push(answer);
    else answer();
  });
  return { ...side, held };
}

/** A real run whose only proxy is stopped for a second with requests under way on both sides. */
async function runAndStop(): Promise<void> {
  const sides = [await startHolding(), await startHolding()] as const;
  const [legacy, candidate] = sides;
  writeFileSync(
    path('crossfade.yaml'),
    `listen: 127.0.0.1:${await freePort()}
legacy: { url: ${legacy.url} }
candidate: { url: ${candidate.url} }
workers: 1
ladder: [{ percent: 0, hold: 1h }]
gates: []
mirror: { autoPause: off }
store: { sqlite: ./crossfade.db }
record: { file: ./pairs.crossfade }
control: { listen: 127.0.0.1:0 }
`,
  );
  const run = await startRun(path('crossfade.yaml'), path('crossfade.db'));
  const load = startLoad(run.port, { kept: 2, fresh: 0 });
  await answeredMore(load, 600);
  const underWay = Array.from({ length: UNDER_WAY }, (_, i) => ask(run.port, i, { path: '/held' }));
  await until(() => sides.every(({ held }) => held.length === UNDER_WAY));
  const [proxy] = run.workerPids();
  process.kill(proxy!, 'SIGSTOP');
  for (const { held } of sides) for (const answer of held.splice(0)) answer();
  await sleep(STOP_MS);
  process.kill(proxy!, 'SIGCONT');
  await Promise.all(underWay);
  await answeredMore(load, 900);
  await load.stop();
  await run.stop();
  await legacy.close();
  await candidate.close();
}

function longestUs(counts: HistogramCounts): number {
  return counts.at(-2) ?? 0;
}

/** Minutes as calm as the run's median second, before it: a diagnosis takes one at least. */
function writeCalm(real: readonly ObservedSecond[]): void {
  const calm = real
    .filter(({ pairs }) => pairs >= 100)
    .toSorted((a, b) => longestUs(a.legacy) - longestUs(b.legacy))[0]!;
  const seconds = Array.from({ length: CALM_SECONDS }, (_, i) => ({
    ...calm,
    startMs: real[0]!.startMs - 1000 * (CALM_SECONDS - i),
    loopDelayMaxUs: 0,
    ownGcMaxUs: 0,
  }));
  const store = openRolloutStore(path('crossfade.db'));
  store.observed.write(1, seconds);
  store.close();
}

function observed(): readonly ObservedSecond[] {
  const store = openRolloutStore(path('crossfade.db'), true);
  try {
    return store.observed.since(0, 10_000);
  } finally {
    store.close();
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'crossfade-stopped-'));
  await runAndStop();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a proxy that was stopped for a second', () => {
  it('is excluded from both sides by diagnose, and reported', async () => {
    const real = observed();
    // Both sides were slow in it, and would be called so.
    for (const side of ['legacy', 'candidate'] as const) {
      expect(real.some((second) => longestUs(second[side]) > LONG_US)).toBe(true);
    }
    writeCalm(real);
    const { stdout } = await crossfade('diagnose', path('crossfade.db'), '--json');
    const { legacy, candidate, stalls } = (JSON.parse(stdout) as Diagnosis).instances[0]!;
    expect(stalls.stalled).toBeGreaterThanOrEqual(1);
    for (const { events } of [legacy, candidate]) {
      expect(events.filter(({ peakUs }) => peakUs > LONG_US)).toEqual([]);
    }
    const shown = await crossfade('diagnose', path('crossfade.db'));
    expect(shown.stdout).toMatch(/The harness itself\nstalled seconds/);
  });

  it('is told in the recording, to the seconds that its requests came in', async () => {
    const reader = readRecording(path('pairs.crossfade'));
    const { startedAtMs } = reader.description;
    const [trace] = await tracesOfRecording(reader, { startedAtMs, instanceHeader: null });
    const slow = trace!.seconds.filter(({ legacy }) => longestUs(legacy.counts) > LONG_US);
    expect(slow.length).toBeGreaterThanOrEqual(1);
    const { seconds, stalled } = withoutStalls(trace!);
    expect(stalled.length).toBeGreaterThanOrEqual(slow.length);
    expect(seconds.filter((each) => slow.includes(each))).toEqual([]);
    expect(Math.max(...stalled.map(({ stallUs }) => stallUs))).toBeGreaterThan(LONG_US);
  });
});
