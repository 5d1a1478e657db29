import { describe, expect, it } from 'vitest';
import { lapsedRules, lapsedSentences } from '../../../src/rollout/lapsed-rules.ts';
import { rule } from '../../support/answers.ts';
import { testRoute } from '../../support/proxy.ts';

const routes = [
  testRoute('GET /a', {
    compare: [
      rule('ignore', '/old', { until: '2026-01-31' }),
      rule('ignore', '/new', { until: '2027-01-31' }),
      rule('ignore', '/ever'),
    ],
  }),
  testRoute('GET /b', { compare: [rule('ignore', '', { until: '2026-02-01' })] }),
];

describe('compare rules whose day has passed', () => {
  it('are named by route, path and date from the day after', () => {
    const at = (time: string): unknown => lapsedRules({ routes }, Date.parse(time));
    expect(at('2026-01-31T23:59:59Z')).toEqual([]);
    expect(at('2026-02-01T00:00:00Z')).toEqual([
      { route: 'GET /a', path: '/old', until: '2026-01-31' },
    ]);
  });

  it('are a sentence each, and beyond eight a number', () => {
    const [first, second] = lapsedRules({ routes }, Date.parse('2026-03-01'));
    expect(lapsedSentences([first!, second!])).toEqual([
      'the rule for /old of GET /a held until 2026-01-31 and no longer: ' +
        'what it explained is compared',
      'the rule for the whole body of GET /b held until 2026-02-01 and no longer: ' +
        'what it explained is compared',
    ]);
    const many = lapsedSentences(Array.from({ length: 10 }, () => first!));
    expect(many).toHaveLength(9);
    expect(many.at(-1)).toBe('2 more compare rules no longer hold');
  });
});
