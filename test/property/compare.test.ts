import { isDeepStrictEqual } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isByteEqual } from '../../src/compare/bytes.ts';
import { compareAnswers } from '../../src/compare/compare.ts';
import { templateOf } from '../../src/compare/divergences.ts';
import { type JsonValue, parseJson } from '../../src/compare/json.ts';
import { exactDecimal } from '../../src/compare/kinds.ts';
import type { Answer } from '../../src/model/exchange.ts';
import type { Comparison, DivergenceKind } from '../../src/model/pair.ts';
import { answer } from '../support/answers.ts';

/** Few keys and values, so that two of them are often nearly alike. */
const { json: similarJson } = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, 0, 1, 2, 1.5, 'a', 'b', '2024-03-01T12:00:00.000Z'),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', '0'), tie('json'), { maxKeys: 4 }),
  ),
}));
const anyJson = fc.oneof(similarJson, fc.jsonValue());

const headers = fc
  .array(
    fc.tuple(
      fc.constantFrom('Content-Type', 'content-type', 'ETag', 'date', 'Set-Cookie', 'Vary'),
      fc.constantFrom('a', 'b', 'application/json', 'gzip'),
    ),
    { maxLength: 5 },
  )
  .map((fields) => fields.flat());
const body = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
  anyJson.map((value) => Buffer.from(JSON.stringify(value))),
  anyJson.map((value) => Buffer.from(JSON.stringify(value)).subarray(0, -1)),
  fc
    .string({ unit: fc.constantFrom(...Array.from('[]{}",:0e-1.ab\\ \ufeff')) })
    .map((text) => Buffer.from(text)),
  anyJson.map((value) => gzipSync(JSON.stringify(value))),
);
const coded = fc.constantFrom<readonly string[]>(
  [],
  ['content-encoding', 'gzip'],
  ['content-encoding', 'br'],
  ['Content-Encoding', 'deflate, zstd'],
  ['content-encoding', 'nonsense'],
);
const anyAnswer: fc.Arbitrary<Answer> = fc
  .tuple(body, headers, coded, fc.constantFrom(200, 200, 200, 404))
  .map(([bytes, fields, coding, status]) => answer(bytes, [...fields, ...coding], status));

function mirrorKind(kind: DivergenceKind): DivergenceKind {
  if (kind === 'missing') return 'added';
  return kind === 'added' ? 'missing' : kind;
}

/** Elements that have moved are at another index on the other side. */
const MOVING: ReadonlySet<DivergenceKind> = new Set(['array-order', 'id-order', 'length']);

/** What a comparison says, without what depends on the sides' own order of fields. */
function located(comparison: Comparison, isMirrored: boolean): unknown {
  if (comparison.kind !== 'mismatched') return comparison.kind;
  const isMoved = comparison.divergences.some(({ kind }) => MOVING.has(kind));
  return comparison.divergences
    .map(({ path, kind, legacy, candidate }) => {
      const values = isMirrored ? [candidate, legacy] : [legacy, candidate];
      const shown = kind === 'fields-swapped' ? [] : values;
      const at = isMoved ? templateOf(path) : path;
      return JSON.stringify([at, isMirrored ? mirrorKind(kind) : kind, shown]);
    })
    .sort();
}

const SEED = 20_260_115;

/** `npx vitest run --project property test/property/compare.test.ts` runs all of them. */
const DOCUMENTS = 100_000;

