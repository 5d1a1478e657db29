/** W-01 to W-14: how a request says where its body ends. */
import {
  each,
  type Expected,
  forwarded,
  post,
  rejected,
  type RequestCase,
  type WireRow,
} from './rows.ts';

const TEN = '0123456789';
const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';
const hello = forwarded({
  line: 'POST /{id}',
  body: 'hello',
  has: ['Transfer-Encoding: chunked'],
});
const framing = rejected(400, 'framing');

/** Chunked bodies under each of these codings. */
function coded(codings: readonly string[], expect: Expected): RequestCase[] {
  return each(codings, (text) => post([`Transfer-Encoding: ${text}`], CHUNKS), expect);
}

const lengths: readonly WireRow[] = [
  {
    id: 'W-01',
    input:
      'Content-Length and `Transfer-Encoding: chunked` together, both orders; length 0 with it',
    expected: '400 and close; nothing forwarded',
    clause: 'RFC 9112, 6.1 and 6.3',
    requests: [
      {
        name: 'length first',
        send: post(['Content-Length: 5', 'Transfer-Encoding: chunked'], CHUNKS),
        expect: framing,
      },
      {
        name: 'coding first',
        send: post(['Transfer-Encoding: chunked', 'Content-Length: 5'], CHUNKS),
        expect: framing,
      },
      {
        name: 'length 0',
        send: post(['Content-Length: 0', 'Transfer-Encoding: chunked'], CHUNKS),
        expect: framing,
      },
    ],
  },
  {
    id: 'W-02',
    input: 'Two Content-Length lines, different; equal; the list `1, 1`',
    expected: '400 and close',
    clause: 'RFC 9112, 6.3',
    note: 'equal ones might be mended; they are refused',
    requests: [
      {
        name: 'different',
        send: post(['Content-Length: 5', 'Content-Length: 6'], 'hello!'),
        expect: framing,
      },
      {
        name: 'equal',
        send: post(['Content-Length: 5', 'content-length: 5'], 'hello'),
        expect: framing,
      },
      { name: 'list', send: post(['Content-Length: 1, 1'], 'h'), expect: framing },
    ],
  },
  {
    id: 'W-03',
    input: 'Content-Length `+1`, `-1`, `0x1`, `1_0`, `1 0`, empty, `1` and byte A0, 2^64 + 1',
    expected: '400 and close',
    clause: 'RFC 9110, 8.6',
    requests: each(
      ['+1', '-1', '0x1', '1_0', '1 0', '', '1\xa0', '18446744073709551617'],
      (text) => post([`Content-Length: ${text}`], 'h'),
      framing,
    ),
  },
  {
    id: 'W-04',
    input: 'Content-Length `010` with ten bytes',
    expected: 'forwarded as `10`, never as written: some read it as octal',
    clause: 'RFC 9110, 8.6',
    requests: [
      {
        name: '010',
        send: post(['Content-Length: 010'], TEN),
        expect: forwarded({ line: 'POST /{id}', body: TEN, has: ['Content-Length: 10'] }),
      },
    ],
  },
  {
    id: 'W-05',
    input: 'Content-Length 2^53 + 1; above the limit of bodies',
    expected: '413 at once, without waiting for the body',
    clause: 'RFC 9110, 15.5.14',
    requests: [
      {
        name: '2^53 + 1',
        send: post(['Content-Length: 9007199254740993'], ''),
        expect: rejected(413, 'body-too-large'),
        tail: 'silence',
      },
      {
        name: 'above the limit',
        send: post(['Content-Length: 1001'], ''),
        expect: rejected(413, 'body-too-large'),
        tail: 'silence',
        settings: { port: { bodyMaxBytes: 1000 } },
      },
    ],
  },
  {
    id: 'W-06',
    input: 'Content-Length behind a tab; behind two blanks',
    expected: 'forwarded in canonical form',
    clause: 'RFC 9112, 5.1',
    requests: each(
      ['\t10', '  10', '10 \t'],
      (text) => post([`Content-Length:${text}`], TEN),
      forwarded({ line: 'POST /{id}', body: TEN, has: ['Content-Length: 10'] }),
    ),
  },
];

const codings: readonly WireRow[] = [
  {
    id: 'W-07',
    input: 'Transfer-Encoding `xchunked`, `identity`, `"chunked"`, `chunked;a=b`, A0 and `chunked`',
    expected: '501 and close for the name of a coding, 400 for what is none; nothing dispatched',
    clause: 'RFC 9112, 6.1',
    requests: [
      ...coded(['xchunked', 'identity'], rejected(501, 'coding')),
      ...coded(['"chunked"', 'chunked;a=b', '\xa0chunked'], framing),
    ],
  },
  {
    id: 'W-08',
    input: 'Transfer-Encoding `,chunked`',
    expected: '400 and close; never forwarded as written',
    clause: 'RFC 9110, 5.6.1; RFC 9112, 6.1',
    requests: coded([',chunked', ', chunked'], framing),
  },
  {
    id: 'W-09',
    input: 'Transfer-Encoding `chunked,`; empty; empty and Content-Length; vertical tab before it',
    expected: '400 and close',
    clause: 'RFC 9112, 6.1 and 5',
    requests: [
      ...coded(['chunked,', ''], framing),
      {
        name: 'empty and Content-Length',
        send: post(['Transfer-Encoding:', 'Content-Length: 5'], 'hello'),
        expect: framing,
      },
      {
        name: 'vertical tab',
        send: post(['Transfer-Encoding: \x0bchunked'], CHUNKS),
        expect: rejected(400, 'header'),
      },
    ],
  },
  {
    id: 'W-10',
    input: 'Transfer-Encoding twice; `chunked, chunked`; `chunked, gzip`',
    expected: '400 and close',
    clause: 'RFC 9112, 6.1',
    requests: [
      {
        name: 'two lines',
        send: post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], CHUNKS),
        expect: framing,
      },
      ...coded(['chunked, chunked', 'chunked, gzip'], framing),
    ],
  },
  {
    id: 'W-11',
    input: 'Transfer-Encoding `gzip, chunked`',
    expected: '501 and close',
    clause: 'RFC 9112, 6.1',
    requests: coded(['gzip, chunked', 'gzip'], rejected(501, 'coding')),
  },
  {
    id: 'W-12',
    input: 'Transfer-Encoding chunked in a request of HTTP/1.0',
    expected: '400 and close',
    clause: 'RFC 9112, 6.1',
    requests: [
      {
        name: '1.0',
        send: `POST /{id} HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
        expect: framing,
      },
    ],
  },
  {
    id: 'W-13',
    input: '`TRANSFER-ENCODING: Chunked`',
    expected: 'forwarded in canonical form',
    clause: 'RFC 9112, 7',
    requests: [{ name: 'case', send: post(['TRANSFER-ENCODING: Chunked'], CHUNKS), expect: hello }],
  },
  {
    id: 'W-14',
    input: '`Content_Length`, `Transfer_Encoding`',
    expected: '400 and close: some read an underscore as a hyphen',
    clause: 'ours: what two readers could frame differently is refused',
    requests: [
      {
        name: 'Content_Length',
        send: post(['Content_Length: 5'], 'hello'),
        expect: rejected(400, 'header'),
      },
      {
        name: 'Transfer_Encoding',
        send: post(['Transfer_Encoding: chunked', 'Content-Length: 5'], 'hello'),
        expect: rejected(400, 'header'),
      },
    ],
  },
];

export const FRAMING_ROWS: readonly WireRow[] = [...lengths, ...codings];
