/**
 * The self-test of the shipped Read States configuration: every kind at every place of 1,000
 * recorded answers, and 10,000 random edits. Records the answers of a legacy service first. Exits 1
 * unless what was missed is exactly what the configuration's one rule covers.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadSettings } from '../src/config/load.ts';
import { readRecording } from '../src/recording/reader.ts';
import { renderTerminal } from '../src/report/terminal.ts';
import { selfTestReport } from '../src/report/selftest-report.ts';
import { runSelfTest } from '../src/selftest/selftest.ts';
import { recordReadStates } from '../test/support/recorded-answers.ts';

const { values } = parseArgs({
  options: {
    answers: { type: 'string', default: '1000' },
    edits: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
  },
});
const CONFIGURATION = 'fixtures/configurations/read-states.yaml';
/** Within the rule's life. */
const AT_MS = Date.UTC(2026, 10, 21);
const LIST = 'GET /v1/users/:user/read-states';

const folder = mkdtempSync(join(tmpdir(), 'crossfade-selftest-'));
const path = join(folder, 'answers.crossfade');
let uncovered = 0;
let coveredAndCaught = 0;
let coveredAndHidden = 0;
try {
  await recordReadStates(path);
  const { routes, compare, key } = loadSettings(CONFIGURATION);
  const startedMs = performance.now();
  const result = await runSelfTest(() => readRecording(path), {
    routes,
    compare,
    key,
    answersMax: Number(values.answers),
    edits: Number(values.edits),
    placesMax: Infinity,
    placesMaxBytes: Infinity,
    seed: Number(values.seed),
    gates: [],
    mayHide: new Set(),
    atMs: AT_MS,
    onTried: (bug, { route }, { kind }) => {
      const isCovered = route === LIST && bug.path === '/version';
      if (!isCovered && kind !== 'caught') uncovered += 1;
      if (isCovered && kind === 'hidden') coveredAndHidden += 1;
      if (isCovered && kind === 'caught') coveredAndCaught += 1;
    },
  });
  const seconds = (performance.now() - startedMs) / 1000;
  const names = { configuration: CONFIGURATION, recording: 'answers.crossfade', warnings: [] };
  process.stdout.write(renderTerminal(selfTestReport(result, { ...names, atMs: AT_MS })));
  const tried = result.bugs.tried + result.random.tried;
  process.stdout.write(
    `\n${tried.toLocaleString('en-US')} bugs in ${seconds.toFixed(1)} s. At ${LIST} /version, ` +
      `which the rule covers: ${coveredAndHidden} hidden, ${coveredAndCaught} caught (the edit ` +
      `reached further than the value). Missed anywhere else: ${uncovered}.\n` +
      `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}. ` +
      `Command: npm run bench -- selftest --answers ${values.answers} --edits ${values.edits} ` +
      `--seed ${values.seed}\n`,
  );
  if (uncovered > 0 || result.outcome !== 'pass') process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
