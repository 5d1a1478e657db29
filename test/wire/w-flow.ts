/** W-51 to W-63, W-65 to W-67: one connection, what follows what, and who goes first. */
import { bare, each, forwarded, forwardedThen, get, post, rejected, type WireRow } from './rows.ts';

const garbage = { status: 400, reason: 'request-line' } as const;
const WEBSOCKET = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];

const beginnings: readonly WireRow[] = [
  {
    id: 'W-51',
    input: 'One CRLF before the request; 1 MB of CRLF',
    expected: 'forwarded; 400 and close',
    clause: 'RFC 9112, 2.2',
    requests: [
      { name: 'one', send: `\r\n${get()}`, expect: forwarded({ line: 'GET /{id}' }) },
      {
        name: '1 MB',
        send: '\r\n'.repeat(524_288) + get(),
        expect: rejected(400, 'request-line'),
      },
    ],
  },
  {
    id: 'W-52',
    input: '`Expect: 100-continue` with a length; chunked',
    expected: 'one 100 before the body is read; the body is delivered once',
    clause: 'RFC 9110, 10.1.1',
  },
  {
    id: 'W-53',
    input: 'Expect, and the live side answers 413, 417, 200 before the body',
    expected: 'the answer is relayed, the connection closed, nothing mirrored',
    clause: 'RFC 9110, 10.1.1; RFC 9112, 9.6',
  },
  {
    id: 'W-54',
    input: 'Expect in HTTP/1.0; `Expect: 200-ok`; `Expect: y 100-continue`',
    expected: 'ignored; 417 and close; 417 and close',
    clause: 'RFC 9110, 10.1.1',
    requests: [
      {
        name: '1.0',
        send: `${bare('POST /{id} HTTP/1.0', 'Expect: 100-continue', 'Content-Length: 5')}hello`,
        expect: forwardedThen('closed', { line: 'POST /{id}', body: 'hello', lacks: ['expect'] }),
      },
      ...each(
        ['200-ok', 'y 100-continue', '100-continue, 200-ok'],
        (text) => post([`Expect: ${text}`, 'Content-Length: 5'], 'hello'),
        rejected(417, 'expect'),
      ),
    ],
  },
  {
    id: 'W-55',
    input: 'Expect with GET and no body',
    expected: 'answered; no 100 before or behind',
    clause: 'RFC 9110, 10.1.1',
    requests: [
      {
        name: 'GET',
        send: get('Expect: 100-continue'),
        expect: forwarded({ line: 'GET /{id}', lacks: ['expect'] }),
      },
    ],
  },
];

const sequences: readonly WireRow[] = [
  {
    id: 'W-56',
    input: 'Two pipelined GETs; a POST and a GET',
    expected: 'answered in order, each with its own',
    clause: 'RFC 9112, 9.3.2',
    requests: [
      {
        name: 'two GETs',
        send: bare('GET /{id}/1 HTTP/1.1') + bare('GET /{id}/2 HTTP/1.1'),
        expect: forwarded({ line: 'GET /{id}/1' }, { line: 'GET /{id}/2' }),
      },
      {
        name: 'POST and GET',
        send:
          `${bare('POST /{id}/1 HTTP/1.1', 'Content-Length: 5')}hello` +
          bare('GET /{id}/2 HTTP/1.1'),
        expect: forwarded({ line: 'POST /{id}/1', body: 'hello' }, { line: 'GET /{id}/2' }),
      },
      {
        name: 'HEAD, chunked POST and GET',
        send:
          bare('HEAD /{id}/1 HTTP/1.1') +
          bare('POST /{id}/2 HTTP/1.1', 'Transfer-Encoding: chunked') +
          `3\r\nGET\r\n2\r\n /\r\n0\r\n\r\n${bare('GET /{id}/3 HTTP/1.1')}`,
        expect: forwarded(
          { line: 'HEAD /{id}/1' },
          { line: 'POST /{id}/2', body: 'GET /' },
          { line: 'GET /{id}/3' },
        ),
      },
    ],
  },
  {
    id: 'W-57',
    input: 'A good request and garbage behind it in one segment',
    expected: 'its answer is whole, then 400 and close',
    clause: 'RFC 9112, 2.2 and 9.3.2',
    requests: each(
      ['\0\0garbage\r\n\r\n', '{"a":1}', '0\r\n\r\n'],
      (text) => get() + text,
      forwardedThen(garbage, { line: 'GET /{id}' }),
    ),
  },
  {
    id: 'W-58',
    input: 'A request with `Connection: close` and bytes behind it',
    expected: 'its answer is whole; the rest is discarded',
    clause: 'RFC 9112, 9.6',
    requests: [
      {
        name: 'another request',
        send: get('Connection: close') + get(),
        expect: forwardedThen('closed', { line: 'GET /{id}' }),
      },
      {
        name: 'HTTP/1.0',
        send: `GET /{id} HTTP/1.0\r\nHost: h\r\n\r\n${get()}`,
        expect: forwardedThen('closed', { line: 'GET /{id}' }),
      },
      {
        name: 'HTTP/1.0 without Host',
        send: 'GET /{id} HTTP/1.0\r\n\r\n',
        expect: forwardedThen('closed', { line: 'GET /{id}' }),
      },
      {
        name: 'HTTP/1.0 that keeps alive',
        send: 'GET /{id} HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n',
        expect: forwarded({ line: 'GET /{id}' }),
      },
    ],
  },
  {
    id: 'W-59',
    input: 'The live side answers before the body is read; the body goes on with a false request',
    expected: 'the answer is relayed, the connection closed, the false request never parsed',
    clause: 'RFC 9112, 9.6',
  },
  {
    id: 'W-60',
    input: 'The client closes its half behind the request',
    expected: 'the answer is still delivered',
    clause: 'RFC 9112, 9.6',
    requests: [
      {
        name: 'GET',
        send: get(),
        tail: 'fin',
        expect: forwardedThen('closed', { line: 'GET /{id}' }),
      },
      {
        name: 'POST',
        send: post(['Content-Length: 5'], 'hello'),
        tail: 'fin',
        expect: forwardedThen('closed', { line: 'POST /{id}', body: 'hello' }),
      },
      {
        name: 'half a head',
        send: 'GET /{id} HTTP/1.1\r\nHost: h\r\n',
        tail: 'fin',
        expect: { kind: 'closed', reason: null },
      },
    ],
  },
];

