/**
 * Every request accounted for: `--requests` of them (a million) through a proxy whose two sides
 * break at random. Prints the counts; exits 1 when an identity was ever violated, a write was
 * carried out twice, or one that no route declares was mirrored.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { renderTable } from '../src/report/table.ts';
import { runIdentity } from '../test/support/identity-run.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
  },
});
const startedMs = performance.now();
const result = await runIdentity({
  requests: Number(values.requests),
  connections: 64,
  seed: Number(values.seed),
  onProgress: (done) => process.stderr.write(`${done} requests\n`),
});
const seconds = (performance.now() - startedMs) / 1000;
const { traffic, violations, looks, liveWritesTwice, undeclaredCopies } = result;
const rows = [
  ['requests', String(result.sent)],
  ['identities violated', `${violations} of ${looks} looks`],
  ['received', String(traffic.received)],
  ['mirrored', String(traffic.mirrored)],
  ['skipped', JSON.stringify(traffic.skipped)],
  ['dropped', JSON.stringify(traffic.dropped)],
  ['compared', String(traffic.compared)],
  ['not comparable', JSON.stringify(traffic.notComparable)],
  ['in flight at the end', String(traffic.inFlight)],
  ['writes seen by a side', String(result.writesSeen)],
  ['writes sent twice to a side', String(liveWritesTwice)],
  ['writes mirrored undeclared', String(undeclaredCopies)],
  ['faults', JSON.stringify(result.faultsSeen)],
  ['seconds', seconds.toFixed(0)],
];
process.stdout.write(`${renderTable(['what', 'figure'], rows)}\n`);
process.stdout.write(
  `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}. ` +
    `Command: npm run bench -- identity --requests ${values.requests} --seed ${values.seed}\n`,
);
const isSound = violations === 0 && liveWritesTwice === 0 && undeclaredCopies === 0;
process.exit(isSound && traffic.received === result.sent ? 0 : 1);
