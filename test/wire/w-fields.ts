/** W-15 to W-19, W-31 to W-35, W-48 to W-50, W-64 and W-68 to W-70: fields. */
import { bare, each, forwarded, forwardedThen, get, post, rejected, type WireRow } from './rows.ts';

const badField = rejected(400, 'header');
const badHost = rejected(400, 'host');
const badTarget = rejected(400, 'target');
const passed = forwarded({ line: 'GET /{id}' });

/** A GET whose field block is this, without an end of line of its own. */
function fields(block: string): string {
  return `GET /{id} HTTP/1.1\r\nHost: h\r\n${block}\r\n\r\n`;
}

const lines: readonly WireRow[] = [
  {
    id: 'W-15',
    input: 'A folded line in a plain field; in Transfer-Encoding; in Content-Length',
    expected: '400 and close',
    clause: 'RFC 9112, 5.2',
    requests: each(
      ['X-A: b\r\n c', 'Transfer-Encoding:\r\n chunked', 'Content-Length:\r\n\t5'],
      fields,
      badField,
    ),
  },
  {
    id: 'W-16',
    input: 'A bare LF behind the request line, a field, or as the empty line; CR alone throughout',
    expected: '400 and close',
    clause: 'RFC 9112, 2.2 (it may be mended; it is refused)',
    requests: [
      {
        name: 'request line',
        send: 'GET /{id} HTTP/1.1\nHost: h\r\n\r\n',
        expect: rejected(400, 'version'),
      },
      { name: 'field', send: 'GET /{id} HTTP/1.1\r\nHost: h\n\r\n', expect: badField },
      { name: 'empty line', send: 'GET /{id} HTTP/1.1\r\nHost: h\r\n\n', expect: badField },
      {
        name: 'CR alone',
        send: 'GET /{id} HTTP/1.1\rHost: h\r\r',
        expect: rejected(400, 'version'),
      },
    ],
  },
  {
    id: 'W-17',
    input: 'Bare CR, NUL, byte 01 within a value, at its start, at its end',
    expected: '400 and close',
    clause: 'RFC 9110, 5.5',
    requests: each(
      ['X-A: b\rc', 'X-A: b\0c', 'X-A: b\x01c', 'X-A: \rc', 'X-A:\0', 'X-A: \x01c', 'X-A: c\0'],
      fields,
      badField,
    ),
  },
  {
    id: 'W-18',
    input: 'Empty name, no colon, bracket in a name, byte 85 in a name, blank before the colon',
    expected: '400 and close',
    clause: 'RFC 9112, 5.1; RFC 9110, 5.1',
    requests: each([': v', 'X-A', 'X[A: v', 'X\x85A: v', 'X-A : v'], fields, badField),
  },
  {
    id: 'W-19',
    input: 'A line that begins with a blank before the first field',
    expected: '400 and close',
    clause: 'RFC 9112, 2.2',
    requests: each(
      [' X-A: v', '\tHost: evil'],
      (line) => `GET /{id} HTTP/1.1\r\n${line}\r\nHost: h\r\n\r\n`,
      badField,
    ),
  },
];

