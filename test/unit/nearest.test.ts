import { expect, test } from 'vitest';
import { nearest } from '../../src/kit/nearest.ts';

test.each([
  ['lisen', 'listen'],
  ['LISTEN', 'listen'],
  ['lsiten', 'listen'],
  ['rotues', 'routes'],
  ['gate', 'gates'],
  ['x', undefined],
  ['nonsense', undefined],
  ['', undefined],
])('%s was meant to be %s', (word, meant) => {
  expect(nearest(word, ['listen', 'routes', 'gates'])).toBe(meant);
});

test('gives up on words of unreasonable length', () => {
  expect(nearest('a'.repeat(65), ['a'.repeat(65)])).toBeUndefined();
});
