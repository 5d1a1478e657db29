import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crossfade } from '../support/command.ts';
import { ask } from '../support/load.ts';
import { isAlive, type RunFolder, startRunFolder } from '../support/run-folder.ts';
import { until } from '../support/sides.ts';

let here: RunFolder;

beforeEach(async () => {
  here = await startRunFolder();
});

afterEach(async () => {
  await here.close();
});

const RULE = `routes:
  - match: GET /*
    compare: [{ path: /at, as: ignore, reason: clocks, owner: me, until: 2099-01-01 }]
`;

describe('a reload', () => {
  it('is a command that says what has changed, in the event log too', async () => {
    const before = here.run.workerPids();
    here.configure({ mirror: '50%', more: RULE });
    const { stdout, exitCode } = await crossfade('reload', '--store', here.store);
    expect(stdout).toBe(
      "Configuration reloaded: routes, mirror; the step's evidence begins anew. " +
        '2 proxies serve.\n',
    );
    expect(exitCode).toBe(0);
    expect(await here.events('reload')).toEqual([
      "Configuration reloaded: routes, mirror; the step's evidence begins anew",
    ]);
    await until(() => !before.some(isAlive));
    expect((await here.run.status()).mirror.percent).toBe(50);
  });

  it('comes with SIGHUP, as often as it is sent', async () => {
    here.configure({ mirror: '50%' });
    here.run.child.kill('SIGHUP');
    await until(async () => (await here.events('reload')).length === 1);
    here.run.child.kill('SIGHUP');
    await until(async () => (await here.events('reload')).length === 2);
    expect(await here.events('reload')).toEqual([
      'Configuration reloaded: mirror',
      'Configuration reloaded: nothing in it has changed',
    ]);
  });

  it('of a wrong file changes nothing and shows everything that is wrong with it', async () => {
    const before = here.run.workerPids();
    here.configure({ mirror: 'half', more: 'colour: red' });
    const { stderr, exitCode } = await crossfade('reload', '--store', here.store);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('2 problems');
    expect(stderr).toContain('mirror.percent: expected');
    expect(stderr).toContain('colour');
    await until(() => here.run.log().includes('configuration not reloaded'));
    expect(here.run.workerPids()).toEqual(before);
    expect(await ask(here.run.port, 1)).toBe('200');
    expect(await here.events('reload')).toEqual([]);
  });

  it('refuses what takes a restart, by name', async () => {
    here.configure({ more: 'timeouts: { live: 5s }' });
    await here.reload();
    here.configure();
    const text = readFileSync(here.configuration, 'utf8');
    writeFileSync(here.configuration, text.replace('./crossfade.db', './other.db'));
    const { stderr, exitCode } = await crossfade('reload', '--store', here.store);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('not reloaded: store has changed: restart to change it');
    expect(await here.events('reload')).toHaveLength(1);
  });

  it('that the new proxies cannot serve under leaves the old ones where they are', async () => {
    const before = here.run.workerPids();
    here.configure({ more: 'tls: { cert: ./none.pem, key: ./none.key }' });
    await expect(here.reload()).rejects.toMatchObject({ exitCode: 2 });
    expect(await ask(here.run.port, 1)).toBe('200');
    await until(() => here.run.workerPids().length === before.length);
    expect(here.run.workerPids()).toEqual(before);
  });

  it('with a certificate that has expired leaves everything as it was', async () => {
    const before = here.run.workerPids();
    const tls = fileURLToPath(new URL('../../fixtures/tls/', import.meta.url));
    here.configure({ more: `tls: { cert: ${tls}expired.pem, key: ${tls}server-key.pem }` });
    const { stderr, exitCode } = await crossfade('reload', '--store', here.store);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('expired.pem has expired on 2020-01-02');
    expect(here.run.workerPids()).toEqual(before);
    expect(await here.events('reload')).toEqual([]);
  });

  it('holds for proxies that are started later', async () => {
    here.configure({ mirror: '0%' });
    await here.reload();
    await until(() => here.run.workerPids().length === 2);
    for (const pid of here.run.workerPids()) process.kill(pid, 'SIGKILL');
    await until(async () => (await here.run.status()).workers === 2);
    const { mirrored } = (await here.run.status()).traffic;
    for (let user = 0; user < 20; user += 1) expect(await ask(here.run.port, user)).toBe('200');
    await until(async () => ((await here.run.status()).traffic.skipped.sampled ?? 0) >= 20);
    expect((await here.run.status()).traffic.mirrored).toBe(mirrored);
  });

  it('may change how many proxies there are', async () => {
    here.configure({ workers: 3 });
    expect((await here.reload()).workers).toBe(3);
    here.configure({ workers: 1 });
    expect((await here.reload()).workers).toBe(1);
    await until(() => here.run.workerPids().length === 1);
  });

  it('compares nothing while two proxies write, nor ever a key that both wrote', async () => {
    const more = 'routes: [{ match: PUT /*, writes: mirror }]';
    here.configure({ workers: 1, more });
    await here.reload();
    await until(() => here.run.workerPids().length === 1);
    expect(await ask(here.run.port, 1, { method: 'PUT', path: '/late' })).toBe('200');
    await until(() => here.heldCount === 1);
    await here.reload();

    expect(await ask(here.run.port, 1, { method: 'PUT' })).toBe('200');
    expect(await ask(here.run.port, 2, { method: 'PUT' })).toBe('200');
    expect(await ask(here.run.port, 3)).toBe('200');
    // The key is known to be written twice as soon as the controller has heard of both.
    await until(async () => {
      const { notComparable } = (await here.run.status()).traffic;
      return (notComparable['not-sampled'] ?? 0) + (notComparable.tainted ?? 0) === 3;
    });
    const { traffic, tainted } = await here.run.status();
    expect(traffic.compared).toBe(0);
    expect(tainted.map(({ key, reason }) => [key, reason])).toEqual([['user-1', 'overtaken']]);
    here.letGo();
    await until(() => here.run.workerPids().length === 1);
  });
});
