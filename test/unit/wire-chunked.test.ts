import { describe, expect, it } from 'vitest';
import { ChunkedDecoder, type ChunkedLimits } from '../../src/wire/chunked.ts';

const LIMITS: ChunkedLimits = {
  bodyMaxBytes: 1000,
  extensionMaxBytes: 64,
  trailerMaxBytes: 200,
};

interface Decoded {
  readonly body: string;
  readonly decoder: ChunkedDecoder;
  readonly rest: string;
}

function decode(text: string, segmentBytes = text.length, limits = LIMITS): Decoded {
  const decoder = new ChunkedDecoder(limits);
  const bytes = Buffer.from(text, 'latin1');
  let body = '';
  let consumed = 0;
  for (let from = 0; from < bytes.length; from += segmentBytes) {
    const segment = Buffer.from(bytes.subarray(from, from + segmentBytes));
    const sink = {
      bodyBytes(part: Buffer): void {
        body += part.toString('latin1');
      },
    };
    consumed += decoder.decode(segment, 0, sink);
    if (decoder.isDone || decoder.problem !== null) break;
  }
  return { body, decoder, rest: text.slice(consumed) };
}

/** Whole and one byte a segment: the verdict must be the same. */
function bothWays(text: string): Decoded[] {
  return [decode(text), decode(text, 1), decode(text, 3)];
}

describe('ChunkedDecoder', () => {
  it('gives the body of all chunks and leaves what follows it', () => {
    for (const { body, decoder, rest } of bothWays('3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nGET')) {
      expect(body).toBe('abc0123456789');
      expect(decoder.isDone).toBe(true);
      expect(decoder.problem).toBeNull();
      expect(rest).toBe('GET');
    }
  });

  it('is done with a body of no chunk at all', () => {
    for (const { body, decoder } of bothWays('0\r\n\r\n')) {
      expect(decoder.isDone).toBe(true);
      expect(body).toBe('');
    }
  });

  it('is not done before the last byte of the trailer section', () => {
    const text = '1\r\na\r\n0\r\nX-T: v\r\n\r\n';
    for (let length = 0; length < text.length; length += 1) {
      const { decoder } = decode(text.slice(0, length), 4);
      expect(decoder.isDone).toBe(false);
      expect(decoder.problem).toBeNull();
    }
    expect(decode(text).decoder.trailers).toEqual(['X-T', 'v']);
  });

  it('takes the parts that one segment holds together in one piece', () => {
    const parts: string[] = [];
    const sink = {
      bodyBytes(part: Buffer): void {
        parts.push(part.toString('latin1'));
      },
    };
    const bytes = Buffer.from('3\r\nabc\r\n2\r\nde\r\n1\r\nf\r\n4\r\ngh', 'latin1');
    new ChunkedDecoder(LIMITS).decode(bytes, 0, sink);
    expect(parts).toEqual(['abcdefgh']);
  });

  it.each(['1;a\r\nx', '1;a=b\r\nx', '1;a="q \\" z;\t";b=c\r\nx', '1;a;b;c=""\r\nx'])(
    'drops the well-formed extension of %j',
    (head) => {
      for (const { body, decoder } of bothWays(`${head}\r\n0\r\n\r\n`)) {
        expect(body).toBe('x');
        expect(decoder.isDone).toBe(true);
      }
    },
  );

  it.each([
    '0x1\r\n',
    '+1\r\n',
    '-0\r\n',
    '0_1\r\n',
    ' 1\r\n',
    '1 \r\n',
    '\r\n',
    '1\n',
    '1\r\r;a',
    'fffffffffffffffff\r\n',
    '10000000000000000\r\n',
    '20000000000000\r\n',
    `${'0'.repeat(17)}1\r\n`,
    '1;\r\n',
    '1;a=\r\n',
    '1;a b\r\n',
    '1;a="\n"\r\n',
    '1;a="\0"\r\n',
    '1;a=b\n',
    '1;a="b"c\r\n',
    '1 ;a\r\n',
    '1\r\nabc\r\n',
    '1\r\na\n0\r\n',
    '1\r\na\rb',
    'g\r\n',
  ])('refuses %j', (text) => {
    for (const { decoder } of bothWays(text)) {
      expect(decoder.problem).toBe('chunk');
      expect(decoder.isDone).toBe(false);
    }
  });

  it('takes sixteen digits, zeros among them', () => {
    const { body, decoder } = decode(`${'0'.repeat(15)}1\r\nx\r\n${'0'.repeat(16)}\r\n\r\n`);
    expect(body).toBe('x');
    expect(decoder.isDone).toBe(true);
  });

  it('bounds the bytes of all extensions together', () => {
    expect(decode(`1;${'a'.repeat(100)}\r\n`).decoder.problem).toBe('chunk');
    expect(decode('1;abcdefgh\r\nx\r\n'.repeat(10)).decoder.problem).toBe('chunk');
  });

  it('refuses a chunk that makes the body too large before any of it arrives', () => {
    expect(decode('3e9\r\n').decoder.problem).toBe('body-too-large');
    expect(decode('3e8\r\n').decoder.problem).toBeNull();
  });

  it.each([
    'Content-Length: 1',
    'transfer-encoding: chunked',
    'HOST: a',
    'X-T : v',
    ' folded: v',
    'X-T: a\0b',
    'no colon',
    `X-T: ${'a'.repeat(300)}`,
  ])('refuses the trailer %j', (line) => {
    for (const { decoder } of bothWays(`0\r\n${line}\r\n\r\n`)) {
      expect(decoder.problem).toBe('trailer');
      expect(decoder.isDone).toBe(false);
    }
  });

  it('refuses a bare LF in the trailer section at once', () => {
    for (const { decoder } of bothWays('0\r\nX-T: v\n')) expect(decoder.problem).toBe('trailer');
    for (const { decoder } of bothWays('0\r\n\n')) expect(decoder.problem).toBe('trailer');
  });
});
