import { gzipSync } from 'node:zlib';
import type { Answer } from '../../src/model/exchange.ts';
import { answer } from './answers.ts';

const FIELDS = Object.entries({
  'Content-Type': 'application/json; charset=utf-8',
  Vary: 'Accept, Origin',
  'Cache-Control': 'no-store,max-age=0',
  ETag: '"1"',
  Date: 'x',
  Expires: 'Fri, 01 Mar 2024 12:00:00 GMT',
  'Accept-Ranges': 'Bytes',
}).flat();
const COOKIES = ['Set-Cookie', 'a=1; Path=/; HttpOnly', 'Set-Cookie', 'b=2'];
const PACKED = ['content-type', 'application/json', 'content-encoding', 'gzip'];

const EVERYTHING =
  '{"version":7,"n":3,"f":3.140,"z":0,"nul":null,"b":true,"no":false,"e":"","el":[],"eo":{},' +
  '"id":"775792479844696084","num":775792479844696084,"at":"2024-03-01T12:00:00.123Z",' +
  '"whole":"2024-03-01T12:00:00.000Z","ms":1709294400250,"s":1709294400,"on":"2024-02-29",' +
  '"last_viewed":4017,"token":"9f86d081884c7d659a2feaa0c55ad015",' +
  '"uuid":"2f1b7c1e-0d5a-4f0e-9e7b-0f6e6a3c9d11","t":"caf\u00e9 au <lait> & more of it",' +
  '"list":[{"id":"9","v":1},{"id":"10","v":2},{"id":"11","v":2}],"numbers":[9,10,11],' +
  '"tags":["a","b","a"],"url":"http://x/y?z=1 2"}';

function part(head: string, body: string): string {
  return `--x\r\n${head}\r\n${body}\r\n`;
}

const FORM_DATA =
  part('Content-Disposition: form-data; name="a"\r\n', 'hello') +
  part('Content-Disposition: form-data; name="b"\r\n', 'there') +
  '--x--\r\n';

function typed(type: string, body: string): Answer {
  return answer(body, ['content-type', type]);
}

/** One answer of each form that bodies have, JSON with a value of every sort. */
export const SAMPLE_ANSWERS: Readonly<Record<string, Answer>> = {
  json: answer(EVERYTHING, [...FIELDS, ...COOKIES]),
  'small JSON': answer('{"token":null,"version":8}'),
  'repeated names': answer('{"y":0,"x":1,"x":2,"z":"u"}'),
  'a string': answer('"hello"'),
  'an empty list': answer('[]'),
  'packed JSON': answer(gzipSync('{"a":1}'), PACKED),
  records: typed('application/x-ndjson', '{"id":1,"a":"x"}\n{"id":2,"a":"y"}\n{"id":10,"a":"y"}\n'),
  events: typed(
    'text/event-stream',
    'event: a\nid: 1\ndata: {"n":1}\n\ndata: hello you\n\n: beat\n\ndata: z\n\n',
  ),
  form: typed('application/x-www-form-urlencoded', 'a=1&b=hello+world&c=&d=caf%C3%A9'),
  'form data': typed('multipart/form-data; boundary=x', FORM_DATA),
  parts: typed('multipart/mixed; boundary=x', `${part('', '1')}${part('', 'two')}--x--\r\n`),
  text: typed('text/plain', 'one\ntwo words\nthree 3\n'),
  line: typed('text/plain', 'hello big world'),
  bytes: answer(Buffer.from([1, 2, 255, 254, 0, 9, 200, 7]), ['content-type', 'image/png']),
  nothing: answer('', ['content-length', '5'], 204),
  trailed: { ...answer('{}'), trailers: ['X-Checksum', 'a, b'] },
};
