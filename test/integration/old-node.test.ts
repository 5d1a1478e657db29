import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const CLI = join(import.meta.dirname, '../../src/cli');
const folder = mkdtempSync(join(tmpdir(), 'crossfade-old-node-'));

afterAll(() => rmSync(folder, { recursive: true }));

/** A Node on this machine that is too old; undefined where there is none. */
function findOldNode(): string | undefined {
  const places = ['/usr/bin', '/usr/local/bin', ...(process.env['PATH'] ?? '').split(':')];
  return places
    .map((place) => join(place, 'node'))
    .find((node) => {
      const version = /^v(\d+)\./.exec(spawnSync(node, ['--version']).stdout?.toString() ?? '');
      return version !== null && Number(version[1]) >= 18 && Number(version[1]) < 24;
    });
}

/** The entry as the build makes it: JavaScript beside JavaScript. */
function buildEntry(): string {
  const cli = join(folder, 'src/cli');
  mkdirSync(cli, { recursive: true });
  cpSync(join(CLI, '../../package.json'), join(folder, 'package.json'));
  for (const name of ['main', 'require-node']) {
    const code = stripTypeScriptTypes(readFileSync(join(CLI, `${name}.ts`), 'utf8'));
    writeFileSync(join(cli, `${name}.js`), code.replaceAll(/\.ts'/g, ".js'"));
  }
  return join(cli, 'main.js');
}

const oldNode = findOldNode();

it.skipIf(oldNode === undefined)(
  'an older Node is told so, in a sentence (skipped where the machine has none)',
  () => {
    const { status, stdout, stderr } = spawnSync(oldNode!, [buildEntry(), '--version'], {
      encoding: 'utf8',
    });
    expect(stderr).toMatch(/^crossfade: this is Node \d+\.\d+\.\d+; 24\.12 or newer is needed\n/);
    expect(stderr.split('\n')).toHaveLength(3);
    expect([status, stdout]).toEqual([2, '']);
  },
);
