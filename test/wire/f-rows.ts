/** Table F: what a forwarding hop owes both ends. */
import {
  type AnswerCase,
  bare,
  forwarded,
  forwardedThen,
  get,
  type LiveOutcome,
  type WireRow,
} from './rows.ts';

const OK = 'HTTP/1.1 200 OK\r\n';
const LENGTH = 'Content-Length: 5\r\n\r\nhello';

/** An answer with these fields and five bytes, relayed with and without others. */
function relayed(
  name: string,
  fields: readonly string[],
  live: Omit<LiveOutcome, 'status'>,
): AnswerCase {
  const lines = fields.map((field) => `${field}\r\n`).join('');
  return {
    name,
    answer: [`${OK}${lines}${LENGTH}`],
    live: { status: 200, body: 'hello', ...live },
    shadow: 'compared',
  };
}

const HOP = [
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'upgrade',
  'connection',
];

const ODD_TARGET = '/{id}?%00=%ff&a[]=\'"<>{}|^`~';

const fields: readonly WireRow[] = [
  {
    id: 'F-01',
    input:
      'Connection, Keep-Alive, Proxy-Connection, Proxy-Authorization, TE, Transfer-Encoding, ' +
      'Upgrade',
    expected: 'removed or made anew on each hop, both ways',
    clause: 'RFC 9110, 7.6.1 and 11.7.2',
    requests: [
      {
        name: 'request',
        send: get(
          'Connection: keep-alive',
          'Keep-Alive: timeout=5',
          'Proxy-Connection: keep-alive',
          'TE: gzip',
          'Upgrade: foo',
          'Proxy-Authorization: Basic eA==',
          'X-A: b',
        ),
        expect: forwarded({ line: 'GET /{id}', has: ['X-A: b'], lacks: HOP }),
      },
    ],
    answers: [
      relayed(
        'answer',
        ['Connection: keep-alive', 'Keep-Alive: timeout=5', 'Upgrade: foo', 'X-A: b'],
        { has: ['X-A: b'], lacks: ['keep-alive', 'upgrade', 'connection'] },
      ),
      {
        name: 'chunked answer',
        answer: [`${OK}Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n`],
        live: { status: 200, body: 'hello' },
        shadow: 'compared',
      },
    ],
  },
  {
    id: 'F-02',
    input: 'Fields and trailers that Connection nominates, both ways',
    expected: 'removed, before the proxy adds its own',
    clause: 'RFC 9110, 7.6.1',
    requests: [
      {
        name: 'request',
        send: get('Connection: close, X-A', 'X-A: b', 'x-a: c', 'X-B: d'),
        expect: forwardedThen('closed', {
          line: 'GET /{id}',
          has: ['X-B: d', 'X-Forwarded-For: 127.0.0.1'],
          lacks: ['x-a', 'connection'],
        }),
      },
    ],
    answers: [
      relayed('answer', ['Connection: X-A', 'X-A: b', 'X-B: d'], {
        has: ['X-B: d'],
        lacks: ['x-a', 'connection'],
      }),
    ],
  },
  {
    id: 'F-03',
    input: 'Via; the proxy’s own name in it',
    expected: 'added under a pseudonym, no name of a host; 508 and counted',
    clause: 'RFC 9110, 7.6.3 and 15.5.21; RFC 5842, 7.2',
  },
  {
    id: 'F-04',
    input: 'Max-Forwards 0 and 3 in OPTIONS; in GET',
    expected: 'answered by the proxy; forwarded as 2; untouched',
    clause: 'RFC 9110, 7.6.2',
    note: 'TRACE is refused with or without it: W-46',
    requests: [
      {
        name: 'OPTIONS 3',
        send: bare('OPTIONS /{id} HTTP/1.1', 'Max-Forwards: 3'),
        expect: forwarded({ line: 'OPTIONS /{id}', has: ['Max-Forwards: 2'] }),
      },
      {
        name: 'GET 0',
        send: get('Max-Forwards: 0'),
        expect: forwarded({ line: 'GET /{id}', has: ['Max-Forwards: 0'] }),
      },
    ],
  },
  {
    id: 'F-05',
    input: 'Host: preserve or rewrite',
    expected: 'as the configuration says for each side',
    clause: 'RFC 9110, 7.2',
  },
  {
    id: 'F-06',
    input: 'X-Forwarded-* and Forwarded from a peer that is not trusted; from one that is',
    expected: 'replaced; kept and appended to',
    clause: 'RFC 7239, 8.1 (CVE-2026-3635)',
    requests: [
      {
        name: 'not trusted',
        send: get(
          'X-Forwarded-For: 6.6.6.6',
          'X-Forwarded-Proto: https',
          'X-Forwarded-Host: evil',
          'Forwarded: for=6.6.6.6',
          'X-Real-IP: 6.6.6.6',
        ),
        expect: forwarded({
          line: 'GET /{id}',
          has: ['X-Forwarded-For: 127.0.0.1', 'X-Forwarded-Proto: http', 'X-Forwarded-Host: h'],
          lacks: ['forwarded', 'x-real-ip'],
        }),
      },
      {
        name: 'trusted',
        send: get('X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Proto: https', 'Forwarded: for=6.6.6.6'),
        expect: forwarded({
          line: 'GET /{id}',
          has: [
            'X-Forwarded-Proto: https',
            'Forwarded: for=6.6.6.6',
            'X-Forwarded-For: 6.6.6.6, 127.0.0.1',
          ],
        }),
        settings: { port: { trustedHops: ['127.0.0.0/8'] } },
      },
    ],
  },
  {
    id: 'F-07',
    input: 'An answer without Date; with one',
    expected: 'added, and no divergence; untouched',
    clause: 'RFC 9110, 6.6.1',
  },
];

