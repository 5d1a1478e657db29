/**
 * What two texts begin and end with alike is neither read nor looked at twice. That has to make
 * no difference, wherever the edits are: at the bounds of tokens, in escapes and in characters of
 * many bytes, in white space, at the end.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DivergenceList } from '../../src/compare/divergences.ts';
import { TAPE } from '../../src/compare/json-rows.ts';
import { JsonTape } from '../../src/compare/json-scan.ts';
import { walkJson } from '../../src/compare/json-walk.ts';
import { type SharedEnds, sharedEnds } from '../../src/compare/shared-ends.ts';
import { LIMITS } from '../../src/kit/limits.ts';

const SEED = 20_261_121;

const space = fc.constantFrom('', '', '', ' ', '\n\t');
const text = fc.constantFrom(
  '"a"',
  '""',
  '"id"',
  '"\\u0041"',
  '"b\\n"',
  '"é"',
  '"💥x"',
  '"a\\\\"',
  '"\\""',
  '",1,"',
  '"]"',
  '"{"',
  '"a longer text of some words"',
  '"9007199254740993"',
  '"\\ud83d"',
);
const scalar = fc.oneof(
  text,
  fc.constantFrom('0', '-0', '1', '12', '1.0', '1e5', '-1.5E+3', '9007199254740993'),
  fc.constantFrom('true', 'false', 'null'),
);
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc
      .tuple(space, fc.array(fc.tuple(space, tie('json'), space), { maxLength: 5 }))
      .map(([inside, items]) => `[${inside}${items.map((item) => item.join('')).join(',')}]`),
    fc
      .tuple(space, fc.array(fc.tuple(space, text, space, tie('json'), space), { maxLength: 5 }))
      .map(([inside, members]) => {
        const parts = members.map(([a, key, b, value, c]) => `${a}${key}${b}:${value}${c}`);
        return `{${inside}${parts.join(',')}}`;
      }),
  ),
}));

const BITS = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '0',
  '1',
  'e',
  '.',
  '-',
  't',
  'u',
  'a',
  ' ',
  '\n',
  'true',
  '"a":1,',
  ',1',
  '"x"',
  '\\u00e9',
  'é',
  '\u0001',
  '"a":[{',
  '}]',
  '',
];
/** Bytes put in at a place, as a share of the whole, and so many taken out there. */
const edit = fc.record({
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  put: fc.oneof(fc.constantFrom(...BITS), json),
  taken: fc.constantFrom(0, 0, 1, 1, 2, 3, 8, 1000),
});
const edited = fc
  .tuple(json, fc.array(edit, { minLength: 1, maxLength: 3 }))
  .map(([before, edits]) => {
    const legacy = Buffer.from(before);
    let candidate = legacy;
    for (const { place, put, taken } of edits) {
      const at = Math.round(place * candidate.length);
      const rest = candidate.subarray(at + taken);
      candidate = Buffer.concat([candidate.subarray(0, at), Buffer.from(put), rest]);
    }
    return { legacy, candidate };
  });

/** Rows as far as they say anything: keys are those of members, hashes come later. */
function rowsOf(tape: JsonTape): number[][] {
  const { rows } = tape;
  const total = rows[TAPE.NEXT]!;
  const members = new Set<number>();
  for (let row = 0; row < total; row += TAPE.ROW) {
    if ((rows[row]! & TAPE.KIND_MASK) !== TAPE.OBJECT) continue;
    for (let at = row + TAPE.ROW; at < rows[row + TAPE.NEXT]!; at = rows[at + TAPE.NEXT]!) {
      members.add(at);
    }
  }
  return Array.from({ length: total / TAPE.ROW }, (_, index) => {
    const row = index * TAPE.ROW;
    const all = [...rows.subarray(row, row + TAPE.HASH)];
    return members.has(row) ? all : all.toSpliced(TAPE.KEY_START, 2);
  });
}

