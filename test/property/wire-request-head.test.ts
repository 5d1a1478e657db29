import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ParsedHead, parseRequestHead } from '../../src/wire/request-head.ts';
import type { Rejection } from '../../src/wire/rejection.ts';

const LIMITS = { headMaxBytes: 4096, bodyMaxBytes: 1000 };
const OWN = { isOwn: (): boolean => false };

function parse(text: string): ParsedHead | Rejection | null {
  return parseRequestHead(Buffer.from(text, 'latin1'), LIMITS, OWN);
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
const target = fc.stringMatching(/^\/[\x21\x22\x24-\x7e]{0,30}$/);
const method = fc
  .stringMatching(/^[A-Z-]{1,10}$/)
  .filter((text) => !/^(?:TRACE|CONNECT)$/.test(text));

describe('a request head', () => {
  it('comes back as it was sent, whatever method, target and fields', () => {
    const property = fc.property(
      method,
      target,
      fc.array(field, { maxLength: 20 }),
      fc.constantFrom('', ' ', '\t ', '   '),
      (sentMethod, sentTarget, fields, blank) => {
        const lines = fields.map(([name, text]) => `${name}:${blank}${text}${blank}\r\n`).join('');
        const text = `${sentMethod} ${sentTarget} HTTP/1.1\r\nHost: h\r\n${lines}\r\n`;
        const result = parse(`${text}behind`);
        if (result?.kind !== 'head') throw new Error(`refused: ${result?.sentence ?? ''}`);
        expect(result.head.method).toBe(sentMethod);
        expect(result.head.target).toBe(sentTarget);
        expect(result.head.headers).toEqual(['Host', 'h', ...fields.flat()]);
        expect(result.end).toBe(text.length);
      },
    );
    fc.assert(property, { numRuns: 2000 });
  });

  it('is judged alike from any prefix that is judged at all', () => {
    const piece = fc.constantFrom(
      'GET ',
      'POST ',
      '/x',
      '*',
      'http://b/',
      ' HTTP/1.1',
      ' HTTP/1.0',
      'HTTP/2.0',
      '\r\n',
      '\r\n\r\n',
      '\n',
      '\r',
      ' ',
      '\t',
      ':',
      'Host: a',
      'Content-Length: 3',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: gzip, chunked',
      'Connection: close',
      'Expect: 100-continue',
      'X-A: b',
      '\0',
      '\xff',
      'x',
    );
    const start = fc.constantFrom('', 'GET / HTTP/1.1\r\n', 'POST /x HTTP/1.1\r\nHost: a\r\n');
    const property = fc.property(start, fc.array(piece, { maxLength: 14 }), (first, pieces) => {
      const text = first + pieces.join('');
      const whole = parse(text);
      for (let length = 0; length < text.length; length += 1) {
        const early = parse(text.slice(0, length));
        if (early === null) continue;
        // A head that is there stays; a refusal stays one, though its reason may become clearer.
        expect(early.kind).toBe(whole?.kind);
        if (early.kind === 'head') expect(early).toEqual(whole);
        return;
      }
    });
    fc.assert(property, { numRuns: 5000 });
  });

  it('of random bytes never throws', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const result = parseRequestHead(Buffer.from(bytes), LIMITS, OWN);
      expect(result === null || result.kind === 'head' || result.status >= 400).toBe(true);
    });
    fc.assert(property, { numRuns: 5000 });
  });
});