const answers: readonly WireRow[] = [
  {
    id: 'F-08',
    input: 'HEAD with a length; a side that wrongly sends the body too',
    expected: 'the length is kept, no body sent; the side’s connection carries nothing more',
    clause: 'RFC 9110, 9.3.2; RFC 9112, 6.3',
    answers: [
      {
        name: 'length',
        method: 'HEAD',
        answer: [`${OK}Content-Length: 5\r\n\r\n`],
        live: { status: 200, body: '', has: ['Content-Length: 5'] },
        shadow: 'compared',
      },
      {
        name: 'body',
        method: 'HEAD',
        answer: [`${OK}${LENGTH}`],
        live: { status: 200, body: '', has: ['Content-Length: 5'], isDiscarded: true },
        shadow: 'compared',
      },
    ],
  },
  {
    id: 'F-09',
    input: '204 with a length; 304 with a length',
    expected: 'no length with 204; kept with 304; never a body',
    clause: 'RFC 9110, 8.6, 15.3.5 and 15.4.5',
    answers: [
      {
        name: '204',
        answer: ['HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n'],
        live: { status: 204, body: '', lacks: ['content-length', 'transfer-encoding'] },
        shadow: 'compared',
      },
      {
        name: '304',
        answer: ['HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "a"\r\n\r\n'],
        live: { status: 304, body: '', has: ['Content-Length: 5', 'ETag: "a"'] },
        shadow: 'compared',
      },
    ],
  },
  {
    id: 'F-10',
    input: '103 and 200; 102 three times; 100 unasked; 10 000 of 1xx; a client of HTTP/1.0',
    expected: 'relayed; relayed; swallowed; 502; none sent',
    clause: 'RFC 9110, 15.2',
    answers: [
      {
        name: '103',
        answer: [`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}${LENGTH}`],
        live: { status: 200, body: 'hello', interim: [103] },
        shadow: 'compared',
      },
      {
        name: '102 three times',
        answer: [`${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(3)}${OK}${LENGTH}`],
        live: { status: 200, body: 'hello', interim: [102, 102, 102] },
        shadow: 'compared',
      },
      {
        name: '100',
        answer: ['HTTP/1.1 100 Continue\r\n\r\n', `${OK}${LENGTH}`],
        live: { status: 200, body: 'hello' },
        shadow: 'compared',
      },
      {
        name: '10 000 of 100',
        answer: [`${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(10_000)}${OK}${LENGTH}`],
        live: { status: 502, isDiscarded: true },
        shadow: 'shadow-failed',
      },
      {
        name: 'HTTP/1.0',
        version: '1.0',
        answer: [`HTTP/1.1 103 Early Hints\r\n\r\n${OK}${LENGTH}`],
        live: { status: 200, body: 'hello' },
        shadow: 'compared',
      },
    ],
  },
  {
    id: 'F-11',
    input: 'Three Set-Cookie; a repeated field around another one',
    expected: 'count, order and case of the names are kept',
    clause: 'RFC 9110, 5.3',
    answers: [
      relayed(
        'order',
        ['Set-Cookie: a=1', 'X-A: 1', 'set-cookie: b=2', 'X-B: 2', 'x-a: 3', 'Set-Cookie: a=1'],
        {
          has: [
            'Set-Cookie: a=1',
            'X-A: 1',
            'set-cookie: b=2',
            'X-B: 2',
            'x-a: 3',
            'Set-Cookie: a=1',
          ],
        },
      ),
    ],
  },
  {
    id: 'F-12',
    input: 'Target and body of generated requests',
    expected: 'identical byte by byte',
    clause: 'RFC 9110, 7.7',
    note: 'here on requests of the table’s kind; on 10^5 generated ones in the streams below',
    requests: [
      {
        name: 'every byte in a body',
        send: bare(`POST ${ODD_TARGET} HTTP/1.1`, 'Content-Length: 256') + everyByte(),
        expect: forwarded({ line: `POST ${ODD_TARGET}`, body: everyByte() }),
      },
    ],
  },
  {
    id: 'F-13',
    input: 'A client of HTTP/1.0, and a chunked answer',
    expected: 'the body ends with the connection; the answer says HTTP/1.1',
    clause: 'RFC 9112, 2.3 and 6.1; RFC 9110, 6.2',
    answers: [
      {
        name: 'chunked',
        version: '1.0',
        answer: [`${OK}Transfer-Encoding: chunked\r\n\r\n`, '5\r\nhello\r\n', '0\r\n\r\n'],
        live: { status: 200, body: 'hello', lacks: ['transfer-encoding'] },
        shadow: 'compared',
      },
    ],
  },
  {
    id: 'F-14',
    input: 'Content-Encoding, no-transform, ETag, 206 with Content-Range',
    expected: 'untouched; unpacked on a copy alone, to be compared',
    clause: 'RFC 9110, 7.7',
    answers: [
      relayed('gzip', ['Content-Encoding: gzip', 'Cache-Control: no-transform', 'ETag: W/"a"'], {
        has: ['Content-Encoding: gzip', 'Cache-Control: no-transform', 'ETag: W/"a"'],
      }),
      {
        name: '206',
        answer: [`HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/9\r\n${LENGTH}`],
        live: { status: 206, body: 'hello', has: ['Content-Range: bytes 0-4/9'] },
        shadow: 'compared',
      },
    ],
  },
];

