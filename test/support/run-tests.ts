import { startVitest, type TestCase, type TestModule } from 'vitest/node';

/** What a run of all tests came to. */
interface Tally {
  passed: number;
  /** What failed, by name: told last, where a long log is read first. */
  readonly failed: string[];
  readonly skipped: string[];
}

const tally: Tally = { passed: 0, failed: [], skipped: [] };

function countTest(test: TestCase): void {
  const result = test.result();
  if (result.state === 'passed') tally.passed += 1;
  else if (result.state === 'skipped') {
    tally.skipped.push(`${test.fullName}: ${result.note ?? 'no reason given'}`);
  } else {
    const [why = ''] = (result.errors?.[0]?.message ?? 'no error given').split('\n');
    tally.failed.push(`${test.module.relativeModuleId} > ${test.fullName}: ${why}`);
  }
}

function countModule(module: TestModule): void {
  for (const test of module.children.allTests()) countTest(test);
  // A file that did not load, or a hook that failed, is a failure that no test carries.
  const name = module.relativeModuleId;
  if (module.errors().length > 0) tally.failed.push(`${name} as a whole`);
  for (const suite of module.children.allSuites()) {
    if (suite.errors().length > 0) tally.failed.push(`${name} > ${suite.fullName}, a hook`);
  }
}

// `npm test -- test/unit/config` runs a part; without filters all projects run.
const filters = process.argv.slice(2);
const vitest = await startVitest(filters, { run: true, watch: false });
for (const module of vitest.state.getTestModules()) countModule(module);
for (const error of vitest.state.getUnhandledErrors()) {
  tally.failed.push(`outside of any test: ${String(error)}`);
}
await vitest.close();
for (const reason of tally.skipped) console.log(`skipped: ${reason}`);
for (const name of tally.failed) console.log(`failed: ${name}`);
const skipped = tally.skipped.length === 0 ? '' : `, ${tally.skipped.length} skipped`;
console.log(`${tally.passed} passed, ${tally.failed.length} failed${skipped}`);
if (tally.passed === 0 && tally.failed.length === 0) console.error('no test was found');
process.exitCode = tally.failed.length > 0 || tally.passed === 0 ? 1 : 0;
