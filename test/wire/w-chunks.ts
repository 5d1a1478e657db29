/** W-20 to W-30: chunked bodies. */
import { aborted, chunked, each, forwarded, type WireRow } from './rows.ts';

const hello = forwarded({
  line: 'POST /{id}',
  body: 'hello',
  has: ['Transfer-Encoding: chunked'],
});
const badChunk = aborted(400, 'chunk');
/** Long enough for every byte of an input to arrive, short enough to wait for. */
const SHORT = { port: { headTimeoutMs: 400, bodyIdleTimeoutMs: 400 } };

/** A chunked body whose first chunk has this line. */
function sized(line: string): string {
  return chunked(`${line}\r\nh\r\n0\r\n\r\n`);
}

const chunks: readonly WireRow[] = [
  {
    id: 'W-20',
    input: 'Chunk size `0x1`, `+1`, `-0`, `0_1`, ` 1`, `1 `, empty, above 2^64',
    expected: '400 and close; the live leg is broken off, nothing is mirrored',
    clause: 'RFC 9112, 7.1',
    requests: each(
      ['0x1', '+1', '-0', '0_1', ' 1', '1 ', '', '1ffffffffffffffff'],
      sized,
      badChunk,
    ),
  },
  {
    id: 'W-21',
    input: 'Chunk size of 16 digits, of 20 with zeros before it; 10 000 zeros before it',
    expected: 'forwarded up to 16 digits; 400 and close beyond',
    clause: 'RFC 9112, 7.1 (a recipient must bound it)',
    note: '20 leading zeros are more than 16 digits and refused with the rest',
    requests: [
      {
        name: '16 digits',
        send: chunked('0000000000000005\r\nhello\r\n0\r\n\r\n'),
        expect: hello,
      },
      { name: '20 zeros', send: sized(`${'0'.repeat(20)}1`), expect: badChunk },
      { name: '10 000 zeros', send: sized(`${'0'.repeat(10_000)}1`), expect: badChunk },
    ],
  },
  {
    id: 'W-22',
    input: 'Chunk line ended by LF; its bytes ended by LF; `1 CR CR ;a`',
    expected: '400 and close; the live leg is broken off',
    clause: 'RFC 9112, 7.1 and 2.2',
    requests: [
      { name: 'line', send: chunked('1\nh\r\n0\r\n\r\n'), expect: badChunk },
      { name: 'bytes', send: chunked('1\r\nh\n0\r\n\r\n'), expect: badChunk },
      { name: 'CR CR', send: chunked('1\r\r;a\r\nh\r\n0\r\n\r\n'), expect: badChunk },
      { name: 'last line', send: chunked('1\r\nh\r\n0\n\n'), expect: badChunk },
    ],
  },
  {
    id: 'W-23',
    input: 'Valid chunk extensions, a token and a quoted text',
    expected: 'forwarded without them, in chunks of the proxy’s own',
    clause: 'RFC 9112, 7.1.1',
    requests: each(
      ['5;a', '5;a=b', '5;a="b;c\\"\t"', '5;a=b;c="d"'],
      (line) => chunked(`${line}\r\nhello\r\n0;z\r\n\r\n`),
      hello,
    ),
  },
  {
    id: 'W-24',
    input: 'A chunk extension of `;` alone; with LF in it; with NUL in it',
    expected: '400 and close; the live leg is broken off',
    clause: 'RFC 9112, 7.1.1',
    requests: each(['1;', '1;a\nb', '1;a="\0"', '1;a="\n"', '1;a=;b'], sized, badChunk),
  },
  {
    id: 'W-25',
    input: 'One extension of 20 KB; 100 000 chunks of one byte, each with an extension',
    expected: '400 and close: what extensions cost is bounded (CVE-2024-22019)',
    clause: 'RFC 9112, 7.1.1 (a recipient ought to bound them)',
    requests: [
      { name: '20 KB', send: sized(`1;a=${'b'.repeat(20_000)}`), expect: badChunk },
      {
        name: '100 000 extensions',
        send: chunked(`${'1;a=b\r\nh\r\n'.repeat(100_000)}0\r\n\r\n`),
        expect: badChunk,
      },
    ],
  },
  {
    id: 'W-26',
    input: 'Size 1 followed by three bytes',
    expected: '400 and close; the live leg is broken off',
    clause: 'RFC 9112, 7.1',
    requests: [{ name: 'too many', send: chunked('1\r\nabc\r\n0\r\n\r\n'), expect: badChunk }],
  },
];

