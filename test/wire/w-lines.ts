/** W-36 to W-47 but for fields: request lines. */
import { bare, each, forwarded, rejected, type RequestCase, type WireRow } from './rows.ts';

const badTarget = rejected(400, 'target');

/** A GET of this target, which must reach the sides as it is. */
function verbatim(target: string): RequestCase {
  const line = `GET ${target}`;
  return { name: target, send: bare(`${line} HTTP/1.1`), expect: forwarded({ line }) };
}

export const LINE_ROWS: readonly WireRow[] = [
  {
    id: 'W-36',
    input: 'Targets `//evil/x`, `/..//evil`, `/\\evil`',
    expected: 'the same bytes to the configured sides: no URL is resolved',
    clause: 'RFC 9112, 3.2.1',
    requests: ['//evil/{id}', '/..//evil/{id}', '/\\evil/{id}'].map(verbatim),
  },
  {
    id: 'W-37',
    input: '`GET *`; `GET a:80`; `OPTIONS *`',
    expected: '400; 400; forwarded as `*`',
    clause: 'RFC 9112, 3.2.3 and 3.2.4',
    requests: [
      ...each(['*', 'a:80'], (target) => bare(`GET ${target} HTTP/1.1`), badTarget),
      {
        name: 'OPTIONS *',
        send: bare('OPTIONS * HTTP/1.1'),
        expect: forwarded({ line: 'OPTIONS *' }),
      },
    ],
  },
  {
    id: 'W-38',
    input: 'CONNECT',
    expected: '405 with an answer, and close',
    clause: 'RFC 9110, 9.3.6',
    requests: [
      { name: 'CONNECT', send: bare('CONNECT a:80 HTTP/1.1'), expect: rejected(405, 'method') },
    ],
  },
  {
    id: 'W-39',
    input: 'A fragment in the target',
    expected: '400 and close',
    clause: 'RFC 9112, 3.2',
    requests: each(['/{id}#f', '/#'], (target) => bare(`GET ${target} HTTP/1.1`), badTarget),
  },
  {
    id: 'W-40',
    input: 'Blank or tab in the target, tabs between the parts, byte FF, a leading backslash',
    expected: '400 and close',
    clause: 'RFC 9112, 3 and 3.2',
    requests: [
      { name: 'blank', send: bare('GET /a b HTTP/1.1'), expect: rejected(400, 'version') },
      { name: 'tab', send: bare('GET /a\tb HTTP/1.1'), expect: badTarget },
      { name: 'tabs', send: bare('GET\t/{id}\tHTTP/1.1'), expect: rejected(400, 'request-line') },
      { name: 'FF', send: bare('GET /\xff HTTP/1.1'), expect: badTarget },
      { name: 'backslash', send: bare('GET \\evil HTTP/1.1'), expect: badTarget },
    ],
  },
  {
    id: 'W-41',
    input: 'Several blanks between the parts of the request line',
    expected: '400 and close; never forwarded as written',
    clause: 'RFC 9112, 3',
    requests: [
      {
        name: 'before the target',
        send: bare('GET  /{id} HTTP/1.1'),
        expect: rejected(400, 'request-line'),
      },
      {
        name: 'before the version',
        send: bare('GET /{id}  HTTP/1.1'),
        expect: rejected(400, 'version'),
      },
      {
        name: 'behind it',
        send: bare('GET /{id} HTTP/1.1 '),
        expect: rejected(400, 'version'),
      },
    ],
  },
  {
    id: 'W-42',
    input: '`%2e%2e`, `%2F`, `%00`, `%0d%0a`, overlong UTF-8, double encoding',
    expected: 'the same bytes to both legs: nothing is decoded, no header made',
    clause: 'RFC 9110, 4.2.3; RFC 3986, 2.4',
    requests: [
      '/{id}/%2e%2e/x',
      '/{id}%2Fx',
      '/{id}%00',
      '/{id}%0d%0aX-Evil:%201',
      '/{id}%c0%ae%c0%ae',
      '/{id}%252e',
      '/{id}/../x/./y?a=%zz&&=',
    ].map(verbatim),
  },
  {
    id: 'W-43',
    input: '`GET /` without a version',
    expected: '400 and close',
    clause: 'RFC 9112, 3',
    requests: [
      { name: '0.9', send: 'GET /{id}\r\n\r\n', expect: rejected(400, 'version') },
      { name: 'with fields', send: bare('GET /{id}'), expect: rejected(400, 'version') },
    ],
  },
  {
    id: 'W-44',
    input: '`HTTP/2.0`, `HTTP/1.2`, `http/1.1`, `HTTP/01.1`, the preface of HTTP/2',
    expected: '505 for a version, 400 for none, and close',
    clause: 'RFC 9112, 2.3; RFC 9110, 15.6.6',
    requests: [
      ...each(
        ['HTTP/2.0', 'HTTP/1.2', 'HTTP/0.9'],
        (version) => bare(`GET /{id} ${version}`),
        rejected(505, 'version'),
      ),
      ...each(
        ['http/1.1', 'HTTP/01.1', 'HTTP/1.10', 'HTTP/1'],
        (version) => bare(`GET /{id} ${version}`),
        rejected(400, 'version'),
      ),
      {
        name: 'preface',
        send: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        expect: rejected(505, 'version'),
      },
    ],
  },
  {
    id: 'W-45',
    input: 'Method `FOO`; `get`',
    expected: 'a method in capitals is forwarded, though unknown; 400 and close for others',
    clause: 'RFC 9110, 9.1 and 16.1',
    note: 'no list of methods: what legacy serves can pass, and is never mirrored undeclared',
    requests: [
      {
        name: 'FOO',
        send: bare('FOO /{id} HTTP/1.1'),
        expect: forwarded({ line: 'FOO /{id}' }),
      },
      { name: 'get', send: bare('get /{id} HTTP/1.1'), expect: rejected(400, 'method') },
      { name: 'G@T', send: bare('G@T /{id} HTTP/1.1'), expect: rejected(400, 'request-line') },
    ],
  },
  {
    id: 'W-46',
    input: 'TRACE with Authorization; with Max-Forwards 0',
    expected: '405 and close; nothing of the request in the answer',
    clause: 'RFC 9110, 9.3.8 and 7.6.2',
    requests: each(
      ['Authorization: Basic c2VjcmV0', 'Max-Forwards: 0'],
      (field) => bare('TRACE /{id} HTTP/1.1', field),
      rejected(405, 'method'),
    ),
  },
  {
    id: 'W-47',
    input: 'GET, HEAD, OPTIONS, DELETE with a body, by length and chunked',
    expected: 'forwarded with the body; the stream stays in step',
    clause: 'RFC 9110, 9.3.1; RFC 9112, 6',
    requests: ['GET', 'HEAD', 'OPTIONS', 'DELETE'].flatMap((method) => {
      const line = `${method} /{id}`;
      const expect = forwarded({ line, body: 'hello' });
      return [
        {
          name: `${method}, length`,
          send: `${bare(`${line} HTTP/1.1`, 'Content-Length: 5')}hello`,
          expect,
        },
        {
          name: `${method}, chunked`,
          send: `${bare(`${line} HTTP/1.1`, 'Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`,
          expect,
        },
      ];
    }),
  },
];