const hosts: readonly WireRow[] = [
  {
    id: 'W-31',
    input: 'HTTP/1.1 without Host',
    expected: '400 and close',
    clause: 'RFC 9112, 3.2',
    requests: [{ name: 'none', send: 'GET /{id} HTTP/1.1\r\nX-A: b\r\n\r\n', expect: badHost }],
  },
  {
    id: 'W-32',
    input: 'Two Host lines, different and identical',
    expected: '400 and close',
    clause: 'RFC 9112, 3.2',
    requests: each(['Host: b', 'host: h'], get, badHost),
  },
  {
    id: 'W-33',
    input: 'Host empty, `u@a`, `a/b`, `a, b`, `a b`, `a:99999`',
    expected: '400 and close',
    clause: 'RFC 9112, 3.2; RFC 9110, 7.2',
    requests: each(
      ['', 'u@a', 'a/b', 'a, b', 'a b', 'a:99999', 'a:8x', '[::1'],
      (host) => `GET /{id} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
      badHost,
    ),
  },
  {
    id: 'W-34',
    input: '`GET http://b/x` with `Host: a`',
    expected: 'Host is rebuilt from the target; the address dialled is still the configured one',
    clause: 'RFC 9112, 3.2.2',
    requests: [
      {
        name: 'another host',
        send: 'GET http://b.example:81/{id}?q HTTP/1.1\r\nHost: a\r\n\r\n',
        expect: forwarded({ line: 'GET /{id}?q', has: ['Host: b.example:81'] }),
      },
      {
        name: 'no path',
        send: 'GET http://b?{id} HTTP/1.1\r\nHost: a\r\n\r\n',
        expect: forwarded({ line: 'GET /?{id}', has: ['Host: b'] }),
      },
      {
        name: '1.0 without Host, with a length',
        send: 'POST http://b/{id} HTTP/1.0\r\nX-A: 1\r\nContent-Length: 05\r\n\r\nhello',
        expect: forwardedThen('closed', {
          line: 'POST /{id}',
          body: 'hello',
          has: ['Host: b', 'X-A: 1', 'Content-Length: 5'],
        }),
      },
    ],
  },
  {
    id: 'W-35',
    input: 'Absolute targets: `ftp:`, the link-local metadata address, the proxy’s own address',
    expected: '400 and close; never dialled',
    clause: 'RFC 9112, 3.2.2; ours against forged requests',
    requests: each(
      [
        'ftp://b/{id}',
        'http://169.254.169.254/latest/meta',
        'http://[fe80::1]/x',
        'http://127.0.0.1:{port}/{id}',
        'http://u@b/{id}',
        'http:///{id}',
      ],
      (target) => bare(`GET ${target} HTTP/1.1`),
      badTarget,
    ),
  },
];

const blocks: readonly WireRow[] = [
  {
    id: 'W-48',
    input: '17 KB of fields; 2 100 fields; one name of 8 KB',
    expected: '431 and close; never cut silently (CVE-2026-58044)',
    clause: 'RFC 6585, 5; RFC 9110, 5.4',
    note: 'the limit, 32 KiB by default, is set to 16 KiB for the first',
    requests: [
      {
        name: '17 KB',
        send: get(`X-A: ${'b'.repeat(17_000)}`),
        expect: rejected(431, 'head-too-large'),
        settings: { port: { headMaxBytes: 16_384 } },
      },
      { name: '17 KB by default', send: get(`X-A: ${'b'.repeat(17_000)}`), expect: passed },
      {
        name: '2 100 fields',
        send: get(...Array.from({ length: 2100 }, () => 'A: b')),
        expect: rejected(431, 'head-too-large'),
      },
      {
        name: '8 KB name',
        send: get(`${'X'.repeat(8192)}: v`),
        expect: rejected(431, 'head-too-large'),
      },
    ],
  },
  {
    id: 'W-49',
    input: 'A target of 8 000 bytes; of 64 KB',
    expected: 'forwarded; 414 and close',
    clause: 'RFC 9112, 3',
    requests: [
      {
        name: '8 000',
        send: bare(`GET /{id}${'a'.repeat(7990)} HTTP/1.1`),
        expect: forwarded({ line: `GET /{id}${'a'.repeat(7990)}` }),
      },
      {
        name: '64 KB',
        send: bare(`GET /{id}${'a'.repeat(65_536)} HTTP/1.1`),
        expect: rejected(414, 'target-too-long'),
      },
    ],
  },
  {
    id: 'W-50',
    input: 'Field names `__proto__`, `constructor`, `hasOwnProperty`',
    expected: 'forwarded from the raw list',
    clause: 'RFC 9110, 5.1',
    requests: each(
      ['__proto__', 'constructor', 'hasOwnProperty'],
      (name) => get(`${name}: v`),
      passed,
    ).map((each) => ({
      ...each,
      expect: forwarded({ line: 'GET /{id}', has: [`${each.name}: v`] }),
    })),
  },
  {
    id: 'W-64',
    input: '`Connection: host`, `content-length`, `authorization`, `x-forwarded-for`; other names',
    expected: '400 and close for names that frame, route or secure; others are stripped',
    clause: 'RFC 9110, 7.6.1 (CVE-2026-33805)',
    requests: [
      ...each(
        [
          'host',
          'close, Content-Length',
          'transfer-encoding',
          'authorization',
          'x-forwarded-for',
          'via',
          'crossfade-role',
        ],
        (name) => get(`Connection: ${name}`),
        rejected(400, 'connection-field'),
      ),
      {
        name: 'X-A',
        send: get('Connection: X-A, keep-alive', 'X-A: b', 'X-C: d'),
        expect: forwarded({
          line: 'GET /{id}',
          has: ['X-C: d', 'X-Forwarded-For: 127.0.0.1'],
          lacks: ['x-a', 'connection'],
        }),
      },
    ],
  },
  {
    id: 'W-68',
    input: 'Two lines each of Content-Type, Authorization, Cookie',
    expected: 'the raw lines, in order',
    clause: 'RFC 9110, 5.3',
    requests: ['Content-Type', 'Authorization', 'Cookie'].map((name) => ({
      name,
      send: get(`${name}: a=1`, 'X-A: b', `${name.toLowerCase()}: a=2`),
      expect: forwarded({
        line: 'GET /{id}',
        has: [`${name}: a=1`, 'X-A: b', `${name.toLowerCase()}: a=2`],
      }),
    })),
  },
  {
    id: 'W-69',
    input: 'A value with byte E9',
    expected: 'the same single byte out',
    clause: 'RFC 9110, 5.5',
    requests: [
      {
        name: 'E9',
        send: get('X-A: caf\xe9'),
        expect: forwarded({ line: 'GET /{id}', has: ['X-A: caf\xe9'] }),
      },
    ],
  },
  {
    id: 'W-70',
    input: 'QUERY with a body',
    expected: 'forwarded; mirrored only where its route is declared safe',
    clause: 'RFC 9110, 9.2.1',
    requests: [
      {
        name: 'not declared',
        send: `${bare('QUERY /{id} HTTP/1.1', 'Content-Length: 5')}hello`,
        expect: forwarded({ line: 'QUERY /{id}', body: 'hello' }),
      },
      {
        name: 'a body that says POST',
        send: post(['Content-Length: 5'], 'hello'),
        expect: forwarded({ line: 'POST /{id}', body: 'hello' }),
      },
      {
        name: 'declared safe',
        send: `${bare('QUERY /safe/{id} HTTP/1.1', 'Content-Length: 5')}hello`,
        expect: forwarded({ line: 'QUERY /safe/{id}', body: 'hello' }),
      },
    ],
  },
];

export const FIELD_ROWS: readonly WireRow[] = [...lines, ...hosts, ...blocks];
