import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ParsedAnswer, parseResponseHead } from '../../src/wire/response-head.ts';

const MAX = 4096;

function parse(text: string): ParsedAnswer | string | null {
  return parseResponseHead(Buffer.from(text, 'latin1'), false, MAX);
}

const token = fc.stringMatching(/^[!#$%&'*+.^`|~0-9A-Za-z-]{1,12}$/);
const value = fc.stringMatching(
  /^[\x21-\x7e\xa1-\xff](?:[\t\x20-\x7e\xa1-\xff]{0,20}[\x21-\x7e])?$/,
);
/** Fields that mean nothing to the framing. */
const field = fc.tuple(
  token.map((name) => `X-${name}`),
  value,
);

describe('the head of an answer', () => {
  it('comes back as it was sent, whatever status, reason and fields', () => {
    const property = fc.property(
      fc.integer({ min: 100, max: 999 }),
      fc.option(value),
      fc.array(field, { maxLength: 20 }),
      fc.constantFrom('', ' ', '\t ', '   '),
      (status, reason, fields, blank) => {
        const lines = fields.map(([name, text]) => `${name}:${blank}${text}${blank}\r\n`).join('');
        const line = reason === null ? `${status}` : `${status} ${reason}`;
        const text = `HTTP/1.1 ${line}\r\n${lines}\r\n`;
        const parsed = parse(`${text}behind`);
        if (parsed === null || typeof parsed === 'string') throw new Error(`refused: ${parsed}`);
        expect(parsed.head.status).toBe(status);
        expect(parsed.head.reason).toBe(reason ?? '');
        expect(parsed.head.headers).toEqual(fields.flat());
        expect(parsed.end).toBe(text.length);
      },
    );
    fc.assert(property, { numRuns: 2000 });
  });

  it('is judged alike from any prefix that is judged at all', () => {
    const piece = fc.constantFrom(
      'HTTP/1.1 ',
      'HTTP/1.0 ',
      '200',
      '204 ',
      ' OK',
      '\r\n',
      '\r',
      '\n',
      'Content-Length',
      'Transfer-Encoding',
      'Connection',
      ':',
      ' ',
      '5',
      '+',
      ',',
      'chunked',
      'close',
      '\0',
      '\xe9',
    );
    const text = fc.array(piece, { minLength: 1, maxLength: 24 }).map((pieces) => pieces.join(''));
    const begun = fc.tuple(fc.constantFrom('', 'HTTP/1.1 200 OK\r\n'), text);
    const property = fc.property(begun, ([beginning, rest]) => {
      const whole = beginning + rest;
      const last = parse(whole);
      for (let length = 0; length < whole.length; length += 1) {
        const verdict = parse(whole.slice(0, length));
        if (verdict === null) continue;
        // A refusal stands, though its words may know less; a head does not change any more.
        if (typeof verdict === 'string') expect(typeof last).toBe('string');
        else expect(last).toEqual(verdict);
      }
    });
    fc.assert(property, { numRuns: 5000 });
  });
});
