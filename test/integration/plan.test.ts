import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { crossfade } from '../support/command.ts';
import { TWO_SIDES } from '../support/configurations.ts';
import { withDirectory } from '../support/recorded.ts';

const SHIPPED = 'fixtures/configurations/read-states.yaml';
const RECORDING = 'fixtures/read-states-small.crossfade';

test('a ladder that can be climbed is planned and passes', async () => {
  const { exitCode, stdout, stderr } = await crossfade(
    'plan',
    '-c',
    SHIPPED,
    '--rps',
    '5000',
    '--from',
    RECORDING,
  );
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toMatch(/^mismatch\.rate < 0\.001% +309,833 pairs /m);
  // One second in twenty goes without copies; one request in ten is a write that is not mirrored.
  expect(stdout).toMatch(/^5,000 requests a second, 4,\d{3} of them compared/);
});

test('gates are refused by name, with what a run would see and how to mend them', async () => {
  const { exitCode, stdout, stderr } = await crossfade('plan', '-c', SHIPPED, '--rps', '50');
  expect(exitCode).toBe(2);
  expect(stdout).toContain('309,833 pairs');
  expect(stderr).toMatch(
    /at 0 %, mismatch\.rate < 0\.001% would pass only.*\. Mend: hold: 2h, or a limit/,
  );
  expect(stderr).toMatch(/at 1 %, latency\.p99\.9\.ratio < 1\.10 may pass, .*\. Mend: window: 4m/);
});

test('machines get the numbers and the problems', async () => {
  const { exitCode, stdout, stderr } = await crossfade(
    'plan',
    '-c',
    SHIPPED,
    '--rps',
    '50',
    '--json',
  );
  expect(exitCode).toBe(2);
  const { steps, problems } = JSON.parse(stdout) as {
    steps: { percent: number; gates: { gate: string; needs: unknown }[] }[];
    problems: { step: number; gate: string; outlook: string; mend: string }[];
  };
  expect(steps.map(({ percent }) => percent)).toEqual([0, 1, 10, 50, 100]);
  expect(steps[0]!.gates[0]!.needs).toEqual({ samples: 309_833, unit: 'pairs' });
  expect(problems[0]).toMatchObject({
    step: 0,
    gate: 'mismatch.rate < 0.001%',
    outlook: 'late',
  });
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'gates-unmet' } });
});

test.each([
  [['--rps', '0'], "crossfade: --rps is '0'"],
  [['--rps', 'many'], "crossfade: --rps is 'many'"],
  [[], 'crossfade: --rps is missing'],
  [['--rps', '50', '--from', 'gone.crossfade'], 'crossfade: the recording gone.crossfade cannot'],
])('what cannot be planned is said: %j', async (words, sentence) => {
  const { exitCode, stdout, stderr } = await crossfade('plan', '-c', SHIPPED, ...words);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain(sentence);
});

test('a percentile that no such rate shows is refused at every step', async () => {
  await withDirectory(async (folder) => {
    const path = join(folder, 'crossfade.yaml');
    const gates = 'gates: [latency.p99.99.ratio < 1.5]\n';
    writeFileSync(path, `${TWO_SIDES}key: { from: header, name: x-user }\nstate: shared\n${gates}`);
    const { exitCode, stderr } = await crossfade('plan', '-c', path, '--rps', '50');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('crossfade: 5 gates are refused at 50 requests a second');
  });
});

const SIMULATE = ['plan', 'simulate', '-c', SHIPPED, '--runs', '3'] as const;

test('a ladder is climbed in simulated time, and what came of it is said', async () => {
  const { exitCode, stdout, stderr } = await crossfade(
    ...SIMULATE,
    '--rps',
    '5000',
    '--candidate',
    'mismatches 0.1% @1%',
    '--candidate',
    'p99 x 1.5',
  );
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toMatch(/^3 climbs of each candidate, seed 1\. 5,000 requests a second, 4,750/);
  expect(stdout).toMatch(
    /^mismatches 0\.1% @1% +100 % +1 % 100 % +[\d.]+s \([\d.]+s\) +mismatch\.rate < 0\.001% /m,
  );
  expect(stdout).toMatch(/^mismatches 0\.1% @1% +100 % +0 % +0 % +0 % past 1 %$/m);
  expect(stdout).toMatch(/^p99 x 1\.5 +100 % +0 % 100 % .* latency\.p99\.ratio < 1\.05 +0 \(0\)/m);
});

test('machines get what became of the climbs', async () => {
  const { stdout } = await crossfade(
    ...SIMULATE,
    '--rps',
    '5000',
    '--candidate',
    'errors 1% @1%',
    '--seed',
    '7',
    '--json',
  );
  const { runs, world, outcomes } = JSON.parse(stdout) as {
    runs: number;
    world: { seed: number; ladder: { percent: number }[] };
    outcomes: { candidate: string; caught: number; promotedPast: number }[];
  };
  expect({ runs, seed: world.seed }).toEqual({ runs: 3, seed: 7 });
  expect(world.ladder.map(({ percent }) => percent)).toEqual([0, 1, 10, 50, 100]);
  expect(outcomes).toEqual([
    expect.objectContaining({ candidate: 'errors 1% @1%', caught: 3, promotedPast: 0 }),
  ]);
});

test('a ladder that cannot be climbed is refused, or lengthened: it says which', async () => {
  const refused = await crossfade(...SIMULATE, '--rps', '200');
  expect({ exitCode: refused.exitCode, stdout: refused.stdout }).toEqual({
    exitCode: 2,
    stdout: '',
  });
  expect(refused.stderr).toMatch(/at 1 %, latency\.p99\.9\.ratio < 1\.10 .*\. Mend: window: 53s/);
  expect(refused.stderr).toContain('--lengthen');
  const words = ['--rps', '200', '--lengthen', '--candidate', 'mismatches 1% @1%'];
  const { exitCode, stdout } = await crossfade(...SIMULATE, ...words);
  expect(exitCode).toBe(0);
  const text = stdout.replaceAll(/\s+/g, ' ');
  expect(text).toContain('Lengthened: window: 53s, not 10s');
  expect(text).toMatch(/at 1 %, latency\.p99\.9\.ratio < 1\.10: .* Lengthened: hold: \d+d, not 2d/);
});

test.each([
  [['--runs', '0'], "crossfade: --runs is '0'"],
  [['--candidate', 'slow'], "crossfade: --candidate is 'slow'"],
  [['--pause-every', 'never'], "crossfade: --pause-every is 'never'"],
  [['--sigma', '9'], "crossfade: --sigma is '9'"],
])('what cannot be simulated is said: %j', async (words, sentence) => {
  const { exitCode, stdout, stderr } = await crossfade(...SIMULATE, '--rps', '5000', ...words);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain(sentence);
});
