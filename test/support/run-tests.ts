import { startVitest, type TestCase, type TestModule } from 'vitest/node';

/** What a run of all tests came to. */
interface Tally {
  passed: number;
  failed: number;
  readonly skipped: string[];
}

const tally: Tally = { passed: 0, failed: 0, skipped: [] };

function countTest(test: TestCase): void {
  const result = test.result();
  if (result.state === 'passed') tally.passed += 1;
  else if (result.state === 'skipped') {
    tally.skipped.push(`${test.fullName}: ${result.note ?? 'no reason given'}`);
  } else tally.failed += 1;
}

function countModule(module: TestModule): void {
  for (const test of module.children.allTests()) countTest(test);
  // A file that did not load, or a hook that failed, is a failure that no test carries.
  const isBroken = module.errors().length > 0;
  const brokenSuites = [...module.children.allSuites()].filter((s) => s.errors().length > 0);
  tally.failed += (isBroken ? 1 : 0) + brokenSuites.length;
}

// `npm test -- test/unit/config` runs a part; without filters all projects run.
const filters = process.argv.slice(2);
const vitest = await startVitest(filters, { run: true, watch: false });
for (const module of vitest.state.getTestModules()) countModule(module);
tally.failed += vitest.state.getUnhandledErrors().length;
await vitest.close();
for (const reason of tally.skipped) console.log(`skipped: ${reason}`);
const skipped = tally.skipped.length === 0 ? '' : `, ${tally.skipped.length} skipped`;
console.log(`${tally.passed} passed, ${tally.failed} failed${skipped}`);
if (tally.passed === 0 && tally.failed === 0) console.error('no test was found');
process.exitCode = tally.failed > 0 || tally.passed === 0 ? 1 : 0;
