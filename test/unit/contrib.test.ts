/** The files of contrib/ name nothing that is not there. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { COMMANDS, createProgram } from '../../src/cli/program.ts';
import { planConnections } from '../../src/engines/connections.ts';
import { EXIT } from '../../src/kit/errors.ts';
import { LIMITS } from '../../src/kit/limits.ts';
import { pageBlocks } from '../support/page-blocks.ts';

interface Package {
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly engines: { readonly node: string };
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Package;
const page = pageBlocks('docs/in-and-out.md');
const configured = page.find(({ name }) => name.endsWith('crossfade.yaml'))!;
/** The signals that mean something to a run. */
const HANDLED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The words of a `crossfade` command line as the command line itself reads them. */
async function expectKnown(words: readonly string[]): Promise<void> {
  const [name = '', ...rest] = words;
  expect(
    COMMANDS.map((command) => command.name),
    words.join(' '),
  ).toContain(name);
  const program = await createProgram([name]);
  const command = program.commands.find((one: Command) => one.name() === name)!;
  const flags = command.options.flatMap(({ short, long }) => [short, long]);
  for (const flag of rest.filter((word) => word.startsWith('-'))) {
    expect(flags, words.join(' ')).toContain(flag);
  }
}

describe('crossfade.service', () => {
  const path = 'contrib/crossfade.service';
  const text = readFileSync(path, 'utf8');
  const valuesOf = (key: string): readonly string[] =>
    [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map((match) => match[1]!);
  const valueOf = (key: string): string => {
    expect(valuesOf(key), key).toHaveLength(1);
    return valuesOf(key)[0]!;
  };

  it('starts a command that there is, with the flags that it has', async () => {
    const [program = '', ...words] = valueOf('ExecStart').split(' ');
    expect(Object.keys(manifest.bin)).toContain(program.split('/').at(-1));
    await expectKnown(words);
    expect(words).toEqual(['run', '-c', configured.name]);
  });

  it('may write where the page puts the store', () => {
    const store = /sqlite: (\S+)/.exec(configured.text)![1]!;
    expect(store).toMatch(new RegExp(`^${valueOf('ReadWritePaths')}/`));
    expect(valueOf('ReadWritePaths')).toBe(`/var/lib/${valueOf('StateDirectory')}`);
    expect(valueOf('WorkingDirectory')).toBe(valueOf('ReadWritePaths'));
    expect(valueOf('ProtectSystem')).toBe('strict');
    expect(text).toContain(`sqlite: ${store}`);
  });

  it('keeps compiled code where the unit may write', () => {
    expect(valueOf('Environment')).toBe('XDG_CACHE_HOME=/var/cache');
    expect(valueOf('CacheDirectory')).toBe('crossfade');
    const words = readFileSync('src/kit/compile-cache.ts', 'utf8');
    expect(words).toContain("join(configured, 'crossfade')");
  });

  it('sends signals that a run hears', () => {
    const run = readFileSync('src/cli/commands/run.ts', 'utf8');
    const reload = /^\/bin\/kill -(\w+) \$MAINPID$/.exec(valueOf('ExecReload'))![1]!;
    for (const signal of [`SIG${reload}`, valueOf('KillSignal')]) {
      expect(HANDLED).toContain(signal);
      expect(run).toContain(`process.on('${signal}'`);
    }
  });

  it('leaves the proxies to their controller, and to the next one', () => {
    expect(valueOf('KillMode')).toBe('process');
    expect(valueOf('OOMPolicy')).toBe('continue');
    expect(valueOf('Restart')).toBe('on-failure');
    expect(valueOf('StartLimitIntervalSec')).toBe('0');
    // Within the time for which the proxies keep the last assignment.
    expect(Number(valueOf('RestartSec')) * 1000).toBeLessThan(LIMITS.orphanHoldMs / 2);
  });

  it('waits for longer than any drain takes', () => {
    const { drainMaxMs, queueTakenMaxMs, workerStartMaxMs } = LIMITS;
    expect(Number(valueOf('TimeoutStopSec')) * 1000).toBeGreaterThanOrEqual(
      drainMaxMs + 3 * queueTakenMaxMs + workerStartMaxMs,
    );
  });

  it('takes the codes of a run that was ended for success, and tries no wrong usage again', () => {
    const run = readFileSync('src/cli/commands/run.ts', 'utf8');
    const codes = valueOf('SuccessExitStatus').split(' ');
    expect(run).toContain(`signal === 'SIGINT' ? ${codes[1]} : ${codes[0]}`);
    expect(valueOf('RestartPreventExitStatus')).toBe(String(EXIT.usage));
  });

  it('lets a proxy open as many files as it can use', () => {
    expect(planConnections(Number(valueOf('LimitNOFILE'))).warning).toBeNull();
    const enough = Number(/warns below (\d+)/.exec(text)![1]);
    expect(planConnections(enough).warning).toBeNull();
    expect(planConnections(enough - 1).warning).not.toBeNull();
  });

  it('lets Node compile: a rule that forbids it would end every start', () => {
    expect(valuesOf('MemoryDenyWriteExecute')).toEqual([]);
    expect(valueOf('NoNewPrivileges')).toBe('yes');
    expect(valueOf('PrivateTmp')).toBe('yes');
    expect(valueOf('User')).not.toBe('root');
  });

  const hasSystemd = spawnSync('systemd-analyze', ['--version']).error === undefined;
  it.skipIf(!hasSystemd)('is a unit without a word that systemd does not know', () => {
    const folder = mkdtempSync(join(tmpdir(), 'crossfade-unit-'));
    const unit = join(folder, 'crossfade.service');
    // It asks whether the program is there, too.
    writeFileSync(unit, text.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', unit]);
    rmSync(folder, { recursive: true });
    expect(stderr.toString()).toBe('');
    expect(status).toBe(0);
  });
});

describe('Containerfile', () => {
  const text = readFileSync('contrib/Containerfile', 'utf8').replaceAll(/ *\\\n */g, ' ');
  const [, build = '', image = ''] = text.split(/^FROM /m);
  const copied = (stage: string): readonly string[] =>
    [...stage.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => match[1]!.split(' '));
  const built = [...image.matchAll(/^COPY --from=build \/build\/(\S+) /gm)].map((m) => m[1]!);

  it('copies what is kept in the repository', () => {
    const all = [...copied(build), ...copied(image)];
    const ignored = readFileSync('.gitignore', 'utf8').split('\n');
    const isKept = (path: string): boolean => existsSync(path) && !ignored.includes(`${path}/`);
    expect(all.filter((path) => !isKept(path))).toEqual([]);
    expect(all.length).toBeGreaterThan(5);
  });

  it('builds with scripts that there are, out of all that the build needs', () => {
    const scripts = [...text.matchAll(/npm run ([\w:]+)/g)].map((match) => match[1]!);
    expect(scripts.filter((name) => manifest.scripts[name] === undefined)).toEqual([]);
    expect(scripts).toEqual(['build']);
    const { include } = JSON.parse(readFileSync('tsconfig.build.json', 'utf8')) as {
      include: readonly string[];
    };
    for (const path of [...include, 'package-lock.json', 'tsconfig.build.json', 'tsconfig.json']) {
      expect(copied(build)).toContain(path);
    }
  });

  it('holds all that the package holds', () => {
    const all = [...built, ...copied(image)];
    expect(manifest.files.filter((path) => !all.includes(path))).toEqual([]);
    expect(all).toContain('node_modules');
    expect(all).toContain('package.json');
  });

  it('runs on the Node that the package asks for, as nobody special', () => {
    const images = [...text.matchAll(/^FROM \S+\/node:(\d+)-slim/gm)].map((match) => match[1]!);
    const least = /^>=(\d+)\./.exec(manifest.engines.node)![1]!;
    expect(images).toEqual([least, least]);
    expect(/^USER (.*)$/m.exec(image)![1]).toBe('node');
  });

  it('runs a command of the help, by the name that it is linked under', async () => {
    const [entry] = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(image)![1]!) as [string];
    expect(image).toContain(`ln -s /app/${manifest.bin[entry]} /usr/local/bin/${entry}`);
    expect(build).toContain(`chmod +x ${manifest.bin[entry]}`);
    const words = JSON.parse(/^CMD (.*)$/m.exec(image)![1]!) as string[];
    await expectKnown(words);
  });

  it('is stopped by a signal that a run hears, and healthy by an answer that it gives', () => {
    expect(HANDLED).toContain(/^STOPSIGNAL (.*)$/m.exec(image)![1]);
    const [, port, path] = /'http:\/\/127\.0\.0\.1:(\d+)(\/\w+)'/.exec(image)!;
    const docs = readFileSync('docs/configuration.md', 'utf8');
    expect(docs).toContain(
      `| \`control.listen\` | HOST:PORT such as 127.0.0.1:8080 | \`127.0.0.1:${port}\``,
    );
    expect(readFileSync('src/control/server.ts', 'utf8')).toContain(`app.get('${path}'`);
    expect(docs).toContain(`| \`127.0.0.1:${/^EXPOSE (\d+)$/m.exec(image)![1]}\` | Where clients`);
  });

  const check = /^HEALTHCHECK .* CMD (\[.*\])$/m.exec(image)![1]!;
  it('asks after its health in words that Node takes', () => {
    const [program, flag, script] = JSON.parse(check) as [string, string, string];
    expect([program, flag]).toEqual(['node', '-e']);
    // Nobody answers at port 9 of this machine.
    const unhealthy = spawnSync(process.execPath, ['-e', script.replace(':8081', ':9')]);
    expect([unhealthy.status, unhealthy.stderr.toString()]).toEqual([1, '']);
  });
});

describe('the texts', () => {
  it.each(['contrib/README.md', 'docs/in-and-out.md'])(
    '%s names commands with their flags',
    async (path) => {
      const text = readFileSync(path, 'utf8');
      const code = [...text.matchAll(/```[^\n]*\n([\s\S]*?)```|`([^`\n]+)`/g)]
        .map((match) => match[1] ?? match[2] ?? '')
        .join('\n');
      const known = COMMANDS.map(({ name }) => name);
      const lines = [
        ...code.matchAll(/(?:^|docker exec crossfade |crossfade )crossfade ([a-z][^|\n#]*)/gm),
      ]
        .map((match) =>
          match[1]!
            .trim()
            .replaceAll(/"[^"]*"/g, 'TEXT')
            .split(/\s+/),
        )
        .filter(([name]) => name !== 'crossfade');
      expect(lines.length).toBeGreaterThan(0);
      for (const words of lines) {
        expect(known).toContain(words[0]);
        await expectKnown(words);
      }
    },
  );

  it.each(['contrib/README.md', 'docs/in-and-out.md'])('%s links to files that exist', (path) => {
    const links = [...readFileSync(path, 'utf8').matchAll(/\]\(([^)#:]+)\)/g)].map((m) => m[1]!);
    expect(links.length).toBeGreaterThan(0);
    const folder = path.slice(0, path.lastIndexOf('/'));
    expect(links.filter((link) => !existsSync(join(folder, link)))).toEqual([]);
  });
});