function divergencesOf(legacy: JsonTape, candidate: JsonTape, ends: SharedEnds): unknown {
  const divergences = new DivergenceList();
  walkJson({ legacy, candidate, ends, rules: null, divergences, isOrdered: false });
  return [divergences.found, divergences.noted];
}

describe('a text that begins and ends as another', () => {
  it('is read onto the same tape, or refused at the same place, as if all of it were read', () => {
    let parsed = 0;
    fc.assert(
      fc.property(edited, ({ legacy, candidate }) => {
        const [first, whole, quick] = [new JsonTape(), new JsonTape(), new JsonTape()];
        expect(first.scan(legacy)).toBe('parsed');
        const expected = whole.scan(candidate);
        expect(quick.scanLike(first, sharedEnds(legacy, candidate), candidate)).toBe(expected);
        if (expected === 'invalid') expect(quick.at).toBe(whole.at);
        if (expected !== 'parsed') return;
        parsed += 1;
        expect(rowsOf(quick)).toEqual(rowsOf(whole));
      }),
      { seed: SEED, numRuns: 20_000 },
    );
    expect(parsed).toBeGreaterThan(2000);
  });

  it('differs in the same places, of the same kinds, as if all of it were looked at', () => {
    fc.assert(
      fc.property(edited, ({ legacy, candidate }) => {
        const [first, whole, quick] = [new JsonTape(), new JsonTape(), new JsonTape()];
        first.scan(legacy);
        if (whole.scan(candidate) !== 'parsed') return;
        const ends = sharedEnds(legacy, candidate);
        quick.scanLike(first, ends, candidate);
        const found = divergencesOf(first, quick, ends);
        const nothing = { start: 0, rest: legacy.length, longer: candidate.length - legacy.length };
        first.scan(legacy);
        expect(found).toEqual(divergencesOf(first, whole, nothing));
      }),
      { seed: SEED, numRuns: 10_000 },
    );
  });

  it('meets the limits of depth and of values where it would without', () => {
    const deep = (depth: number): string => `[1,${'['.repeat(depth)}${']'.repeat(depth)},2]`;
    const many = (count: number): string => `[${'0,'.repeat(count - 2)}0]`;
    const pairs = [
      [deep(3), deep(LIMITS.jsonDepthMax - 1), 'parsed'],
      [deep(3), deep(LIMITS.jsonDepthMax), 'too-large'],
      [many(LIMITS.jsonNodesMax - 1), many(LIMITS.jsonNodesMax), 'parsed'],
      [many(LIMITS.jsonNodesMax), many(LIMITS.jsonNodesMax + 1), 'too-large'],
    ] as const;
    for (const [a, b, expected] of pairs) {
      const [legacy, candidate] = [Buffer.from(a), Buffer.from(b)];
      const [first, quick] = [new JsonTape(), new JsonTape()];
      expect(first.scan(legacy)).toBe('parsed');
      const scanned = quick.scanLike(first, sharedEnds(legacy, candidate), candidate);
      expect(scanned).toBe(expected);
      expect(new JsonTape().scan(candidate)).toBe(expected);
    }
  });
});

describe('what two texts share', () => {
  it('is the longest start, and the longest end that does not overlap it', () => {
    const bytes = fc.array(fc.constantFrom(0, 1), { maxLength: 12 }).map((all) => Buffer.from(all));
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const { start, rest, longer } = sharedEnds(a, b);
        expect(longer).toBe(b.length - a.length);
        expect(a.subarray(0, start)).toEqual(b.subarray(0, start));
        expect(a.subarray(rest)).toEqual(b.subarray(rest + longer));
        const isWhole = start === Math.min(a.length, b.length);
        expect(isWhole || a[start] !== b[start]).toBe(true);
        const isMet = Math.min(rest, rest + longer) === start;
        expect(isMet || a[rest - 1] !== b[rest + longer - 1]).toBe(true);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });
});
