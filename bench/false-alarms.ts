/**
 * How often the judge's tests alarm where both arms are alike, and how much they take where they
 * differ. Each run is looked at each second of an hour at 1,000 requests a second, or after each
 * window of 48 hours. Exits 1 where a test alarms in more runs than the 99.9 % quantile of what
 * its alpha allows, or where a median is not within 20 % of the design's table.
 */
import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { createRandom } from '../src/kit/random.ts';
import {
  type AlarmTrial,
  alarmsMax,
  GATE_LOOKS,
  gateTrial,
  REQUEST_TRIALS,
  WINDOW_LOOKS,
  windowTrial,
} from '../test/support/alarm-trials.ts';
import { WORLDS } from '../test/support/alike-arms.ts';
import { SIZE_TRIALS, type SizeTrial, sizeOf } from '../test/support/size-trials.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    seeds: { type: 'string', default: '1,2,3' },
    /** alarms or sizes; both if left out. */
    only: { type: 'string', default: '' },
  },
});
const runs = Number(values.runs);
const seeds = values.seeds.split(',').map(Number);
let isWithin = true;

function say(isGood: boolean, text: string): void {
  if (!isGood) isWithin = false;
  process.stdout.write(`${isGood ? ' ok ' : 'FAIL'}  ${text}\n`);
}

/** Alarms of every test of a trial. */
function countAlarms({ names, alpha, run }: AlarmTrial, looks: number, seed: number): void {
  const random = createRandom(seed);
  const alarms = names.map(() => 0);
  for (let i = 0; i < runs; i += 1) {
    for (const [j, hasAlarm] of run(random, looks).entries()) if (hasAlarm) alarms[j]! += 1;
  }
  const most = alarmsMax(runs, alpha);
  for (const [j, name] of names.entries()) {
    const at = `alpha ${alpha}, at most ${most}`;
    say(alarms[j]! <= most, `${alarms[j]} alarms in ${runs} runs, ${at}: ${name}`);
  }
}

function saySize(trial: SizeTrial, seed: number): void {
  const { median, isNear } = sizeOf(trial, createRandom(seed));
  const { name, from, to, unit } = trial;
  const table = from === to ? `${from}` : `${from} to ${to}`;
  say(isNear, `${median} ${unit}, in the table ${table}: ${name}`);
}

function runSeed(seed: number): void {
  const startedMs = performance.now();
  process.stdout.write(`\nseed ${seed}\n`);
  if (values.only !== 'sizes') {
    for (const trial of REQUEST_TRIALS) countAlarms(trial, 3600, seed);
    for (const world of WORLDS) countAlarms(windowTrial(world), WINDOW_LOOKS, seed);
    for (const world of WORLDS) countAlarms(gateTrial(world), GATE_LOOKS, seed);
  }
  if (values.only !== 'alarms') for (const trial of SIZE_TRIALS) saySize(trial, seed);
  const minutes = ((performance.now() - startedMs) / 60_000).toFixed(1);
  process.stdout.write(`seed ${seed} took ${minutes} min\n`);
}

/** One process a seed, as many at once as there are cores. */
async function runSeeds(): Promise<void> {
  const left = [...seeds];
  const works = cpus().map(async () => {
    for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
      const own = [import.meta.filename, '--runs', `${runs}`, '--seeds', `${seed}`];
      if (values.only !== '') own.push('--only', values.only);
      const child = spawn(process.execPath, own, { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      const status = await new Promise((done) => child.on('close', done));
      process.stdout.write(text);
      if (status !== 0) isWithin = false;
    }
  });
  await Promise.all(works);
}

if (seeds.length === 1) runSeed(seeds[0]!);
else {
  await runSeeds();
  process.stdout.write(
    `\n${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}. ` +
      `Command: npm run bench -- false-alarms --runs ${runs} --seeds ${seeds.join(',')}\n`,
  );
}
if (!isWithin) process.exitCode = 1;
