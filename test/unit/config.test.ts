import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DEFAULT_PORT, DEFAULT_UPSTREAM } from '../../src/config/defaults.ts';
import { loadSettings, parseSettings, settingsFromUrls } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';
import { CrossfadeError } from '../../src/kit/errors.ts';

const SIDES = `legacy: { url: http://127.0.0.1:9001 }
candidate: { url: http://127.0.0.1:9002 }
`;

const KEY = `key: { from: header, name: x-user }
state: separate
`;

function parse(text: string) {
  return parseSettings(text, 'c.yaml', '/etc/crossfade');
}

function caught(act: () => unknown): CrossfadeError {
  try {
    act();
  } catch (error) {
    if (error instanceof CrossfadeError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** `line:column path: message` of every problem. */
function problemsOf(text: string): string[] {
  const error = caught(() => parse(text));
  if (!(error instanceof ConfigError)) throw error;
  return error.problems.map((p) => `${p.line}:${p.column} ${p.path}: ${p.message}`);
}

describe('a good configuration', () => {
  const path = 'fixtures/configurations/read-states.yaml';

  test('is taken over exactly', () => {
    const settings = loadSettings(path);
    expect(settings.listen).toEqual({ host: '127.0.0.1', port: 8080 });
    expect(settings.control).toEqual({ host: '127.0.0.1', port: 8081 });
    expect(settings.legacy).toEqual({
      ...DEFAULT_UPSTREAM,
      url: 'http://127.0.0.1:9001',
      metricsUrl: 'http://127.0.0.1:9001/metrics',
    });
    expect(settings.key).toEqual([{ from: 'path', pattern: '/v1/users/:user/*', name: 'user' }]);
    expect(settings.state).toBe('separate');
    expect(settings.workers).toBe(1);
    expect(settings.mirror.percent).toBe(100);
    expect(settings.storePath).toBe(resolve('fixtures/configurations/crossfade.db'));
    expect(settings.ladder).toEqual([
      { percent: 0, holdMs: 3_600_000, peaks: 0, approve: false },
      { percent: 1, holdMs: 172_800_000, peaks: 3, approve: false },
      { percent: 10, holdMs: 86_400_000, peaks: 0, approve: false },
      { percent: 50, holdMs: 86_400_000, peaks: 0, approve: true },
      { percent: 100, holdMs: 86_400_000, peaks: 0, approve: false },
    ]);
    expect(settings.routes.map(({ match, safe, writes }) => [match, safe, writes])).toEqual([
      ['GET /v1/users/:user/read-states', false, 'never'],
      ['POST /v1/users/:user/read-states/query', true, 'never'],
      ['POST /v1/users/:user/channels/:channel/messages/:message/ack', false, 'mirror'],
      ['POST /v1/channels/:channel/mentions', false, 'mirror'],
    ]);
    expect(settings.routes[0]!.compare).toEqual([
      {
        route: 'GET /v1/users/:user/read-states',
        path: '/version',
        as: 'ignore',
        by: [],
        tolerance: 0,
        reason: 'versions restart with each store',
        owner: 'messaging',
        until: '2027-01-31',
      },
    ]);
    expect(settings.routes[3]!.keys).toEqual([{ from: 'body', path: '/user_ids/*' }]);
    expect(settings.gates.map((gate) => [gate.gate, gate.limit, gate.onFail])).toEqual([
      ['mismatch.rate < 0.001%', 0.00001, 'rollback'],
      ['errors.excess < 0.01%', 0.0001, 'rollback'],
      ['latency.p99.ratio < 1.05', 1.05, 'rollback'],
      ['latency.p99.9.ratio < 1.10', 1.1, 'rollback'],
      ['coverage > 99%', 0.99, 'hold'],
      ['memory.ratio < 1.0', 1, 'rollback'],
      ['cpu.ratio < 1.0', 1, 'rollback'],
      ['candidate.spikes = none', 0, 'rollback'],
    ]);
  });

  test('is frozen all through', () => {
    const settings = loadSettings(path);
    expect(Object.isFrozen(settings.routes[0]!.compare[0])).toBe(true);
    expect(Object.isFrozen(settings.ladder)).toBe(true);
  });

  test('needs no more than two URLs: the rest has defaults', () => {
    const settings = parse(SIDES);
    expect(settings.workers).toBe(availableParallelism());
    expect(settings.key).toBeNull();
    expect(settings.storePath).toBe('/etc/crossfade/crossfade.db');
    expect(settings.ladder.map((step) => step.percent)).toEqual([0, 1, 10, 50, 100]);
    expect(settings).toMatchObject({
      routes: [],
      record: null,
      liveTimeoutMs: 30_000,
      rescueAfterMs: 1000,
      isRescueOn: true,
      shadowTimeoutMs: 10_000,
      port: DEFAULT_PORT,
      legacy: DEFAULT_UPSTREAM,
      state: null,
      cookies: 'shared',
      overrideSecret: null,
      mirror: {
        percent: 100,
        maxRatePerSec: null,
        routes: null,
        autoPause: { p99Ratio: 1.5, errorsExcessRatio: 0.001 },
      },
    });
  });

  test('has gates on memory and CPU by default only where both sides tell them', () => {
    const withMetrics = SIDES.replaceAll(
      /(:900\d) /g,
      '$1, metrics: "http://127.0.0.1$1/metrics" ',
    );
    const metricsOf = (text: string) => parse(text).gates.map((gate) => gate.metric);
    expect(metricsOf(SIDES)).not.toContain('memory.ratio');
    expect(metricsOf(withMetrics)).toEqual(expect.arrayContaining(['memory.ratio', 'cpu.ratio']));
  });

  test('may be JSON', () => {
    const text = '{"legacy":{"url":"http://a:1"},"candidate":{"url":"http://b:2/api/"}}';
    expect(parse(text).candidate.url).toBe('http://b:2/api');
  });

  test('takes a key from the path of its own route', () => {
    const route = 'routes: [{ match: "PUT /u/:id", keys: { from: path, name: id } }]';
    const { routes } = parse(SIDES + route);
    expect(routes[0]!.keys).toEqual([{ from: 'path', pattern: '/u/:id', name: 'id' }]);
  });

  test('settles in one worker when a route mirrors writes', () => {
    const route = 'routes: [{ match: PUT /a, writes: mirror }]';
    const text = `${SIDES}${KEY}${route}`;
    expect(parse(text).workers).toBe(1);
  });
});

describe('settings from URLs', () => {
  const urls = { legacy: 'http://127.0.0.1:1/', candidate: 'http://127.0.0.1:2' };

  test('have no key and hence no canary', () => {
    const settings = settingsFromUrls({ ...urls, listen: '127.0.0.1:0', store: 'x.db' });
    expect(settings.key).toBeNull();
    expect(settings.listen.port).toBe(0);
    expect(settings.storePath).toBe(resolve('x.db'));
    expect(settings.legacy.url).toBe('http://127.0.0.1:1');
  });

  test('tell what is wrong without a line', () => {
    const error = caught(() => settingsFromUrls({ ...urls, legacy: 'localhost' }));
    expect(error.message).toBe(
      'the options: legacy.url: expected an http:// or https:// URL, found "localhost"',
    );
    expect(error.exitCode).toBe(2);
  });
});

describe('what is wrong is told with line, column, path, expected, found and nearest', () => {
  test.each([
    [
      'an unknown key',
      'lisen: 127.0.0.1:1',
      '3:1 lisen: unknown key "lisen"; did you mean "listen"?',
    ],
    [
      'an unknown key deep down',
      'routes:\n  - match: GET /a\n    compair: []',
      '5:5 routes[0].compair: unknown key "compair"; did you mean "compare"?',
    ],
    [
      'a wrong type',
      'workers: many',
      '3:10 workers: expected a whole number from 1 to 256, found "many"',
    ],
    [
      'no number',
      'workers: .nan',
      '3:10 workers: expected a whole number from 1 to 256, found NaN',
    ],
    [
      'a bad duration',
      'timeouts: { live: 30 parsecs }',
      '3:19 timeouts.live: expected a duration such as 30s, 250ms or 48h, found "30 parsecs"',
    ],
    [
      'a misspelt word',
      'routes: [{ match: PUT /a, writes: miror }]',
      '3:35 routes[0].writes: expected one of never, mirror, found "miror"; did you mean "mirror"?',
    ],
    [
      'a misspelt tag',
      'key: { from: pth, name: a }\nstate: shared',
      '3:14 key.from: expected one of path, header, query, cookie, body, jwt, ' +
        'found "pth"; did you mean "path"?',
    ],
    ['a list for a map', 'store: []', '3:8 store: expected a mapping with sqlite, found a list'],
    [
      'a key given twice',
      'workers: 1\nworkers: 2',
      '4:1 : expected each key once, found "workers" again',
    ],
    [
      'a pattern without the name of the key',
      'state: shared\nkey: { from: path, pattern: /u/:id/*, name: user }',
      '4:29 key.pattern: expected a segment ":user", the key\'s name, found :id in "/u/:id/*"',
    ],
    [
      'a star in the middle',
      'routes: [{ match: GET /a/*/b }]',
      '3:19 routes[0].match: expected "*" only as the whole last segment, found "*" in "/a/*/b"',
    ],
    [
      'a route given twice',
      'routes: [{ match: "GET /a/:x" }, { match: "GET /a/:y" }]',
      '3:43 routes[1].match: expected each route once, found the paths of routes[0] again',
    ],
    [
      'mirrored writes without a key',
      'routes: [{ match: PUT /a, writes: mirror }]',
      '3:35 routes[0].writes: mirrored writes are sent in order per key: ' +
        'add `key` or the `keys` of this route',
    ],
    [
      'mirrored writes in two workers',
      `${KEY}routes: [{ match: PUT /a, writes: mirror }]\nworkers: 2`,
      '6:10 workers: expected 1, found 2: "PUT /a" mirrors writes, ' +
        "and a key's writes stay in order only within one worker",
    ],
    [
      'a ladder that does not start at 0',
      'ladder: [{ percent: 1, hold: 1h }]',
      '3:21 ladder[0].percent: expected the first step to be 0, the shadow phase, found 1',
    ],
    [
      'a ladder that goes down',
      'ladder: [{ percent: 0, hold: 1h }, { percent: 9, hold: 1h }, { percent: 5, hold: 1h }]',
      '3:73 ladder[2].percent: expected more than the step before (9), found 5',
    ],
    [
      'the proxy as its own upstream',
      'listen: 0.0.0.0:9001',
      '1:16 legacy.url: expected another server than our own listen, found "http://127.0.0.1:9001"',
    ],
    [
      'a control API for everybody',
      'control: { listen: 0.0.0.0:81 }',
      '3:20 control.listen: expected a loopback address such as 127.0.0.1, found "0.0.0.0"',
    ],
    [
      'an unknown metric',
      'gates: [mismatch.rat < 1%]',
      '3:9 gates[0]: expected a metric, found "mismatch.rat"; did you mean "mismatch.rate"?',
    ],
    [
      'a gate of an unknown route',
      'routes: [{ match: GET /abc }]\ngates: [{ gate: coverage > 99%, route: GET /abd }]',
      '4:40 gates[0].route: expected the match of a route, found "GET /abd"; ' +
        'did you mean "GET /abc"?',
    ],
    [
      'a gate that nothing feeds',
      'gates: [cpu.ratio < 1]',
      '3:9 gates[0]: "cpu.ratio < 1" needs both legacy.metrics and candidate.metrics',
    ],
    [
      'a day that is none',
      'routes: [{ match: GET /a, compare: [{ path: /v, as: ignore, until: 2027-02-30 }] }]',
      '3:68 routes[0].compare[0].until: expected a date of the calendar, found "2027-02-30"',
    ],
  ])('%s', (_what, text, problem) => {
    expect(problemsOf(SIDES + text)).toEqual([problem]);
  });

  test('keys that every object has are unknown keys as well', () => {
    for (const key of ['__proto__', 'constructor', 'toString']) {
      expect(problemsOf(`${SIDES}${key}: { a: 1 }`)[0]).toContain(`unknown key "${key}"`);
    }
  });

  test('one server for both sides is refused', () => {
    const text = 'legacy: { url: http://a:80/x }\ncandidate: { url: http://A/x/ }';
    expect(problemsOf(text)).toEqual([
      '2:19 candidate.url: expected another server than legacy\'s, found the same "http://a/x"',
    ]);
  });

  test('all problems at once, in the order of the file', () => {
    const error = caught(() =>
      parse(`lisen: 1\n${SIDES}workers: 0\ngates: [nonsense, coverage < 9%]`),
    );
    expect(error.message.split('\n')).toEqual([
      'c.yaml has 4 problems',
      '  c.yaml:1:1: lisen: unknown key "lisen"; did you mean "listen"?',
      '  c.yaml:4:10: workers: expected a whole number from 1 to 256, found 0',
      '  c.yaml:5:9: gates[0]: expected a gate such as latency.p99.ratio < 1.05, found "nonsense"',
      '  c.yaml:5:19: gates[1]: expected ">" as in "coverage > 99%", found "<" in "coverage < 9%"',
    ]);
  });

  test('what is missing is told at its parent', () => {
    expect(problemsOf('candidate: { metrics: http://a/ }')).toEqual([
      '1:1 : expected the key "legacy": a mapping with url, metrics, host, headers, tls, ' +
        'trusted, strip; found none',
      '1:12 candidate: expected the key "url": an http:// or https:// URL; found none',
    ]);
  });

  test.each([
    ['an empty file', ''],
    ['a file that is a list', '- 1'],
    ['broken YAML', 'legacy: { url: "http://a'],
    ['many documents', `${SIDES}---\n${SIDES}`],
    ['an alias of itself', 'legacy: &a { url: *a }\ncandidate: *a'],
    ['a bomb of aliases', `a: &a [1,1]\nb: &b [*a,*a]\n${'c: [*b,*b]\n'.repeat(3)}`],
  ])('%s', (_what, text) => {
    expect(problemsOf(text).length).toBeGreaterThan(0);
  });
});

describe('files that cannot be read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'crossfade-config-'));

  test('a missing file is named', () => {
    const path = join(folder, 'none.yaml');
    const error = caught(() => loadSettings(path));
    expect(error.message).toBe(`cannot read ${path}: there is no such file`);
    expect(error.exitCode).toBe(2);
  });

  test('a file of 10 MB is refused unread', () => {
    const path = join(folder, 'large.yaml');
    writeFileSync(path, '#'.repeat(10_000_000));
    expect(caught(() => loadSettings(path)).code).toBe('config-too-large');
  });

  test('bytes that are no UTF-8 are refused', () => {
    const path = join(folder, 'latin1.yaml');
    writeFileSync(path, Buffer.from([0x61, 0xff, 0xfe]));
    expect(caught(() => loadSettings(path)).code).toBe('config-unreadable');
    rmSync(folder, { recursive: true });
  });
});