function cut(name: string, head: string, part: string): AnswerCase {
  return {
    name,
    answer: [`${OK}${head}\r\n\r\n`, part],
    end: 'fin',
    live: { status: 200, isCut: true, isDiscarded: true },
    shadow: 'shadow-failed',
  };
}

function everyByte(): string {
  return Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
}

const life: readonly WireRow[] = [
  {
    id: 'F-15',
    input: 'A kept connection that the side closes just when it is used: GET, POST, PUT',
    expected: 'GET, HEAD and OPTIONS are sent once more; nothing else ever is',
    clause: 'RFC 9110, 9.2.2',
  },
  {
    id: 'F-16',
    input: 'Too short a body; a cut chunk; no last chunk',
    expected: 'cut for the client too, never completed; the pair is not compared',
    clause: 'RFC 9112, 8',
    answers: [
      cut('length', 'Content-Length: 10', 'hello'),
      cut('chunk', 'Transfer-Encoding: chunked', 'a\r\nhello'),
      cut('last chunk', 'Transfer-Encoding: chunked', '5\r\nhello\r\n'),
    ],
  },
  {
    id: 'F-17',
    input: '502 and 504 of the proxy’s own',
    expected: 'marked as its own; counted as failures of the live side, no answer invented',
    clause: 'RFC 9110, 15.6.3 and 15.6.5',
  },
  {
    id: 'F-18',
    input: 'The client leaves within the head, within the body, waiting, and within the answer',
    expected: 'the live leg is broken off; nothing is compared with a missing answer',
    clause: 'RFC 9112, 9.5',
    note: 'leaves by a reset; one that closes its half alone may still read: W-60',
  },
  {
    id: 'F-19',
    input: 'An event stream',
    expected: 'each event is relayed before the next is sent; not mirrored',
    clause: 'ours: nothing is held back',
    note: 'twenty events, each sent once the one before has arrived, instead of a minute of them',
  },
  {
    id: 'F-20',
    input: 'A long download to a client that does not read; a long upload to a side that does not',
    expected: 'the sender stops: what waits in the proxy is bounded; all of it arrives in the end',
    clause: 'ours: memory does not grow with what passes',
    note: '256 MB each way, as fast as it goes once it is read',
  },
];

/** F-01 to F-20, in order. */
export const F_ROWS: readonly WireRow[] = [...fields, ...answers, ...life];
