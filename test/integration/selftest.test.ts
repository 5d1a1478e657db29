import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SelfTestResult } from '../../src/selftest/result.ts';
import { crossfade, type Ended } from '../support/command.ts';
import { READ_STATES_REQUESTS, recordReadStates } from '../support/recorded-answers.ts';

const SHIPPED = 'fixtures/configurations/read-states.yaml';
const LIST = 'GET /v1/users/:user/read-states';
/** One of each route, more or less. */
const FEW = ['--answers', '8', '--edits', '200'];
const LEAST = ['--answers', '1', '--edits', '10'];

let folder = '';
let recording = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'crossfade-selftest-'));
  recording = join(folder, 'answers.crossfade');
  await recordReadStates(recording, 400);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The shipped configuration, its rule without an end, and rules for all routes. */
function configuration(rules: readonly string[] = []): string {
  const path = join(folder, `c${rules.length}.yaml`);
  const text = readFileSync(SHIPPED, 'utf8').replace(/^ *until: .*\n/m, '');
  const general = rules.length === 0 ? '' : `compare: [${rules.join(', ')}]\n`;
  writeFileSync(path, text + general);
  return path;
}

function selftest(...words: readonly string[]): Promise<Ended> {
  return crossfade('selftest', ...words);
}

function resultIn({ stdout }: Ended): SelfTestResult {
  return (JSON.parse(stdout) as { facts: { selftest: SelfTestResult } }).facts.selftest;
}

describe('crossfade selftest', () => {
  it('finds all but what the rule of the Read States configuration covers', async () => {
    const ended = await selftest('-c', configuration(), recording, ...FEW, '--json');
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    const { bugs, random, hidden, holes, answers, blinded } = resultIn(ended);
    expect(answers).toBe(8);
    expect(bugs.tried).toBeGreaterThan(1000);
    expect(random.tried).toBe(200);
    expect(holes).toEqual([]);
    expect(blinded.filter(({ route }) => route === null)).toEqual([]);
    const places = new Set(hidden.map(({ rule, route, path }) => `${rule} | ${route} ${path}`));
    expect([...places]).toEqual([`${LIST} ignore /version | ${LIST} /version`]);
  });

  it('prints a line for each kind, and fails where a gate asks for more', async () => {
    const gate = ['--gate', 'selftest.caught >= 50%', '--gate', 'selftest.caught >= 100%'];
    const { exitCode, stdout } = await selftest('-c', configuration(), recording, ...FEW, ...gate);
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/^FAIL {2}/m);
    expect(stdout).toMatch(/^id-precision +[\d,]+ +100\.0 % +100\.0 % +0 +0$/m);
    expect(stdout).toMatch(/^generated +– .* no place in these answers$/m);
    expect(stdout).toMatch(/^ {2}pass +selftest\.caught >= 50%\n {4}99\.\d %.* limit >= 50\.0 %$/m);
  });

  it('fails where a rule hides a kind wherever it stands, and names both', async () => {
    const blunt = '{ path: "/**", kind: id-precision, as: ignore }';
    const file = configuration([blunt]);
    const { exitCode, stdout, stderr } = await selftest('-c', file, recording, ...FEW);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/BLIND: all [\d,]+ bugs of the kind id-precision are hidden by ignore/);
    expect(stdout).toMatch(/^FAIL {2}rules hide every bug of id-precision/m);
  });

  it('has no answer to a gate of what has no place', async () => {
    const gate = ['--gate', 'selftest.caught.generated >= 50%'];
    const ended = await selftest('-c', configuration(), recording, ...LEAST, ...gate);
    expect(ended.exitCode).toBe(4);
  });

  it('holds a map that fails for a hole, since nothing is compared', async () => {
    writeFileSync(join(folder, 'broken.mjs'), 'export function flat() { throw new Error("no"); }');
    const map = '{ map: "./broken.mjs#flat" }';
    const ended = await selftest('-c', configuration([map]), recording, ...LEAST, '--json');
    expect(ended.exitCode).toBe(3);
    expect(resultIn(ended).holes[0]).toMatchObject({ reason: 'map-failed' });
  });

  it('refuses what it cannot use, and says what to do', async () => {
    const cases = [
      [['-c', SHIPPED], 'no recording is given', 'crossfade record -c'],
      [['x'], 'no configuration is given', 'crossfade selftest -c crossfade.yaml RECORDING'],
      [['-c', SHIPPED, READ_STATES_REQUESTS], 'not one answer', '`crossfade record`'],
      [['-c', SHIPPED, 'x', '--may-hide', 'valu'], "--may-hide is 'valu'", '"value"'],
      [['-c', SHIPPED, 'x', '--answers', '0'], "--answers is '0'", 'from 1 to'],
    ] as const;
    await Promise.all(
      cases.map(async ([words, message, hint]) => {
        const { exitCode, stderr } = await selftest(...words);
        expect({ message, exitCode }).toEqual({ message, exitCode: 2 });
        expect(stderr).toContain(message);
        expect(stderr).toContain(hint);
      }),
    );
  });
});
