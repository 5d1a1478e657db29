import { describe, expect, it } from 'vitest';
import { problemsIn, settled, TWO_SIDES } from '../../support/configurations.ts';

const TWIN = 'twin: { url: http://127.0.0.1:9003 }\n';

describe('the twin', () => {
  it('is none where nothing is said, and legacy is asked nothing twice', () => {
    const { twin, noise } = settled('');
    expect(twin).toBeNull();
    expect(noise).toEqual({ twinRatio: 0.1, reaskRatio: 0 });
  });

  it('has all that a side has but metrics', () => {
    const { twin } = settled(
      'twin: { url: http://127.0.0.1:9003/old, host: rewrite, headers: { set: { X-A: b } } }',
    );
    expect(twin).toMatchObject({
      url: 'http://127.0.0.1:9003/old',
      host: 'rewrite',
      setHeaders: ['X-A', 'b'],
      metricsUrl: null,
    });
    expect(problemsIn(`${TWO_SIDES}twin: { url: http://t:1, metrics: http://t:1/m }`)).toEqual([
      '3:35 twin.metrics: expected none: nothing is measured of a twin',
    ]);
  });

  it.each([
    ['http://127.0.0.1:9001', "another server than legacy's"],
    ['http://127.0.0.1:9002', 'a second legacy'],
    ['http://127.0.0.1:8080', 'another server than our own listen'],
    ['http://127.0.0.1:8081', 'another server than our own control.listen'],
    ['http://169.254.169.254', 'no link-local address'],
  ])('is not %s', (url, expected) => {
    const problems = problemsIn(`${TWO_SIDES}twin: { url: ${url} }`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`twin.url: expected ${expected}`);
  });
});

describe('noise', () => {
  it('takes shares, or off', () => {
    expect(settled(`${TWIN}noise: { twin: 2.5% }`).noise.twinRatio).toBe(0.025);
    expect(settled('noise: { reask: 1% }').noise.reaskRatio).toBe(0.01);
    expect(settled(`${TWIN}noise: off`).noise).toEqual({ twinRatio: 0, reaskRatio: 0 });
  });

  it('has no share of a twin that is not there', () => {
    expect(problemsIn(`${TWO_SIDES}noise: { twin: 10% }`)).toEqual([
      '3:16 noise.twin: expected a `twin` beside it, or `reask`: ask legacy again',
    ]);
  });

  it('is no share above the whole', () => {
    expect(problemsIn(`${TWO_SIDES}noise: { reask: 101% }`)).toEqual([
      '3:17 noise.reask: expected at most 100%, found "101%"',
    ]);
  });
});

describe('the referee', () => {
  const route = (text: string): string => `routes: [{ match: ${text} }]\n`;

  it('looks at every read but those of routes that switch it off', () => {
    expect(settled(route('GET /a')).routes[0]!.isRefereed).not.toBe(false);
    expect(settled(route('GET /a, referee: off')).routes[0]!.isRefereed).toBe(false);
    expect(settled(route('POST /a, safe: true, referee: off')).routes[0]!.isRefereed).toBe(false);
  });

  it('has nothing to look at in writes', () => {
    const [problem] = problemsIn(`${TWO_SIDES}${route('POST /a, referee: off')}`);
    expect(problem).toContain('routes[0].referee: expected a route of reads, found "POST /a"');
  });
});
