import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkedDecoder, type ChunkedLimits } from '../../src/wire/chunked.ts';

const LIMITS: ChunkedLimits = {
  bodyMaxBytes: 1_000_000,
  extensionMaxBytes: 1000,
  trailerMaxBytes: 1000,
};

interface Decoded {
  readonly body: string;
  readonly consumed: number;
  readonly problem: string | null;
  readonly isDone: boolean;
  readonly trailers: readonly string[];
}

/** What comes of `bytes` in segments of these lengths, the last one repeated. */
function decode(bytes: Buffer, segments: readonly number[]): Decoded {
  const decoder = new ChunkedDecoder(LIMITS);
  let body = '';
  const sink = { bodyBytes: (part: Buffer): void => void (body += part.toString('latin1')) };
  let consumed = 0;
  for (let i = 0; consumed < bytes.length && !decoder.isDone && decoder.problem === null; i += 1) {
    const length = segments[Math.min(i, segments.length - 1)]!;
    // A copy: what is decoded is moved about within its segment.
    const segment = Buffer.from(bytes.subarray(consumed, consumed + length));
    consumed += decoder.decode(segment, 0, sink);
  }
  const { problem, isDone, trailers } = decoder;
  return { body, consumed, problem, isDone, trailers };
}

const segments = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });
const extension = fc.constantFrom('', ';a', ';a=b', ';a="x;\\" "', ';a;b=c');
const chunk = fc.tuple(
  fc.uint8Array({ minLength: 1, maxLength: 60 }),
  extension,
  fc.integer({ min: 0, max: 4 }),
  fc.boolean(),
);
const trailer = fc.constantFrom('', 'X-T: v\r\n', 'X-T: v\r\nx-u:\t\xe9 \r\n');

describe('the chunked coding', () => {
  it('gives the same body however it is chunked and cut into segments', () => {
    const property = fc.property(
      fc.array(chunk, { maxLength: 12 }),
      trailer,
      fc.string({ maxLength: 10 }),
      segments,
      (chunks, trailers, behind, lengths) => {
        let body = '';
        let text = '';
        for (const [bytes, ext, zeros, isUpper] of chunks) {
          const part = Buffer.from(bytes).toString('latin1');
          const size = bytes.length.toString(16);
          body += part;
          text += `${'0'.repeat(zeros)}${isUpper ? size.toUpperCase() : size}${ext}\r\n${part}\r\n`;
        }
        text += `0\r\n${trailers}\r\n`;
        const decoded = decode(Buffer.from(text + behind, 'latin1'), lengths);
        expect(decoded.problem).toBeNull();
        expect(decoded.isDone).toBe(true);
        expect(decoded.body).toBe(body);
        expect(decoded.consumed).toBe(text.length);
      },
    );
    fc.assert(property, { numRuns: 2000 });
  });

  it('comes to the same verdict on any bytes, whole or in segments', () => {
    const piece = fc.constantFrom(
      '0',
      '1',
      'a',
      '\r\n',
      '\r',
      '\n',
      ';',
      '"',
      '=',
      ':',
      ' ',
      'x\0',
    );
    const property = fc.property(
      fc.array(piece, { maxLength: 30 }),
      segments,
      (pieces, lengths) => {
        const bytes = Buffer.from(pieces.join(''), 'latin1');
        const whole = decode(bytes, [bytes.length]);
        const cut = decode(bytes, lengths);
        expect(cut.problem).toBe(whole.problem);
        expect(cut.isDone).toBe(whole.isDone);
        expect(cut.body).toBe(whole.body);
        expect(cut.trailers).toEqual(whole.trailers);
      },
    );
    fc.assert(property, { numRuns: 5000 });
  });
});
