import { describe, expect, it } from 'vitest';
import { compareAnswers } from '../../src/compare/compare.ts';
import { createRandom } from '../../src/kit/random.ts';
import type { Answer } from '../../src/model/exchange.ts';
import { usableBody } from '../../src/selftest/inject.ts';
import { meaningOf, readJson } from '../../src/selftest/json-text.ts';
import { type Ground, groundOf, mutate } from '../../src/selftest/mutator.ts';
import { SAMPLE_ANSWERS } from '../support/sample-answers.ts';

function groundIn(given: Answer): Ground | null {
  const body = usableBody(given);
  return typeof body === 'string' ? null : groundOf(body);
}

const GROUNDS = Object.entries(SAMPLE_ANSWERS).flatMap(([name, given]) => {
  const ground = groundIn(given);
  return ground === null ? [] : [[name, given, ground] as const];
});

describe('a random edit', () => {
  it.each(GROUNDS)('is seen without any rule, in %s', (_name, given, ground) => {
    const random = createRandom(7);
    for (let i = 0; i < 120; i += 1) {
      const { edit } = mutate(ground, random);
      expect(edit).not.toBeNull();
      expect(Buffer.compare(edit!.answer.body, given.body)).not.toBe(0);
      expect({ what: edit!.what, ...compareAnswers(given, edit!.answer, [], 0) }).toMatchObject({
        kind: 'mismatched',
      });
    }
  });

  it('is the same again for the same seed', () => {
    const [, , ground] = GROUNDS[0]!;
    const edits = (seed: number): string[] => {
      const random = createRandom(seed);
      return Array.from({ length: 20 }, () =>
        Buffer.from(mutate(ground, random).edit!.answer.body).toString(),
      );
    };
    expect(edits(1)).toEqual(edits(1));
    expect(edits(2)).not.toEqual(edits(1));
  });

  it('that means the same is drawn again and counted', () => {
    const [, , ground] = GROUNDS.find(([name]) => name === 'small JSON')!;
    const random = createRandom(1);
    let meaningless = 0;
    for (let i = 0; i < 300; i += 1) meaningless += mutate(ground, random).meaningless;
    // A space beside null, a null for a null.
    expect(meaningless).toBeGreaterThan(0);
  });

  it('needs a leaf', () => {
    expect(groundIn(SAMPLE_ANSWERS['nothing']!)).toBeNull();
    expect(groundIn(SAMPLE_ANSWERS['an empty list']!)).toBeNull();
  });
});

describe('the meaning of a JSON text', () => {
  const meaning = (text: string): string => meaningOf(text, readJson(text)!);

  it.each([
    ['white space', '{"a":[1,2]}', ' { "a" : [ 1 ,\n2 ] } '],
    ['the order of members', '{"a":1,"b":2}', '{"b":2,"a":1}'],
    ['escapes', '{"a":"\u00e9/"}', '{"\\u0061":"\\u00e9\\/"}'],
  ])('is not in %s', (_what, a, b) => {
    expect(meaning(a)).toBe(meaning(b));
  });

  it.each([
    ['digits', '1.0', '1'],
    ['a sign of zero', '-0', '0'],
    ['repeated names', '{"a":1,"a":1}', '{"a":1}'],
    ['the order of repeated names', '{"a":1,"a":2}', '{"a":2,"a":1}'],
    ['the order of elements', '[1,2]', '[2,1]'],
    ['types', '"1"', '1'],
    ['what looks like structure', '["a,b"]', '["a","b"]'],
    ['half a surrogate pair', '"\\ud800"', '"\ufffd"'],
  ])('is in %s', (_what, a, b) => {
    expect(meaning(a)).not.toBe(meaning(b));
  });

  it('is none of what is no JSON', () => {
    expect(['{', '', '[1,]', '01', "'a'"].map((text) => readJson(text))).toEqual(
      Array.from({ length: 5 }, () => null),
    );
  });
});
