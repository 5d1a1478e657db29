import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { compareAnswers } from '../../src/compare/compare.ts';
import { LIMITS } from '../../src/kit/limits.ts';
import { answer } from '../support/answers.ts';
import { wordsOf } from '../support/pair-cases.ts';

type Body = string | Uint8Array;

function compare(a: Body, b: Body, headers?: readonly string[]): readonly string[] | string {
  return wordsOf(compareAnswers(answer(a, headers), answer(b, headers), [], 0));
}

function kindsOf(a: Body, b: Body, headers?: readonly string[]): unknown {
  const words = compare(a, b, headers);
  if (typeof words === 'string') return words;
  return [...new Set(words.map((each) => each.split(' ')[0]))];
}

const TEXT = ['content-type', 'text/plain'];
const DEEP = 1_000_000;

describe('nesting', () => {
  it.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])(
    'of a million %s is not compared with another, and too different from none',
    (_, open, end) => {
      const deep = (core: string) => open.repeat(DEEP) + core + end.repeat(DEEP);
      expect(compare(deep('1'), deep('2'))).toBe('not-comparable too-complex');
      expect(compare(deep('1'), '[1]')).toEqual(['too-different body']);
      expect(compare('[1]', deep('1'))).toEqual(['too-different body']);
    },
  );

  it('of brackets that never close is neither', () => {
    expect(compare('['.repeat(DEEP), `${'['.repeat(DEEP)} `)).toBe('not-comparable too-complex');
  });

  it('to the limit is walked', () => {
    const nest = (core: string) =>
      '['.repeat(LIMITS.jsonDepthMax) + core + ']'.repeat(LIMITS.jsonDepthMax);
    expect(compare(nest('1'), nest('2'))).toEqual([`value ${'/0'.repeat(LIMITS.jsonDepthMax)}`]);
  });

  it('hidden in records and events is bounded as well', () => {
    const record = '['.repeat(DEEP);
    const records = ['content-type', 'application/x-ndjson'];
    expect(kindsOf(`${record}\n1\n`, `${record}\n2\n`, records)).toEqual(['value']);
    const events = ['content-type', 'text/event-stream'];
    const stream = (end: string) => `data: ${record}${end}\n\n`;
    expect(kindsOf(stream('1'), stream('2'), events)).toEqual(['value']);
  });
});

describe('a packed body', () => {
  const packings = [
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ] as const;

  it.each(packings)('that grows a thousandfold by %s is not compared', (coding, pack) => {
    const headers = ['content-type', 'text/plain', 'content-encoding', coding];
    const bomb = (fill: number) => pack(Buffer.alloc(LIMITS.decodedMaxBytes - 1, fill));
    expect(bomb(0).length * 500).toBeLessThan(LIMITS.decodedMaxBytes);
    expect(compare(bomb(0x61), bomb(0x62), headers)).toBe('not-comparable too-large');
    expect(compare(bomb(0x61), pack('x'), headers)).toBe('not-comparable too-large');
    expect(compare(pack('x'), bomb(0x61), headers)).toBe('not-comparable too-large');
  });

  it('that grows within the limits is compared, however well it packs', () => {
    const headers = ['content-type', 'text/plain', 'content-encoding', 'gzip'];
    const text = (end: string) => gzipSync('a'.repeat(500_000) + end);
    expect(compare(text('1'), text('2'), headers)).toEqual(['value body']);
  });

  it('in more layers than are undone is not compared', () => {
    const headers = ['content-encoding', 'gzip, gzip, gzip'];
    const thrice = (body: string) => gzipSync(gzipSync(gzipSync(body)));
    expect(compare(thrice('a'), thrice('b'), headers)).toBe('not-comparable too-complex');
  });
});

/** Numbers that look like random ones, the same in each run. */
function* numbers(seed: number): Generator<number> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state;
  }
}

function build(seed: number, bytesMin: number, write: (n: number) => string): string {
  const parts: string[] = [];
  let length = 0;
  for (const n of numbers(seed)) {
    const part = write(n);
    parts.push(part);
    length += part.length;
    if (length >= bytesMin) break;
  }
  return parts.join('');
}

