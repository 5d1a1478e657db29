import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSettings, loadStorePath, parseSettings } from '../../../src/config/load.ts';
import { CONFIG_SCHEMA } from '../../../src/config/schema.ts';
import { CrossfadeError } from '../../../src/kit/errors.ts';
import { putCertificate } from '../../support/certificates.ts';
import { problemsIn, settled, TWO_SIDES } from '../../support/configurations.ts';

const folder = mkdtempSync(join(tmpdir(), 'crossfade-port-'));

beforeAll(() => {
  for (const name of ['server', 'clients', 'proxy', 'internal-ca'])
    putCertificate(folder, name, 'server');
  writeFileSync(join(folder, 'candidate.key'), 'key-of-the-candidate\n');
  writeFileSync(join(folder, 'shapes.ts'), '');
});

afterAll(() => rmSync(folder, { recursive: true }));

function problemsOf(text: string): string[] {
  return problemsIn(TWO_SIDES + text, folder);
}

describe('the data port', () => {
  test('is taken over whole', () => {
    const text = `tls: { cert: server.pem, key: server.key, clientCa: clients.pem }
proxyProtocol: true
trustedHops: [10.0.0.0/8, 192.168.1.7, "fd00::/8"]
limits: { head: 8KiB, body: 5GiB, headTime: 5s, bodyIdle: 10s, keepAlive: 2m, answerHead: 1MiB }
`;
    expect(settled(text, folder).port).toEqual({
      tls: {
        certPath: join(folder, 'server.pem'),
        keyPath: join(folder, 'server.key'),
        clientCaPath: join(folder, 'clients.pem'),
        validFromMs: Date.UTC(2026, 10, 21, 5, 30, 24),
        validUntilMs: Date.UTC(2126, 9, 28, 5, 30, 24),
      },
      hasProxyProtocol: true,
      trustedHops: ['10.0.0.0/8', '192.168.1.7', 'fd00::/8'],
      headMaxBytes: 8192,
      bodyMaxBytes: 5 * 1024 ** 3,
      headTimeoutMs: 5000,
      bodyIdleTimeoutMs: 10_000,
      keepAliveMs: 120_000,
      answerHeadMaxBytes: 1_048_576,
    });
    expect(settled('limits: { body: none }').port.bodyMaxBytes).toBeNull();
  });

  test.each([
    [
      'a certificate without its key',
      'tls: { cert: server.pem }',
      '3:6 tls: expected the key "key": a file name; found none',
    ],
    [
      'a certificate that is not there',
      'tls: { cert: none.pem, key: server.key }',
      '3:14 tls.cert: expected a file that can be read, found "none.pem": there is no such file',
    ],
    [
      'a block wider than an address',
      'trustedHops: [10.0.0.0/33]',
      '3:15 trustedHops[0]: expected an address or a block of them such as 10.0.0.0/8, ' +
        'found "10.0.0.0/33"',
    ],
    [
      'an address that is none',
      'trustedHops: [10.0.0.1, 10.0.0]',
      '3:25 trustedHops[1]: expected an address or a block of them such as 10.0.0.0/8, ' +
        'found "10.0.0"',
    ],
    [
      'a head that no request has',
      'limits: { head: 100B }',
      '3:17 limits.head: expected from 1KiB to 1MiB, found "100B"',
    ],
    [
      'no time at all',
      'limits: { headTime: 0 }',
      '3:21 limits.headTime: expected a duration such as 30s, 250ms or 48h, found 0',
    ],
    [
      'a time of 0 s',
      'limits: { keepAlive: 0s }',
      '3:22 limits.keepAlive: expected above 0 and up to 24h, found "0s"',
    ],
    [
      'a body of some size',
      'limits: { body: large }',
      '3:17 limits.body: expected none or a size such as 5GiB, found "large"',
    ],
  ])('refuses %s', (_what, text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });
});