const ends: readonly WireRow[] = [
  {
    id: 'W-27',
    input: 'No last chunk, then FIN; then RST; then silence',
    expected: 'the live leg is broken off; 400 to a half-closed client, 408 after silence',
    clause: 'RFC 9112, 8',
    note: 'silence of 400 ms instead of a minute',
    requests: [
      {
        name: 'FIN',
        send: chunked('5\r\nhello\r\n'),
        tail: 'fin',
        expect: aborted(400, 'framing'),
      },
      {
        name: 'RST',
        send: chunked('5\r\nhello\r\n'),
        tail: 'reset',
        expect: { kind: 'closed', reason: null },
      },
      {
        name: 'silence',
        send: chunked('5\r\nhello\r\n'),
        tail: 'silence',
        expect: aborted(408, 'body-timeout'),
        settings: SHORT,
      },
    ],
  },
  {
    id: 'W-28',
    input: '`0 CRLF XX` and silence; a trailer section that never ends',
    expected: '408, or 400 as soon as it can only be malformed; nothing parsed as a new request',
    clause: 'RFC 9112, 7.1.2',
    note: 'silence of 400 ms instead of a minute',
    requests: [
      {
        name: '0 CRLF XX',
        send: chunked('5\r\nhello\r\n0\r\nXX'),
        tail: 'silence',
        expect: aborted(408, 'body-timeout'),
        settings: SHORT,
      },
      {
        name: 'trailer section',
        send: chunked('5\r\nhello\r\n0\r\nX-T: v\r\n'),
        tail: 'silence',
        expect: aborted(408, 'body-timeout'),
        settings: SHORT,
      },
      {
        name: 'a request as trailer',
        send: chunked('5\r\nhello\r\n0\r\nGET /smuggled HTTP/1.1\r\n\r\n'),
        expect: aborted(400, 'trailer'),
      },
    ],
  },
  {
    id: 'W-29',
    input: 'Trailer `X-T: v`',
    expected: 'dropped; never merged into the header',
    clause: 'RFC 9112, 7.1.2; RFC 9110, 6.5.1',
    requests: [
      {
        name: 'X-T',
        send: chunked('5\r\nhello\r\n0\r\nX-T: v\r\n\r\n', 'Trailer: X-T'),
        expect: forwarded({ line: 'POST /{id}', body: 'hello', lacks: ['x-t', 'trailer'] }),
      },
    ],
  },
  {
    id: 'W-30',
    input: 'Trailer Authorization, Content-Type, Host; Content-Length, Transfer-Encoding',
    expected: 'dropped; 400 and close for those that frame or route',
    clause: 'RFC 9110, 6.5.1',
    requests: [
      ...each(
        ['Authorization: Basic eA==', 'Content-Type: text/html'],
        (line) => chunked(`5\r\nhello\r\n0\r\n${line}\r\n\r\n`),
        forwarded({ line: 'POST /{id}', body: 'hello', lacks: ['authorization', 'content-type'] }),
      ),
      ...each(
        ['Host: evil', 'Content-Length: 5', 'Transfer-Encoding: chunked'],
        (line) => chunked(`5\r\nhello\r\n0\r\n${line}\r\n\r\n`),
        aborted(400, 'trailer'),
      ),
    ],
  },
];

export const CHUNK_ROWS: readonly WireRow[] = [...chunks, ...ends];
