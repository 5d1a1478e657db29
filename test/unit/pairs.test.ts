import { describe, expect, it } from 'vitest';
import { compareAnswers } from '../../src/compare/compare.ts';
import { templateOf } from '../../src/compare/divergences.ts';
import { DIVERGENCE_KINDS, type Comparison, type DivergenceKind } from '../../src/model/pair.ts';
import { readPairCases, wordsOf } from '../support/pair-cases.ts';

const CASES = readPairCases();

/** Elements that have moved are at another index on the other side. */
const MOVING: ReadonlySet<DivergenceKind> = new Set(['array-order', 'id-order', 'length']);
/** Their texts follow the order of members on the legacy side. */
const OBJECTS: ReadonlySet<DivergenceKind> = new Set(['fields-swapped', 'stale']);

function mirrored(kind: DivergenceKind): DivergenceKind {
  if (kind === 'missing') return 'added';
  return kind === 'added' ? 'missing' : kind;
}

function told(comparison: Comparison, isMirrored: boolean): unknown {
  if (comparison.kind !== 'mismatched') return comparison.kind;
  const isMoved = comparison.divergences.some(({ kind }) => MOVING.has(kind));
  return comparison.divergences
    .map(({ kind, path, legacy, candidate }) => {
      const values = isMirrored ? [candidate, legacy] : [legacy, candidate];
      const shown = OBJECTS.has(kind) ? [] : values;
      const at = isMoved ? templateOf(path) : path;
      return JSON.stringify([isMirrored ? mirrored(kind) : kind, at, shown]);
    })
    .sort();
}

describe('the pairs of fixtures/pairs', () => {
  it('are many, each with a name of its own', () => {
    const titles = CASES.map(({ title }) => title);
    expect(titles.length).toBeGreaterThanOrEqual(150);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('show every kind', () => {
    const shown = new Set(
      CASES.flatMap(({ expected, noted }) => [
        ...(Array.isArray(expected) ? expected : []),
        ...noted,
      ]).map((words) => (words as string).split(' ')[0]),
    );
    // Shown where hostile answers are: it takes more than a line of text.
    shown.add('too-different');
    expect(DIVERGENCE_KINDS.filter((kind) => !shown.has(kind))).toEqual([]);
  });

  it.each(CASES)('$title', ({ legacy, candidate, rules, expected, noted }) => {
    const comparison = compareAnswers(legacy, candidate, rules, 0);
    expect(wordsOf(comparison)).toEqual(expected);
    const beside = comparison.kind === 'matched' ? (comparison.noted ?? []) : [];
    expect(beside.map(({ kind, path }) => `${kind} ${path}`)).toEqual(noted);
  });

  it.each(CASES)('$title, the other way', ({ legacy, candidate, rules }) => {
    const there = compareAnswers(legacy, candidate, rules, 0);
    const back = compareAnswers(candidate, legacy, rules, 0);
    expect(told(back, true)).toEqual(told(there, false));
  });

  it.each(CASES)('$title, each with itself', ({ legacy, candidate, rules }) => {
    for (const each of [legacy, candidate]) {
      const copy = { ...each, body: Buffer.from(each.body) };
      expect(compareAnswers(each, copy, rules, 0)).toEqual({ kind: 'matched' });
    }
  });
});
