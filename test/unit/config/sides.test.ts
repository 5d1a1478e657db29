import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSettings } from '../../../src/config/load.ts';
import { putCertificate } from '../../support/certificates.ts';
import { problemsIn } from '../../support/configurations.ts';

const folder = mkdtempSync(join(tmpdir(), 'crossfade-sides-'));

beforeAll(() => {
  putCertificate(folder, 'proxy', 'client');
  putCertificate(folder, 'other', 'server');
  writeFileSync(join(folder, 'token'), '  s3cret-of-the-file \nsecond line\n');
  writeFileSync(join(folder, 'empty'), '\n');
});

afterAll(() => rmSync(folder, { recursive: true }));

const LEGACY = 'legacy: { url: http://127.0.0.1:9001 }\n';

/** Legacy, and a candidate with these keys on its second line. */
function withCandidate(keys: string, url = 'https://new.internal'): string {
  return `${LEGACY}candidate: { url: ${url}, ${keys} }\n`;
}

function candidateOf(keys: string, env = {}) {
  return parseSettings(withCandidate(keys), 'c.yaml', folder, env).candidate;
}

function problemsOf(keys: string, env = {}): string[] {
  return problemsIn(withCandidate(keys), folder, env);
}

describe('what a side is sent', () => {
  test('is a Host, fields from here, the environment or a file, and fields left out', () => {
    const set = '{ X-Env: shadow, authorization: { env: TOKEN }, x-key: { file: ./token } }';
    const keys = `host: rewrite, headers: { set: ${set}, remove: [X-Debug] }, trusted: false`;
    expect(candidateOf(keys, { TOKEN: 'Bearer abc' })).toMatchObject({
      host: 'rewrite',
      setHeaders: ['X-Env', 'shadow', 'authorization', 'Bearer abc', 'x-key', 's3cret-of-the-file'],
      removeHeaders: ['x-debug'],
      isTrusted: false,
    });
  });

  test('is told of every name that cannot be, together', () => {
    const set = '{ "bad name": x, content-length: "3", host: h }';
    const problems = problemsOf(`headers: { set: ${set}, remove: ["a b", via] }`);
    expect(problems.map((text) => /found "(.*?)"/.exec(text)?.[1])).toEqual([
      'bad name',
      'content-length',
      'host',
      'a b',
      'via',
    ]);
  });

  test.each([
    ['content-length', 'it frames the body'],
    ['Transfer-Encoding', 'it frames the body'],
    ['connection', 'it belongs to one hop'],
    ['TE', 'it belongs to one hop'],
    ['upgrade', 'it belongs to one hop'],
    ['Via', 'the proxy finds loops by it'],
    ['host', 'use `host: preserve` or `host: rewrite`'],
    ['Crossfade-Side', "such fields are the proxy's own"],
  ])('is never %s by a rule', (name, why) => {
    const message = `expected a field that the proxy does not write, found "${name}": ${why}`;
    expect(problemsOf(`headers: { set: { ${name}: a } }`)).toEqual([
      `2:${61 + name.length} candidate.headers.set.${name}: ${message}`,
    ]);
    expect(problemsOf(`headers: { remove: [${name}] }`)).toEqual([
      `2:61 candidate.headers.remove[0]: ${message}`,
    ]);
  });

  test('takes names that every object has for names of fields', () => {
    expect(candidateOf('headers: { set: { constructor: a } }').setHeaders).toEqual([
      'constructor',
      'a',
    ]);
  });

  test.each([
    [
      'a name that is none',
      'headers: { set: { "x y": a } }',
      '2:59 candidate.headers.set.x y: expected the name of a header field, found "x y"',
    ],
    [
      'a field twice',
      'headers: { set: { x-a: b, X-A: c } }',
      '2:72 candidate.headers.set.X-A: expected each field once, found "X-A" again',
    ],
    [
      'a field set and removed',
      'headers: { set: { x-a: b }, remove: [X-A] }',
      '2:78 candidate.headers.remove[0]: expected a field that is not set as well, found "X-A"',
    ],
    [
      'a number that YAML took for one',
      'headers: { set: { x-a: 5 } }',
      '2:64 candidate.headers.set.x-a: expected a text without control characters, ' +
        'found a number',
    ],
  ])('refuses %s', (_what, keys, problem) => {
    expect(problemsOf(keys)).toEqual([problem]);
  });
});

