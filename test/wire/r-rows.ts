/** Table R: hostile or broken answers of a side, live and as shadow. */
import { type AnswerCase, type LiveOutcome, shown, type WireRow } from './rows.ts';

const refused: LiveOutcome = {
  status: 502,
  has: ['crossfade-error: unreachable'],
  isDiscarded: true,
};
const OK = 'HTTP/1.1 200 OK\r\n';
const hello = `${OK}Content-Length: 5\r\n\r\nhello`;
const relayed: LiveOutcome = { status: 200, body: 'hello' };

/** Answers that are no answer. */
function broken(answers: readonly string[]): AnswerCase[] {
  return answers.map((answer) => ({
    name: shown(answer.split('\r\n\r\n')[0]!),
    answer: [answer],
    live: refused,
    shadow: 'shadow-failed',
  }));
}

/** An answer with these fields and five bytes. */
function withField(field: string): string {
  return `${OK}${field}\r\nContent-Length: 5\r\n\r\nhello`;
}

const framing: readonly WireRow[] = [
  {
    id: 'R-01',
    input: 'Length and chunked together; two lengths; length `+2`; empty length',
    expected: '502; the connection is discarded',
    clause: 'RFC 9112, 6.3',
    answers: broken([
      `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
      `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
      `${OK}Content-Length: +5\r\n\r\nhello`,
      `${OK}Content-Length:\r\n\r\nhello`,
    ]),
  },
  {
    id: 'R-02',
    input: 'A folded field; a blank before the colon; bare LF; NUL; bare CR',
    expected: '502; `preflight` tells of such a legacy beforehand',
    clause: 'RFC 9112, 5.1, 5.2 and 2.2',
    answers: broken([
      withField('X-A: b\r\n c'),
      withField('X-A : b'),
      withField('X-A: b\nX-B: c'),
      withField('X-A: b\0'),
      withField('X-A: b\rc'),
    ]),
  },
  {
    id: 'R-03',
    input: 'A body that ends with the connection, in 1.1 and 1.0; the same ended by RST',
    expected: 'relayed whole; cut, so that no client takes it for whole',
    clause: 'RFC 9112, 6.3 and 8',
    answers: [
      ...['1.1', '1.0'].map(
        (version): AnswerCase => ({
          name: `HTTP/${version}, FIN`,
          answer: [`HTTP/${version} 200 OK\r\n\r\nhello`],
          end: 'fin',
          live: { ...relayed, isDiscarded: true },
          shadow: 'compared',
        }),
      ),
      {
        name: 'RST',
        answer: ['HTTP/1.1 200 OK\r\n\r\n', 'hello'],
        end: 'reset',
        live: { status: 200, isCut: true, isDiscarded: true },
        shadow: 'shadow-failed',
      },
    ],
  },
  {
    id: 'R-04',
    input: '204 with bytes of a body',
    expected: 'relayed without them; the connection is discarded',
    clause: 'RFC 9110, 15.3.5; RFC 9112, 6.3',
    answers: [
      {
        name: '204 with a length',
        answer: ['HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello'],
        live: { status: 204, body: '', lacks: ['content-length'], isDiscarded: true },
        shadow: 'compared',
      },
    ],
  },
];

