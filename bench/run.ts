/**
 * `npm run bench [-- NAME [OPTIONS]]`: every trial, or the one named. Ratios within one run,
 * medians.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const TRIALS: Readonly<Record<string, string>> = {
  cache: 'legacy and slab caches in process: hits, inserts, collections, bytes an entry',
  isolation: 'live p99 and errors while the shadow hangs, is slow, dead, resets or never ends',
  proxy: 'cost and added latency beside nginx, HAProxy, Envoy and the mirrors of others',
  alike: 'legacy against legacy at every percent: what the gates measure, and that none fails',
  agreement: 'two services that are alike: mismatches left, races; and one that is stale',
  compare: 'the comparator: byte-equal pairs a second, unequal JSON beside four libraries',
  identity: 'a million requests while both sides break at random: each accounted for',
  streaming: 'a gigabyte down and up at a megabyte a second: memory stays flat',
  selftest: 'every kind of bug at every place of 1,000 recorded answers, and who hides it',
  diagnosis: 'a real run with collections, and a proxy stopped for a second, diagnosed',
  'false-alarms': 'the judge where both sides are alike, and what it takes where they differ',
  soak: 'generated request streams against a reader of another make',
};

const wanted = process.argv[2];
if (wanted !== undefined && !(wanted in TRIALS)) {
  process.stderr.write(`no such trial: ${wanted}; there are ${Object.keys(TRIALS).join(', ')}\n`);
  process.exit(2);
}
for (const [name, what] of Object.entries(TRIALS)) {
  if (wanted !== undefined && name !== wanted) continue;
  process.stdout.write(`\n== ${name}: ${what}\n`);
  const file = join(import.meta.dirname, `${name}.ts`);
  const { status } = spawnSync(process.execPath, [file, ...process.argv.slice(3)], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = status ?? 1;
}
