import { describe, expect, it } from 'vitest';
import { problemsIn, settled, TWO_SIDES } from '../../support/configurations.ts';

function routeWith(rule: string): string {
  return `routes: [{ match: GET /*, compare: [{ ${rule} }] }]\n`;
}

describe('the path of a compare rule', () => {
  it.each([
    ['status', 'status'],
    ['body', 'body'],
    ['header:ETag', 'header:etag'],
    ['trailer:X-Sum', 'trailer:x-sum'],
    ['/Etag', '/Etag'],
    ["''", ''],
  ])('may be %s', (written, path) => {
    const { compare } = settled(routeWith(`path: ${written}, as: ignore`)).routes[0]!;
    expect(compare[0]!.path).toBe(path);
  });

  it.each(['header', '"header:"', '"header:a b"', 'etag', 'Status'])('is not %s', (written) => {
    const [problem] = problemsIn(TWO_SIDES + routeWith(`path: ${written}, as: ignore`));
    expect(problem).toContain('or status, body, header:NAME or trailer:NAME, found');
  });

  it('names a part of the answer only for what can be said of it', () => {
    expect(problemsIn(TWO_SIDES + routeWith('path: status, as: set'))).toEqual([
      '3:57 routes[0].compare[0].as: expected ignore or pattern, all there is for "status", ' +
        'found "set"',
    ]);
    expect(problemsIn(TWO_SIDES + routeWith('path: body, as: presence'))).toEqual([
      '3:55 routes[0].compare[0].as: expected ignore, all there is for "body", found "presence"',
    ]);
    expect(problemsIn(TWO_SIDES + routeWith('path: header:vary, as: set'))).toEqual([]);
  });
});