describe('the mirror', () => {
  test('is a share for short, or a budget', () => {
    expect(settled('mirror: 7%').mirror).toMatchObject({ percent: 7, maxRatePerSec: null });
    const text = `routes: [{ match: GET /a }]
mirror: { percent: 50%, maxRate: 500/s, routes: [GET /a], autoPause: { p99: 2, errors: 1% } }
`;
    expect(settled(text).mirror).toEqual({
      percent: 50,
      maxRatePerSec: 500,
      routes: ['GET /a'],
      autoPause: { p99Ratio: 2, errorsExcessRatio: 0.01 },
    });
    expect(settled('mirror: { maxRate: 0.5 }').mirror.maxRatePerSec).toBe(0.5);
  });

  test('pauses by itself unless told not to', () => {
    const defaults = { p99Ratio: 1.5, errorsExcessRatio: 0.001 };
    expect(settled('mirror: 10%').mirror.autoPause).toEqual(defaults);
    expect(settled('mirror: { percent: 10% }').mirror.autoPause).toEqual(defaults);
    expect(settled('mirror: { autoPause: {} }').mirror.autoPause).toEqual(defaults);
    expect(settled('mirror: { autoPause: off }').mirror.autoPause).toBeNull();
  });

  test.each([
    ['more than all', 'mirror: 101%', '3:9 mirror: expected at most 100%, found "101%"'],
    [
      'a list',
      'mirror: [50%]',
      '3:9 mirror: expected a share such as 100% or 0.5% or a mapping, found a list',
    ],
    [
      'no rate',
      'mirror: { maxRate: 0 }',
      '3:20 mirror.maxRate: expected above 0/s, found 0: `mirror: 0%` mirrors nothing',
    ],
    [
      'a rate of another unit',
      'mirror: { maxRate: 5/m }',
      '3:20 mirror.maxRate: expected a rate such as 500/s or a number of at least 0, found "5/m"',
    ],
    [
      'a route that nobody named',
      'routes: [{ match: GET /abc }]\nmirror: { routes: [GET /abd] }',
      '4:20 mirror.routes[0]: expected the match of a route, found "GET /abd"; ' +
        'did you mean "GET /abc"?',
    ],
    [
      'a route of writes',
      'routes: [{ match: PUT /a }]\nmirror: { routes: [PUT /a] }',
      '4:20 mirror.routes[0]: expected a route of reads, found "PUT /a"; ' +
        'writes are mirrored by `writes: mirror` at their route',
    ],
    [
      'a word for the pause',
      'mirror: { autoPause: on }',
      '3:22 mirror.autoPause: expected off or { p99: 1.5, errors: 0.1% }, found "on"',
    ],
    [
      'a truth for the pause',
      'mirror: { autoPause: true }',
      '3:22 mirror.autoPause: expected off or { p99: 1.5, errors: 0.1% }, found true',
    ],
  ])('refuses %s', (_what, text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });
});

describe('rescue and overrides', () => {
  test('rescue has a deadline or is off', () => {
    expect(settled('rescue: { after: 250ms }')).toMatchObject({
      rescueAfterMs: 250,
      isRescueOn: true,
    });
    expect(settled('rescue: off').isRescueOn).toBe(false);
    expect(problemsOf('timeouts: { live: 1s }\nrescue: { after: 2s }')).toEqual([
      '4:18 rescue.after: expected the rescue before the live deadline, found 2000 ms and 1000 ms',
    ]);
    expect(problemsOf('timeouts: { live: 500ms }')).toEqual([
      '3:19 timeouts.live: expected the rescue before the live deadline, found 1000 ms and 500 ms',
    ]);
    expect(problemsOf('timeouts: { live: 500ms }\nrescue: off')).toEqual([]);
  });

  test('overrides have a secret that cannot be guessed', () => {
    const env = { SECRET: '0123456789abcdef' };
    const text = 'overrides: { secret: { env: SECRET } }';
    expect(settled(text, folder, env).overrideSecret).toBe('0123456789abcdef');
    expect(problemsOf('overrides: { secret: short }')).toEqual([
      '3:22 overrides.secret: expected at least 16 characters, found 5',
    ]);
  });
});

describe('the file with every key', () => {
  const text = readFileSync('fixtures/configurations/every-key.yaml', 'utf8');
  const env = { CANDIDATE_TOKEN: 'Bearer a.b.c', CROSSFADE_OVERRIDE_SECRET: 'x'.repeat(32) };

  test('is taken, and has every key of the schema', () => {
    expect(parseSettings(text, 'every-key.yaml', folder, env).state).toBe('separate');
    const keys = Object.keys(CONFIG_SCHEMA.properties ?? {});
    expect(keys.filter((key) => !new RegExp(`^${key}:`, 'm').test(text))).toEqual([]);
  });
});

describe('the store of a configuration', () => {
  const file = join(folder, 'c.yaml');

  test('is found though everything else in the file is wrong', () => {
    writeFileSync(file, 'tls: { cert: none }\noverrides: 1\nstore: { sqlite: ./x.db }\n');
    expect(() => loadSettings(file)).toThrow('problems');
    expect(loadStorePath(file)).toBe(join(folder, 'x.db'));
    writeFileSync(file, 'legacy: 1\n');
    expect(loadStorePath(file)).toBe(join(folder, 'crossfade.db'));
  });

  test('is refused where it is wrong itself, and in a file that is none', () => {
    writeFileSync(file, 'store: { sqlit: ./x.db }\n');
    expect(() => loadStorePath(file)).toThrow(
      'c.yaml:1:10: store.sqlit: unknown key "sqlit"; did you mean "sqlite"?',
    );
    writeFileSync(file, 'store: {');
    expect(() => loadStorePath(file)).toThrow('not valid YAML');
    expect(() => loadStorePath(join(folder, 'none.yaml'))).toThrow(CrossfadeError);
  });
});
