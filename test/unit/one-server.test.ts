import { describe, expect, it } from 'vitest';
import { requireTwoServers } from '../../src/engines/one-server.ts';
import type { Resolve } from '../../src/wire/resolve.ts';
import { testRoute, testSettings } from '../support/proxy.ts';

const WRITES = [testRoute('PUT /u/:user', { writes: 'mirror' })];
const PLACES: Readonly<Record<string, readonly string[]>> = {
  'old.test': ['10.0.0.1', '10.0.0.2'],
  'new.test': ['2001:db8::1', '::ffff:10.0.0.2'],
  'other.test': ['10.0.0.3'],
};

/** What is warned of, with the names of a world of their own. */
async function started(
  settings: Parameters<typeof requireTwoServers>[0],
): Promise<readonly string[]> {
  const warned: string[] = [];
  const log = {
    info: () => undefined,
    warn: (_fields: object, phrase: string) => void warned.push(phrase),
    error: () => undefined,
  };
  const resolve =
    (host: string): Resolve =>
    (done) => {
      const addresses = PLACES[host];
      queueMicrotask(() => done(addresses ? { addresses, isDeclared: false } : 'ENOTFOUND'));
    };
  await requireTwoServers(settings, log, resolve);
  return warned;
}

describe('two names of one server', () => {
  it('are refused where writes are mirrored, with both and their address', async () => {
    const settings = testSettings('http://old.test', 'http://new.test', { routes: WRITES });
    await expect(started(settings)).rejects.toMatchObject({
      code: 'same-server',
      message:
        'legacy and candidate are the same server: http://old.test and http://new.test are both ' +
        'at ::ffff:10.0.0.2',
      hint: expect.stringContaining('host: rewrite for both'),
    });
  });

  it('are said where only reads are compared', async () => {
    expect(await started(testSettings('http://old.test', 'http://new.test'))).toEqual([
      'legacy and candidate are the same server: it is compared with itself',
    ]);
  });

  it.each([
    ['http://old.test', 'http://other.test'],
    ['http://old.test', 'http://new.test:8080'],
    ['http://old.test', 'http://new.test/v2'],
    ['http://old.test', 'http://unknown.test'],
  ])('are not %s and %s', async (legacy, candidate) => {
    expect(await started(testSettings(legacy, candidate, { routes: WRITES }))).toEqual([]);
  });

  it('are two servers where a balancer tells them apart by their Host', async () => {
    const settings = testSettings('http://old.test', 'http://new.test', { routes: WRITES });
    const [legacy, candidate] = [settings.legacy, settings.candidate].map(
      (side) => ({ ...side, host: 'rewrite' }) as const,
    );
    expect(await started({ ...settings, legacy: legacy!, candidate: candidate! })).toEqual([]);
  });
});