const statuses: readonly WireRow[] = [
  {
    id: 'R-05',
    input: '100 that nobody asked for',
    expected: 'swallowed; the answer behind it is relayed',
    clause: 'RFC 9110, 15.2.1',
    answers: [
      {
        name: '100, 200',
        answer: [`HTTP/1.1 100 Continue\r\n\r\n${hello}`],
        live: relayed,
        shadow: 'compared',
      },
    ],
  },
  {
    id: 'R-06',
    input: '101 that nobody asked for',
    expected: '502; no tunnel',
    clause: 'RFC 9110, 7.8 and 15.2.2',
    answers: broken([
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n',
    ]),
  },
  {
    id: 'R-07',
    input: 'Status 099, 999, 1000; no reason phrase; a status line of HTTP/2.0',
    expected: '502, relayed, 502, relayed, 502',
    clause: 'RFC 9112, 4; RFC 9110, 15',
    answers: [
      ...broken(
        ['HTTP/1.1 099 Odd', 'HTTP/1.1 1000 Odd', 'HTTP/2.0 200 OK'].map(
          (line) => `${line}\r\nContent-Length: 5\r\n\r\nhello`,
        ),
      ),
      {
        name: '999',
        answer: ['HTTP/1.1 999 Odd\r\nContent-Length: 5\r\n\r\nhello'],
        live: { status: 999, body: 'hello' },
        shadow: 'compared',
      },
      ...['HTTP/1.1 200 ', 'HTTP/1.1 200'].map(
        (line): AnswerCase => ({
          name: `no reason: ${JSON.stringify(line)}`,
          answer: [`${line}\r\nContent-Length: 5\r\n\r\nhello`],
          live: relayed,
          shadow: 'compared',
        }),
      ),
    ],
  },
  {
    id: 'R-08',
    input: 'Two answers in one segment; another one on an idle connection',
    expected: 'the first is relayed; the other is discarded with its connection',
    clause: 'RFC 9112, 9.2 and 6.3',
    answers: [
      {
        name: 'one segment',
        answer: [hello + hello.replace('hello', 'other')],
        live: { ...relayed, isDiscarded: true },
        shadow: 'compared',
      },
      {
        name: 'idle',
        answer: [hello, hello.replace('hello', 'other')],
        live: { ...relayed, isDiscarded: true },
        shadow: 'compared',
      },
    ],
  },
  {
    id: 'R-09',
    input: 'Transfer-Encoding `xchunked`; `chunked, gzip`; `gzip, chunked`',
    expected: '502; never copied to the client',
    clause: 'RFC 9112, 6.1 and 6.3',
    answers: broken(
      ['xchunked', 'chunked, gzip', 'gzip, chunked'].map(
        (coding) => `${OK}Transfer-Encoding: ${coding}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
      ),
    ),
  },
];

const LARGE = withField(`X-A: ${'b'.repeat(17_000)}`);

const extremes: readonly WireRow[] = [
  {
    id: 'R-10',
    input: 'A head of 17 KB',
    expected: 'relayed: the limit is 64 KiB by default; 502 above it',
    clause: 'RFC 9110, 5.4',
    answers: [
      { name: 'default', answer: [LARGE], live: relayed, shadow: 'compared' },
      {
        ...broken([LARGE])[0]!,
        name: 'a limit of 16 KiB',
        shadow: 'too-large',
        settings: { port: { answerHeadMaxBytes: 16_384 } },
      },
    ],
  },
  {
    id: 'R-11',
    input: 'Refused; TLS failure; name failure; accepted and silent; an address that swallows SYN',
    expected: '502 or 504 within the stated time, each failure with its own words',
    clause: 'RFC 9110, 15.6.3 and 15.6.5',
    note: 'silence of 300 ms, which stands for an address that swallows SYN too',
  },
  {
    id: 'R-12',
    input: 'The side answers early and closes while the client still uploads',
    expected: 'the answer is relayed, not lost in a broken pipe',
    clause: 'RFC 9112, 9.6',
  },
  {
    id: 'R-13',
    input: 'A field `__proto__`; byte E9; 10 000 Set-Cookie',
    expected: 'relayed; relayed; 502 by the limit; nothing throws in the comparison',
    clause: 'RFC 9110, 5.4 and 5.5',
    answers: [
      {
        name: '__proto__',
        answer: [withField('__proto__: {"a":1}')],
        live: { ...relayed, has: ['__proto__: {"a":1}'] },
        shadow: 'compared',
      },
      {
        name: 'E9',
        answer: [withField('X-A: caf\xe9')],
        live: { ...relayed, has: ['X-A: caf\xe9'] },
        shadow: 'compared',
      },
      {
        name: '1 000 Set-Cookie',
        answer: [withField(Array.from({ length: 1000 }, () => 'Set-Cookie: a=b').join('\r\n'))],
        live: relayed,
        shadow: 'compared',
      },
      {
        ...broken([
          withField(Array.from({ length: 10_000 }, () => 'Set-Cookie: a=b').join('\r\n')),
        ])[0]!,
        name: '10 000 Set-Cookie',
        shadow: 'too-large',
      },
    ],
  },
  {
    id: 'R-14',
    input: 'Answers of the shadow before and behind those of the live side, in any order',
    expected: 'paired by request, never by order',
    clause: 'ours: a pair is one request',
  },
];

/** in order. */
export const R_ROWS: readonly WireRow[] = [...framing, ...statuses, ...extremes];