describe('a secret', () => {
  const of = (secret: string) => `headers: { set: { x-a: ${secret} } }`;

  test.each([
    [
      'that the environment lacks',
      of('{ env: NOWHERE }'),
      '2:71 candidate.headers.set.x-a.env: expected the environment variable NOWHERE, found none',
    ],
    [
      'that is empty in the environment',
      of('{ env: EMPTY }'),
      '2:71 candidate.headers.set.x-a.env: expected the environment variable EMPTY, ' +
        'found an empty one',
    ],
    [
      'in a file that is not there',
      of('{ file: ./none }'),
      '2:72 candidate.headers.set.x-a.file: expected a file that can be read, ' +
        'found "./none": there is no such file',
    ],
    [
      'in a file that is empty',
      of('{ file: ./empty }'),
      '2:72 candidate.headers.set.x-a.file: expected a first line with the secret, ' +
        'found none in "./empty"',
    ],
    [
      'in two places',
      of('{ env: TOKEN, file: ./token }'),
      '2:64 candidate.headers.set.x-a: expected a text, or one of the keys env and file, ' +
        'found both',
    ],
    [
      'in no place',
      of('{}'),
      '2:64 candidate.headers.set.x-a: expected a text, or one of the keys env and file, ' +
        'found neither',
    ],
  ])('%s is refused', (_what, keys, problem) => {
    expect(problemsOf(keys, { TOKEN: 'secret-token', EMPTY: '' })).toEqual([problem]);
  });

  test('is in no message, wherever it stands and whatever is wrong with it', () => {
    const secrets = [
      problemsOf(of('"s3cret\\u0001"')),
      problemsOf(of('{ env: TOKEN }'), { TOKEN: 's3cret\r\nx-b: c' }),
      problemsOf(of('"s3cret→"')),
      problemsIn(`${withCandidate('trusted: true')}overrides: { secret: s3cret }`),
      problemsIn(`${withCandidate('trusted: true')}overrides: { secret: { env: T } }`, folder, {
        T: 's3cret',
      }),
      problemsIn(`${withCandidate('trusted: true')}overrides: { secret: 53037 }`),
      problemsIn(`${LEGACY}candidate: { url: "htp://user:s3cret@host" }`),
      problemsIn(`${LEGACY}candidate: { url: "http://user:s3cret@host" }`),
    ];
    for (const problems of secrets) {
      expect(problems).toHaveLength(1);
      expect(problems[0]).not.toMatch(/s3cret|53037/);
    }
  });
});

describe('TLS towards a side', () => {
  test('takes files against the folder of the configuration', () => {
    const keys =
      'tls: { ca: other.pem, cert: ./proxy.pem, key: proxy.key, serverName: a.b, verify: false }';
    expect(candidateOf(keys).tls).toEqual({
      caPath: join(folder, 'other.pem'),
      certPath: join(folder, 'proxy.pem'),
      keyPath: join(folder, 'proxy.key'),
      serverName: 'a.b',
      isVerified: false,
    });
  });

  test.each([
    [
      'a certificate without its key',
      'tls: { cert: proxy.pem }',
      '2:46 candidate.tls: expected the key "key" beside "cert"; found none',
    ],
    [
      "another's key",
      'tls: { cert: proxy.pem, key: other.key }',
      '2:70 candidate.tls.key: expected the private key of "proxy.pem", ' +
        'found another\'s in "other.key"',
    ],
    [
      'a file that is not there',
      'tls: { ca: none.pem }',
      '2:52 candidate.tls.ca: expected a file that can be read, ' +
        'found "none.pem": there is no such file',
    ],
  ])('refuses %s', (_what, keys, problem) => {
    expect(problemsOf(keys)).toEqual([problem]);
  });

  test('tells a certificate from a key and names the file', () => {
    const [cert, key, ...more] = problemsOf('tls: { cert: proxy.key, key: proxy.pem }');
    expect(more).toEqual([]);
    expect(cert).toContain('tls.cert: expected a certificate (PEM), found none in "proxy.key"');
    expect(key).toContain('tls.key: expected a private key (PEM) without a passphrase, found none');
  });

  test('is refused where the URL is not https://', () => {
    expect(problemsIn(withCandidate('tls: { verify: false }', 'http://new'))).toEqual([
      '2:36 candidate.tls: expected none with an http:// URL, found one with "http://new"',
    ]);
  });
});

test('what an untrusted side is stripped of has nothing to be taken from a trusted one', () => {
  const strip = 'strip: { headers: [X-Pin], query: [Ticket] }';
  expect(candidateOf(`trusted: false, ${strip}`)).toMatchObject({
    stripHeaders: ['x-pin'],
    stripQuery: ['ticket'],
  });
  expect(problemsOf(strip)).toEqual([
    '2:48 candidate.strip: expected `trusted: false` beside it: a trusted side is sent everything',
  ]);
});

describe('where a candidate may be', () => {
  test.each([
    'http://169.254.169.254/latest',
    'http://2852039166/',
    'http://[fe80::1]:80',
    'http://[::ffff:169.254.169.254]/',
  ])('never at %s', (url) => {
    const problems = problemsIn(withCandidate('trusted: true', `"${url}"`));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('candidate.url: expected no link-local address, found "http');
  });

  const WRITES =
    'key: { from: header, name: x-user }\nstate: separate\n' +
    'routes: [{ match: POST /orders, writes: mirror }]\n';

  test.each(['http://127.0.0.2:9001', 'http://localhost:9001', '"http://[::1]:9001"'])(
    'never at legacy by the name of %s, where writes are mirrored',
    (url) => {
      const text = withCandidate('trusted: true', url);
      const [problem, ...more] = problemsIn(text + WRITES);
      expect(more).toEqual([]);
      expect(problem).toContain("candidate.url: expected another server than legacy's, found");
      expect(problem).toContain('every mirrored write would be done twice on it');
      const reads = `${text}key: { from: header, name: x-user }\nstate: separate\n`;
      expect(problemsIn(reads)).toEqual([]);
    },
  );
});
