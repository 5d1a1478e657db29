/** What independent libraries say of the same two documents, where they look at the same things. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import * as jsondiffpatch from 'jsondiffpatch';
import { parse } from 'lossless-json';
import { describe, expect, it } from 'vitest';
import { compareAnswers } from '../../src/compare/compare.ts';
import { answer } from '../support/answers.ts';

const SEED = 20_261_121;

function isMismatch(a: string, b: string): boolean {
  return compareAnswers(answer(a), answer(b), [], 0).kind === 'mismatched';
}

/** Few keys and values, so that two of them are often nearly alike. */
const { json: similarJson } = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, 0, 1, 2, 1.5, '', 'a', 'b', 'A'),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'id', '0'), tie('json'), { maxKeys: 4 }),
  ),
}));

const NUMBERS = ['0', '-0', '1', '1.0', '1e0', '100', '1e2', '0.1', '0.10', '9007199254740993'];
const numberText = fc.oneof(
  fc.constantFrom(...NUMBERS, '9007199254740992', '1E400', '1e401', '-1.5'),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
);
/** JSON as text, so that numbers are written in every way. */
const { text: losslessText } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 3 },
    numberText,
    fc.constantFrom('null', 'true', '"a"', '"1"', '"\\u0061"'),
    fc.array(tie('text'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('text'), { maxKeys: 3 }).map((members) => {
      const parts = Object.entries(members).map(([key, value]) => `"${key}" : ${value}`);
      return `{${parts.join(',')}}`;
    }),
  ),
}));

describe('the oracles', () => {
  it('jsondiffpatch finds a delta exactly where a divergence is found', () => {
    fc.assert(
      fc.property(similarJson, similarJson, (a, b) => {
        const [textA, textB] = [JSON.stringify(a), JSON.stringify(b)];
        const delta = jsondiffpatch.diff(JSON.parse(textA), JSON.parse(textB));
        expect(isMismatch(textA, textB)).toBe(delta !== undefined);
      }),
      { seed: SEED, numRuns: 5000 },
    );
  });

  it('lossless-json reads two texts alike exactly where no divergence is found', () => {
    fc.assert(
      fc.property(losslessText, losslessText, (a, b) => {
        expect(isMismatch(a, b)).toBe(!isDeepStrictEqual(parse(a), parse(b)));
      }),
      { seed: SEED, numRuns: 5000 },
    );
  });
});
