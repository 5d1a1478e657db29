import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { compareAnswers } from '../../src/compare/compare.ts';
import { LIMITS } from '../../src/kit/limits.ts';
import type { Comparison } from '../../src/model/pair.ts';
import { answer } from '../support/answers.ts';

function coded(body: Uint8Array, coding: string, type = 'application/json') {
  return answer(body, ['content-type', type, 'content-encoding', coding]);
}

function summary(comparison: Comparison): string {
  if (comparison.kind !== 'mismatched') return comparison.kind;
  return comparison.divergences.map(({ kind, path }) => `${kind} ${path}`).join(', ');
}

function compare(a: ReturnType<typeof answer>, b: ReturnType<typeof answer>): string {
  return summary(compareAnswers(a, b, [], 0));
}

const A = '{"a":1,"b":[1,2,3]}';
const SAME = '{ "b": [1,2,3], "a": 1 }';
const OTHER = '{"a":1,"b":[1,2,4]}';

const CODINGS = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
] as const;

describe('a compressed body', () => {
  it.each(CODINGS)('in %s is compared by what it says', (coding, pack) => {
    expect(compare(coded(pack(A), coding), coded(pack(SAME), coding))).toBe('matched');
    expect(compare(coded(pack(A), coding), coded(pack(OTHER), coding))).toBe('value /b/2');
  });

  it.each(CODINGS)('in %s with bytes behind its end is not the same', (coding, pack) => {
    const longer = Buffer.concat([pack(A), Buffer.from('xx')]);
    expect(compare(coded(pack(A), coding), coded(longer, coding))).toBe('encoding body');
    expect(compare(coded(longer, coding), coded(pack(A), coding))).toBe('encoding body');
  });

  it('packed twice is unpacked, three times is not compared', () => {
    const twice = (text: string) => coded(gzipSync(brotliCompressSync(text)), 'br, gzip');
    expect(compare(twice(A), twice(OTHER))).toBe('value /b/2');
    const thrice = (text: string) => coded(gzipSync(gzipSync(gzipSync(text))), 'gzip, gzip, gzip');
    expect(compare(thrice(A), thrice(SAME))).toBe('not-comparable');
  });

  it('that only one side packs differs in its header alone', () => {
    expect(compare(answer(A), coded(gzipSync(SAME), 'gzip'))).toBe(
      'header header:content-encoding',
    );
  });

  it('cut short is an encoding difference', () => {
    const cut = gzipSync(A).subarray(0, 20);
    expect(compare(coded(gzipSync(A), 'gzip'), coded(cut, 'gzip'))).toBe('encoding body');
  });

  it('that would unpack to more than the limit is not compared', () => {
    const bomb = (fill: number) => gzipSync(Buffer.alloc(LIMITS.decodedMaxBytes + 1, fill));
    const large = { kind: 'not-comparable', reason: 'too-large' };
    const pairs = [
      [bomb(0), bomb(1)],
      [bomb(0), gzipSync('x')],
    ] as const;
    for (const [a, b] of pairs) {
      expect(compareAnswers(coded(a, 'gzip'), coded(b, 'gzip'), [], 0)).toEqual(large);
      expect(compareAnswers(coded(b, 'gzip'), coded(a, 'gzip'), [], 0)).toEqual(large);
    }
  });
});

describe('a body that is not JSON', () => {
  const text = (body: string | Uint8Array) => answer(body, ['content-type', 'text/plain']);

  it.each([
    ['value', 'hello world', 'hello there'],
    ['letter-case', 'hello world', 'hello World'],
    ['length', 'hello world', 'hallo'],
    ['truncated', 'hello world', 'hello'],
    ['missing', 'hello', ''],
    ['added', '', 'hello'],
  ])('differs by %s', (kind, a, b) => {
    expect(compare(text(a), text(b))).toBe(`${kind} body`);
  });

  it('shows where it differs, and what stands around', () => {
    const lines = `${'-'.repeat(100)}one\t${'-'.repeat(100)}`;
    const comparison = compareAnswers(text(lines), text(lines.replace('one', 'two')), [], 0);
    expect(comparison.kind === 'mismatched' && comparison.divergences[0]).toEqual({
      path: 'body',
      kind: 'value',
      legacy: `byte 100 of 204: …"${'-'.repeat(24)}one\\t${'-'.repeat(44)}"…`,
      candidate: `byte 100 of 204: …"${'-'.repeat(24)}two\\t${'-'.repeat(44)}"…`,
    });
  });

  it('is shown in hexadecimal when it is binary', () => {
    const bytes = (last: number) => text(Buffer.from([0xff, 0x00, last]));
    const comparison = compareAnswers(bytes(1), bytes(2), [], 0);
    expect(comparison.kind === 'mismatched' && comparison.divergences[0]?.legacy).toBe(
      'byte 2 of 3: ff0001',
    );
  });
});

describe('a body that should be JSON', () => {
  it.each([
    ['truncated body', A, A.slice(0, -5)],
    ['type body', A, '<html>503</html>'],
    ['type body', A, '{"a":1,}'],
    ['value body', '{a:1}', '{a:2}'],
    ['encoding body', A, `\ufeff${A}`],
  ])('gives %s for %s and %s', (expected, a, b) => {
    expect(compare(answer(a), answer(b))).toBe(expected);
  });

  it('with invalid UTF-8 never equals one whose replacement character looks the same', () => {
    const bad = (byte: number) =>
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([byte]), Buffer.from('"}')]);
    expect(compare(answer(bad(0xff)), answer('{"a":"\ufffd"}'))).toBe('encoding body');
    expect(compare(answer(bad(0xff)), answer(bad(0xfe)))).toBe('value body');
  });

  it('does not reach the prototype of anything', () => {
    const hostile = '{"__proto__":{"isHostile":true},"constructor":{"prototype":{"x":1}}}';
    expect(compare(answer(hostile), answer('{}'))).toBe('missing /__proto__, missing /constructor');
    expect(Object.hasOwn(Object.prototype, 'isHostile')).toBe(false);
  });
});