/** The same document with its members the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, reversed(each)] as const);
  return Object.fromEntries(entries.reverse());
}

describe('comparison', () => {
  it('finds nothing between a document and itself, bytes apart from each other', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const text = JSON.stringify(value);
        // Another byte at either end, and the whole of it has to be walked.
        const { kind } = compareAnswers(answer(text), answer(` ${text}\n`), [], 0);
        if (kind !== 'matched') expect(text).toBe('matched');
      }),
      { seed: SEED, numRuns: DOCUMENTS },
    );
  });

  it('finds nothing between an answer and itself', () => {
    fc.assert(
      fc.property(anyAnswer, (given) => {
        const copy = { ...given, body: Uint8Array.from(given.body) };
        expect(compareAnswers(given, copy, [], 0)).toEqual({ kind: 'matched' });
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  it('never throws, and never takes byte-equal answers for different', () => {
    fc.assert(
      fc.property(anyAnswer, anyAnswer, (a, b) => {
        const comparison = compareAnswers(a, b, [], 0);
        if (isByteEqual(a, b)) expect(comparison).toEqual({ kind: 'matched' });
        expect(isByteEqual(b, a)).toBe(isByteEqual(a, b));
      }),
      { seed: SEED, numRuns: 3000 },
    );
  });

  it('says the mirrored thing when the sides are exchanged', () => {
    const related = fc.oneof(
      fc.tuple(anyAnswer, anyAnswer),
      fc
        .tuple(similarJson, similarJson)
        .map(([a, b]) => [answer(JSON.stringify(a)), answer(JSON.stringify(b))] as const),
    );
    fc.assert(
      fc.property(related, ([a, b]) => {
        const there = located(compareAnswers(a, b, [], 0), false);
        expect(located(compareAnswers(b, a, [], 0), true)).toEqual(there);
      }),
      { seed: SEED, numRuns: 3000 },
    );
  });

  it('finds a divergence exactly where two JSON values are not deeply equal', () => {
    fc.assert(
      fc.property(anyJson, anyJson, (a, b) => {
        const [textA, textB] = [JSON.stringify(a), JSON.stringify(b)];
        const { kind } = compareAnswers(answer(textA), answer(textB), [], 0);
        const areEqual = isDeepStrictEqual(JSON.parse(textA), JSON.parse(textB));
        expect(kind).toBe(areEqual ? 'matched' : 'mismatched');
      }),
      { seed: SEED, numRuns: 3000 },
    );
  });

  it('is not moved by white space or the order of keys', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const text = JSON.stringify(value);
        const moved = JSON.stringify(reversed(JSON.parse(text)), null, 2);
        const comparison = compareAnswers(answer(text), answer(moved), [], 0);
        expect(comparison.kind).toBe('matched');
        const noted = comparison.kind === 'matched' ? (comparison.noted ?? []) : [];
        expect(noted.filter(({ kind }) => kind !== 'key-order')).toEqual([]);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });
});

/** Members as a text has them: a key may be there more than once. */
const members = fc.array(
  fc.tuple(fc.constantFrom('x', 'y', 'z', 'w'), fc.constantFrom('0', '1', '2', '[1]', '{"a":1}')),
  { minLength: 1, maxLength: 7 },
);

function written(of: readonly (readonly [string, string])[], more: string): string {
  return `{${[...of.map(([key, value]) => `"${key}":${value}`), more].filter(Boolean).join(',')}}`;
}

/** The values of each key, in their order: what a reader can know, whichever it takes. */
function readingOf(of: readonly (readonly [string, string])[]): unknown {
  const values = Map.groupBy(of, ([key]) => key);
  return Object.fromEntries(
    [...values].map(([key, each]) => [key, each.map(([, value]) => value)]),
  );
}

describe('keys that stand in an object more than once', () => {
  const permuted = members.chain((of) =>
    fc.tuple(
      fc.constant(of),
      fc.shuffledSubarray(of, { minLength: of.length }),
      // Beyond so many members they are paired in another way.
      fc.constantFrom('', Array.from({ length: 60 }, (_, i) => `"k${i}":${i}`).join(',')),
    ),
  );

  it('have their values in one order, and other members may stand between them', () => {
    const verdicts = { matched: 0, mismatched: 0 };
    fc.assert(
      fc.property(permuted, ([a, b, more]) => {
        const [textA, textB] = [written(a, more), written(b, more)];
        const comparison = compareAnswers(answer(textA), answer(textB), [], 0);
        const areAlike = isDeepStrictEqual(readingOf(a), readingOf(b));
        expect(comparison.kind).toBe(areAlike ? 'matched' : 'mismatched');
        verdicts[areAlike ? 'matched' : 'mismatched'] += 1;
        if (comparison.kind !== 'matched') return;
        const isMoved = a.some(([key], at) => key !== b[at]![0]);
        expect(comparison.noted?.map(({ kind }) => kind)).toEqual(
          isMoved ? ['key-order'] : undefined,
        );
      }),
      { seed: SEED, numRuns: 5000 },
    );
    expect(Math.min(verdicts.matched, verdicts.mismatched)).toBeGreaterThan(500);
  });
});