describe('five megabytes without anything in common', () => {
  const SIZE = 5_000_000;

  it('are too different as lines', () => {
    const text = (seed: number, extra: string) => build(seed, SIZE, (n) => `line ${n}\n`) + extra;
    expect(compare(text(1, ''), text(2, 'x\ny\n'), TEXT)).toEqual(['too-different body']);
  });

  it('are one value as a single line, and as bytes', () => {
    const text = (seed: number) => build(seed, SIZE + seed * 100, (n) => n.toString(36));
    expect(kindsOf(text(1), text(2), TEXT)).toEqual(['length']);
    expect(kindsOf(text(1), text(2), ['content-type', 'image/png'])).toEqual(['length']);
  });

  it('give no more divergences as JSON than a pair may have', () => {
    const object = (seed: number) => `{${build(seed, SIZE, (n) => `"k${n}":${n},`)}"z":0}`;
    const comparison = compareAnswers(answer(object(1)), answer(object(2)), [], 0);
    expect(comparison.kind).toBe('mismatched');
    const found = comparison.kind === 'mismatched' ? comparison.divergences : [];
    expect(found.length).toBeLessThanOrEqual(LIMITS.divergencesPerPairMax);
    expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['missing', 'added']));
  });

  it('are not compared as JSON of more values than are counted', () => {
    const list = (digit: string) => `[${`${digit},`.repeat(LIMITS.jsonNodesMax)}0]`;
    expect(compare(list('1'), list('2'))).toBe('not-comparable too-complex');
    expect(compare(list('1'), '[1]')).toEqual(['too-different body']);
  });
});

describe('a hundred thousand elements', () => {
  const COUNT = 100_000;
  const shuffled = [...numbers(7).take(COUNT)].map((n, index) => ({ n, index }));
  shuffled.sort((x, y) => x.n - y.n);

  it('in another order are that, and nothing else', () => {
    const list = (items: readonly number[]) =>
      `[${items.map((i) => `{"id":${i},"v":"x"}`).join()}]`;
    const inOrder = Array.from({ length: COUNT }, (_, i) => i);
    expect(compare(list(inOrder), list(shuffled.map(({ index }) => index)))).toEqual([
      'array-order body',
    ]);
  });

  it('in another order with one changed are told so', () => {
    const list = (items: readonly number[], odd: number) =>
      `[${items.map((i) => `{"id":${i},"v":${i === odd ? 1 : 0}}`).join()}]`;
    const inOrder = Array.from({ length: COUNT }, (_, i) => i);
    expect(
      compare(
        list(inOrder, -1),
        list(
          shuffled.map(({ index }) => index),
          500,
        ),
      ),
    ).toEqual(['array-order body', 'value /500/v']);
  });

  it('of one object in another order are the same', () => {
    const object = (items: readonly number[]) => `{${items.map((i) => `"k${i}":${i}`).join()}}`;
    const inOrder = Array.from({ length: COUNT }, (_, i) => i);
    expect(compare(object(inOrder), object(shuffled.map(({ index }) => index)))).toEqual([]);
  });

  it('that all differ are told by a few of them', () => {
    const list = (v: string) => `[${Array.from({ length: COUNT }, (_, i) => `"${v}${i}"`).join()}]`;
    expect(compare(list('a'), list('b'))).toEqual(['value /0', 'value /1', 'value /2']);
  });
});

describe('keys of prototypes', () => {
  const HOSTILE = '{"__proto__":{"isHostile":true},"constructor":{"prototype":{"isHostile":true}}}';

  it('are keys like any other, and reach no prototype', () => {
    expect(compare(HOSTILE, '{}')).toEqual(['missing /__proto__', 'missing /constructor']);
    expect(compare(HOSTILE, HOSTILE.replace('true', 'false'))).toEqual([
      'value /__proto__/isHostile',
    ]);
    expect(Object.hasOwn(Object.prototype, 'isHostile')).toBe(false);
  });

  it('do no harm in forms, parts and fields either', () => {
    const form = ['content-type', 'application/x-www-form-urlencoded'];
    expect(compare('__proto__=1&x=2', 'x=2', form)).toEqual(['missing /__proto__']);
    const [a, b] = [answer('{}', ['__proto__', '1']), answer('{}', ['constructor', '1'])];
    expect(wordsOf(compareAnswers(a, b, [], 0))).toEqual([
      'header header:__proto__',
      'header header:constructor',
    ]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});
