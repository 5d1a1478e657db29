import { afterAll, describe, expect, it } from 'vitest';
import { RuleBook } from '../../src/proxy/analyst/rule-book.ts';
import type { SampledAnswer } from '../../src/selftest/sample.ts';
import { tryBug, type Verdict } from '../../src/selftest/trial.ts';
import type { TriedBug } from '../../src/selftest/edit.ts';
import { answer } from '../support/answers.ts';

const SAMPLED: SampledAnswer = {
  route: 'GET /a',
  key: null,
  request: { method: 'GET', target: '/a', headers: [], body: null },
  answer: answer('{"a":1,"b":2}'),
};
const book = new RuleBook({ routes: [], compare: [] });
afterAll(() => book.close());

/** Of a bug that comes to the same members in another order. */
function verdictOn(kind: TriedBug['kind']): Verdict {
  return tryBug(book, { kind, path: 'body' }, SAMPLED, answer('{"b":2,"a":1}'), 0);
}

describe('what is only noted beside a match', () => {
  it('is as much as can be said of members in another order', () => {
    expect(verdictOn('key-order')).toEqual({ kind: 'caught', kinds: ['key-order'] });
  });

  it.each(['value', 'duplicate-key', 'array-order', null] as const)('misses %s', (kind) => {
    expect(verdictOn(kind)).toEqual({ kind: 'missed' });
  });
});
