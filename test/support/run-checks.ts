import { spawnSync } from 'node:child_process';

/** Everything `npm run check` asks, quickest to read first; each a command of its own. */
const CHECKS: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['types', 'tsc', '--noEmit'],
  ['lint', 'oxlint', '--type-aware', '--deny-warnings'],
  ['format', 'biome', 'format', '.'],
  ['tidy', 'vitest', 'run', '--project', 'unit', 'test/tidy.test.ts'],
  ['dead code', 'knip'],
];

let failed = 0;
for (const [name, command, ...args] of CHECKS) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  const isOk = status === 0;
  if (!isOk) {
    failed += 1;
    console.log(`${stdout ?? ''}${stderr ?? ''}${error === undefined ? '' : error.message}`.trim());
  }
  console.log(`${isOk ? 'ok    ' : 'failed'} ${name}`);
}
process.exitCode = failed === 0 ? 0 : 1;