const switches: readonly WireRow[] = [
  {
    id: 'W-61',
    input: '`Upgrade: foo` and a second request behind it; the live side answers 200',
    expected: 'no tunnel without 101; the second request is read as one',
    clause: 'RFC 9110, 7.8',
    requests: [
      {
        name: 'foo',
        send: bare('GET /{id}/1 HTTP/1.1', 'Connection: upgrade', 'Upgrade: foo') + get(),
        expect: forwarded(
          { line: 'GET /{id}/1', has: ['Upgrade: foo'], isMirrored: false },
          { line: 'GET /{id}' },
        ),
      },
    ],
  },
  {
    id: 'W-62',
    input: 'A WebSocket upgrade, and the live side answers 101',
    expected: 'a tunnel to the live side alone; never mirrored; silence and life are limited',
    clause: 'RFC 9110, 7.8; RFC 6455',
    note: 'the limits of silence and life, in hours, are not waited for',
  },
  {
    id: 'W-63',
    input: 'Upgrade without the Connection option; in HTTP/1.0; POST with Upgrade and a length',
    expected: 'ignored: the framing is not touched (CVE-2026-58055)',
    clause: 'RFC 9110, 7.8',
    requests: [
      {
        name: 'no option',
        send: get('Upgrade: websocket'),
        expect: forwarded({ line: 'GET /{id}', lacks: ['upgrade', 'connection'] }),
      },
      {
        name: '1.0',
        send: `GET /{id} HTTP/1.0\r\nHost: h\r\n${WEBSOCKET.join('\r\n')}\r\n\r\n`,
        expect: forwardedThen('closed', { line: 'GET /{id}', lacks: ['upgrade', 'connection'] }),
      },
      {
        name: 'POST',
        send: post([...WEBSOCKET, 'Content-Length: 5'], 'hello'),
        expect: forwarded({ line: 'POST /{id}', body: 'hello', lacks: ['upgrade', 'connection'] }),
      },
      {
        name: 'HTTP/2 in clear',
        send: get('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMA'),
        expect: forwarded({
          line: 'GET /{id}',
          lacks: ['upgrade', 'connection', 'http2-settings'],
        }),
      },
    ],
  },
];

const patience: readonly WireRow[] = [
  {
    id: 'W-65',
    input: 'Fields at a byte at a time; a body likewise; silent connections; many of each',
    expected: '408 or close at the limits; live requests are answered meanwhile',
    clause: 'RFC 9110, 15.5.9',
    note: 'limits of 400 ms, 200 connections of each; their cost is the benches’ matter',
  },
  {
    id: 'W-66',
    input: 'RST behind the head; within the body; between chunks',
    expected: 'the live leg is broken off, nothing is mirrored, nothing leaks',
    clause: 'RFC 9112, 8 and 9.5',
  },
  {
    id: 'W-67',
    input: 'Every input one byte a segment; some at every split of the head',
    expected: 'the same outcome as in one segment',
    clause: 'RFC 9112, 2.2',
    note: 'inputs above 1,200 bytes are sent byte by byte near both ends',
  },
];

export const FLOW_ROWS: readonly WireRow[] = [
  ...beginnings,
  ...sequences,
  ...switches,
  ...patience,
];
