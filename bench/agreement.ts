/**
 * Agreement of what is alike: two legacy Read States services behind a proxy for `--seconds` (600)
 * at `--rate` (500) requests a second, acks and mentions beside reads of the same users. Prints
 * mismatches left and races, each with its write; then how soon a candidate with `--flaw stale` is
 * found. Exits 1 when something is left, when races are more than 1 % of the pairs or without
 * their write, or when the flaw is not found within 10 s.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { renderTable } from '../src/report/table.ts';
import { type AgreementResult, runAgreement } from '../test/support/agreement-run.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    rate: { type: 'string', default: '520' },
    users: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
  },
});
const RACED_MAX_RATIO = 0.01;
const FOUND_MAX_MS = 10_000;
/** Sent for long enough to find what is there. */
const FLAW_SECONDS = 20;

const load = {
  seconds: Number(values.seconds),
  ratePerSec: Number(values.rate),
  users: Number(values.users),
  seed: Number(values.seed),
  onProgress: (elapsedSec: number, traffic: object): void => {
    process.stderr.write(`${elapsedSec.toFixed(0)} s: ${JSON.stringify(traffic)}\n`);
  },
};

const alike = await runAgreement({ ...load, flaw: null });
const raced = alike.traffic.notComparable.raced ?? 0;
const open = alike.traffic.notComparable['race-unchecked'] ?? 0;
const disordered = alike.traffic.notComparable['write-order'] ?? 0;
const racedRatio = (raced + open + disordered) / alike.traffic.mirrored;
print('two alike', alike, [
  ['races', `${raced}, ${alike.races.length} told with their write`],
  ['overlapped and not asked again', String(open)],
  ['explained by the order of two writes', String(disordered)],
  ['share of the pairs, all three', `${(racedRatio * 100).toFixed(3)} %`],
]);
const stale = await runAgreement({
  ...load,
  seconds: FLAW_SECONDS,
  flaw: 'stale',
  isFoundEnough: true,
});
const { foundAfterMs } = stale;
print('one stale', stale, [
  ['races', String(stale.traffic.notComparable.raced ?? 0)],
  ['found after', foundAfterMs === null ? 'never' : `${(foundAfterMs / 1000).toFixed(1)} s`],
]);
process.stdout.write(
  `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}. Command: ` +
    `npm run bench -- agreement --seconds ${values.seconds} --rate ${values.rate} ` +
    `--users ${values.users} --seed ${values.seed}\n`,
);
const isAlike = alike.traffic.mismatched === 0 && alike.violations + alike.failed === 0;
const areExplained = alike.races.length === alike.racesDue && racedRatio <= RACED_MAX_RATIO;
const isFound = foundAfterMs !== null && foundAfterMs <= FOUND_MAX_MS;
process.exit(isAlike && areExplained && isFound ? 0 : 1);

function print(title: string, result: AgreementResult, more: readonly string[][]): void {
  const { traffic, sent, seconds, failed, violations, clusters } = result;
  const rows = [
    ['requests', `${sent}, ${(sent / seconds).toFixed(0)} a second for ${seconds.toFixed(0)} s`],
    ['failed for clients', String(failed)],
    ['pairs', String(traffic.mirrored)],
    ['matched', String(traffic.matched)],
    ['mismatched', String(traffic.mismatched)],
    ['not comparable', JSON.stringify(traffic.notComparable)],
    ['asked again', JSON.stringify(traffic.referee)],
    ['tainted keys', String(traffic.taintedKeys)],
    ['identities violated', String(violations)],
    ...more,
  ];
  process.stdout.write(`${renderTable([title, 'figure'], rows)}\n`);
  for (const cluster of clusters) process.stdout.write(`  ${cluster}\n`);
}
