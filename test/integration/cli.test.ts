import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'crossfade-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the command line as a process of its own, not on a terminal. */
function crossfade(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, '../../src/cli/main.ts'), ...args],
    { encoding: 'utf8', cwd: folder, env: { ...process.env, FORCE_COLOR: undefined } },
  );
  return { status, stdout, stderr };
}

describe('the command line', () => {
  test('lists every command with what it does', () => {
    const { status, stdout } = crossfade('--help');
    expect(status).toBe(0);
    for (const { name, summary } of COMMANDS) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain(summary);
    }
  });

  test('prints the help when it is told nothing', () => {
    expect(crossfade()).toEqual(crossfade('--help'));
  });

  test('prints its version', () => {
    expect(crossfade('--version')).toEqual({ status: 0, stdout: '0.1.0\n', stderr: '' });
  });

  test.each(COMMANDS.map((command) => command.name))('%s has a help of its own', (name) => {
    const { status, stdout } = crossfade(name, '--help');
    expect(status).toBe(0);
    expect(stdout).toContain(`Usage: crossfade ${name}`);
    expect(crossfade('help', name).stdout).toBe(stdout);
  });

  test('names the command that an unknown one was meant to be', () => {
    expect(crossfade('statsu')).toEqual({
      status: 2,
      stdout: '',
      stderr: "crossfade: unknown command 'statsu'\n  hint: did you mean status?\n",
    });
  });

  test('names the option that an unknown one was meant to be', () => {
    const { status, stderr } = crossfade('run', '--legcy', 'http://127.0.0.1:1');
    expect(status).toBe(2);
    expect(stderr).toBe("crossfade: unknown option '--legcy'\n  hint: did you mean --legacy?\n");
  });

  test('ends as it would have where nobody reads what it says', async () => {
    const main = join(import.meta.dirname, '../../src/cli/main.ts');
    const child = spawn(process.execPath, [main, 'statsu'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    child.stderr.destroy();
    const [code] = await once(child, 'exit');
    expect(code).toBe(2);
  });

  test('says errors as JSON where JSON was asked for', () => {
    const { status, stderr } = crossfade('status', '--json', '--sotre', 'x');
    expect(status).toBe(2);
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'usage', message: "unknown option '--sotre'", hint: 'did you mean --store?' },
    });
  });
});

describe('one URL of two', () => {
  test.each([
    ['legacy', 'candidate'],
    ['candidate', 'legacy'],
  ])('%s alone is told which is missing', (given, missing) => {
    const { status, stderr } = crossfade('run', `--${given}`, 'http://127.0.0.1:1');
    expect(status).toBe(2);
    expect(stderr).toMatch(
      new RegExp(`^crossfade: --${missing} is missing\\n {2}hint: --${given} `),
    );
  });
});

describe('a wrong configuration', () => {
  test('ends with 2, a sentence with line and column, and no stack', () => {
    writeFileSync(join(folder, 'bad.yaml'), 'legacy: { ulr: http://127.0.0.1:1 }\ncandidat: {}\n');
    const { status, stdout, stderr } = crossfade('run', '-c', 'bad.yaml');
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr.split('\n')).toEqual([
      'crossfade: bad.yaml has 4 problems',
      '  bad.yaml:1:1: expected the key "candidate": a mapping with url, metrics, host, ' +
        'headers, tls, trusted, strip; found none',
      '  bad.yaml:1:9: legacy: expected the key "url": an http:// or https:// URL; found none',
      '  bad.yaml:1:11: legacy.ulr: unknown key "ulr"; did you mean "url"?',
      '  bad.yaml:2:1: candidat: unknown key "candidat"; did you mean "candidate"?',
      '',
    ]);
  });

  test('that does not exist is named', () => {
    const { status, stderr } = crossfade('run', '-c', 'none.yaml');
    expect(status).toBe(2);
    expect(stderr).toBe('crossfade: cannot read none.yaml: there is no such file\n');
  });
});

describe('the verbs', () => {
  test('say so when nothing runs', () => {
    const { status, stderr } = crossfade('status');
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/^crossfade: /);
    expect(stderr).not.toContain('    at ');
  });
});