function twoOf<T>(each: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.array(each, { minLength: 2, maxLength: 2 });
}

/** Few of them, and many nearly alike: a weak hash takes some for others. */
const grid = fc.oneof(
  { weight: 3, arbitrary: twoOf(twoOf(fc.boolean())) },
  { weight: 1, arbitrary: fc.constantFrom(1, null) },
);

describe('another order of elements', () => {
  it('is all that is told exactly where the elements are the same ones', () => {
    const lists = fc
      .array(grid, { minLength: 2, maxLength: 3 })
      .chain((of) =>
        fc.tuple(
          fc.constant(of),
          fc.oneof(
            fc.shuffledSubarray(of, { minLength: of.length }),
            fc.array(grid, { minLength: of.length, maxLength: of.length }),
          ),
        ),
      );
    const sorted = (of: readonly unknown[]): string[] =>
      of.map((each) => JSON.stringify(each)).sort();
    fc.assert(
      fc.property(lists, ([a, b]) => {
        const [textA, textB] = [JSON.stringify({ a }), JSON.stringify({ a: b })];
        const comparison = compareAnswers(answer(textA), answer(textB), [], 0);
        if (comparison.kind !== 'mismatched') return;
        const isOrderAlone = comparison.divergences.every(
          ({ kind, path }) => kind === 'array-order' && path === '/a',
        );
        expect(isOrderAlone).toBe(isDeepStrictEqual(sorted(b), sorted(a)));
      }),
      { seed: SEED, numRuns: 5000 },
    );
  });
});

function plain(value: JsonValue): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (value.kind === 'number') return Number(value.source);
  if (value.kind === 'array') return value.items.map(plain);
  return Object.fromEntries([...value.members].map(([key, each]) => [key, plain(each)]));
}

const TOKENS = [
  ['{', '}', '[', ']', ',', ':', ' ', '\n', '"a"', '"', '"\\u0041"', '\\', '-', '0', '01', '1.5'],
  ['1.', '.5', '1e5', '1E+5', '1e', '-0', 'true', 'null', 'nul', '\t', '\u00a0'],
].flat();

describe('the JSON parser', () => {
  it('accepts what JSON.parse accepts, with the same value, and refuses what it refuses', () => {
    const tokens = fc
      .array(fc.constantFrom(...TOKENS), { maxLength: 8 })
      .map((parts) => parts.join(''));
    const text = fc.oneof(
      tokens,
      anyJson.map((value) => JSON.stringify(value, null, 1)),
    );
    fc.assert(
      fc.property(text, (given) => {
        const parsed = parseJson(given);
        let expected: unknown;
        try {
          expected = { value: JSON.parse(given) };
        } catch {
          expected = 'invalid';
        }
        const found = parsed.kind === 'parsed' ? { value: plain(parsed.value) } : parsed.kind;
        expect(found).toEqual(expected);
      }),
      { seed: SEED, numRuns: 20_000 },
    );
  });

  it('gives one text to all ways of writing a number, and another to every other number', () => {
    const scaled = fc.tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.nat(30));
    fc.assert(
      fc.property(scaled, scaled, ([a, powerA], [b, powerB]) => {
        const valueA = a * 10n ** BigInt(powerA);
        const valueB = b * 10n ** BigInt(powerB);
        const written = exactDecimal(`${a}.000e${powerA}`);
        expect(written).toBe(exactDecimal(String(valueA)));
        expect(written === exactDecimal(`${b}e+${powerB}`)).toBe(valueA === valueB);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });
});
