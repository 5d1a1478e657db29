import { describe, expect, test } from 'vitest';
import { settingsFromUrls } from '../../../src/config/load.ts';
import { problemsIn, settled, TWO_SIDES } from '../../support/configurations.ts';

const KEY = 'key: { from: header, name: x-user }\n';

function problemsOf(text: string): string[] {
  return problemsIn(TWO_SIDES + text);
}

const MISSING =
  '1:1 : expected the key "state": shared (both sides write to one store) or separate (each has ' +
  'its own), as the canary climbs above 0 %; found none';

describe('what both sides stand on', () => {
  test('has to be said as soon as the canary can climb, by the default ladder too', () => {
    expect(problemsOf(KEY)).toEqual([MISSING]);
    const ladder = 'ladder: [{ percent: 0, hold: 1h }, { percent: 0.1, hold: 1h }]';
    expect(problemsOf(KEY + ladder)).toEqual([MISSING]);
  });

  test('need not be said where there is no canary', () => {
    expect(settled('').state).toBeNull();
    expect(settled(`${KEY}ladder: [{ percent: 0, hold: 1h }]`).state).toBeNull();
    const urls = { legacy: 'http://127.0.0.1:1', candidate: 'http://127.0.0.1:2' };
    expect(settingsFromUrls(urls).state).toBeNull();
  });

  test('is told once when it is there and wrong', () => {
    expect(problemsOf(`${KEY}state: separat`)).toEqual([
      '4:8 state: expected one of shared, separate, found "separat"; did you mean "separate"?',
    ]);
  });

  test('one store takes no mirrored write', () => {
    const routes = 'routes: [{ match: GET /a }, { match: PUT /a, writes: mirror }]';
    expect(problemsOf(`${KEY}state: shared\n${routes}`)).toEqual([
      '5:54 routes[1].writes: expected never, found mirror: with `state: shared` the shadow ' +
        'would do the write a second time',
    ]);
    expect(problemsOf(`${KEY}state: shared\nroutes: [{ match: PUT /a }]`)).toEqual([]);
  });

  test('two stores take a canary only where every write that is named is mirrored', () => {
    const routes = `routes:
  - match: GET /a
  - { match: POST /query, safe: true }
  - { match: PUT /a, writes: mirror }
  - { match: POST /b, writes: never }
  - match: DELETE /c
`;
    const lost = (route: string) =>
      'expected writes: mirror, found never: with `state: separate` a rollback would lose what ' +
      `"${route}" wrote to the candidate; mirror it, or say state: shared if both have one ` +
      'store, or safe: true if it only reads';
    expect(problemsOf(`${KEY}state: separate\n${routes}`)).toEqual([
      `9:31 routes[3].writes: ${lost('POST /b')}`,
      `10:12 routes[4].match: ${lost('DELETE /c')}`,
    ]);
    const still = 'ladder: [{ percent: 0, hold: 1h }]\n';
    expect(problemsOf(`${KEY}state: separate\n${still}${routes}`)).toEqual([]);
    expect(problemsOf(`state: separate\nroutes: [{ match: PUT /a }]`)).toEqual([]);
  });
});

describe('what a route says of its requests', () => {
  const separate = `${KEY}state: separate\n`;

  test('a write that may be sent again, and a read that shows a state, are taken over', () => {
    const routes = `routes:
  - { match: PUT /a, writes: mirror, idempotent: true }
  - { match: GET /a, verifies: true }
  - { match: POST /q, safe: true, verifies: true }
`;
    const found = settled(separate + routes).routes;
    expect(found.map(({ isIdempotent, isVerifying }) => [isIdempotent, isVerifying])).toEqual([
      [true, false],
      [false, true],
      [false, true],
    ]);
  });

  test.each([
    [
      'a write that is sent again though never mirrored',
      'state: shared\nroutes: [{ match: PUT /a, idempotent: true }]',
      '5:39 routes[0].idempotent: expected `writes: mirror` with it, ' +
        'for no other write is sent again',
    ],
    [
      'a write that shows a state',
      'state: separate\nroutes: [{ match: PUT /a, writes: mirror, verifies: true }]',
      '5:53 routes[0].verifies: expected a route of reads, found "PUT /a"; safe: true declares one',
    ],
  ])('refuses %s', (_what, text, problem) => {
    expect(problemsOf(KEY + text)).toEqual([problem]);
  });

  test('a state that is shown has to be that of a key', () => {
    expect(problemsOf('routes: [{ match: GET /a, verifies: true }]')).toEqual([
      '3:37 routes[0].verifies: expected a key whose state it shows: add `key` or `keys`',
    ]);
  });
});

describe('keys', () => {
  test('are one source or a list of them', () => {
    const text = `state: shared
key:
  - { from: jwt, claim: /sub }
  - { from: jwt, in: cookie, name: session, claim: /user/id }
  - { from: cookie, name: connect.sid }
  - { from: query, name: 'filter[user]' }
  - { from: path, pattern: /u/:user, name: user }
routes:
  - match: GET /teams/:team
    keys: [{ from: path, name: team }, { from: header, name: x-team }]
`;
    const { key, routes } = settled(text);
    expect(key).toEqual([
      { from: 'jwt', in: 'header', name: 'authorization', claim: '/sub' },
      { from: 'jwt', in: 'cookie', name: 'session', claim: '/user/id' },
      { from: 'cookie', name: 'connect.sid' },
      { from: 'query', name: 'filter[user]' },
      { from: 'path', pattern: '/u/:user', name: 'user' },
    ]);
    expect(routes[0]!.keys).toEqual([
      { from: 'path', pattern: '/teams/:team', name: 'team' },
      { from: 'header', name: 'x-team' },
    ]);
  });

  test.each([
    ['a list without an entry', 'key: []', '4:6 key: expected at least 1, found 0'],
    [
      'a wrong source in a list',
      'key: [{ from: header, name: a }, { from: hedder, name: b }]',
      '4:42 key[1].from: expected one of path, header, query, cookie, body, jwt, ' +
        'found "hedder"; did you mean "header"?',
    ],
    [
      'a pattern in a list that lacks the name',
      'key: [{ from: path, pattern: /u/:id, name: user }]',
      '4:30 key[0].pattern: expected a segment ":user", the key\'s name, found :id in "/u/:id"',
    ],
    ['a text', 'key: x-user', '4:6 key: expected a list or a mapping, found "x-user"'],
    [
      'a name that no header has',
      'key: { from: header, name: "x user" }',
      '4:28 key.name: expected the name of a header field, found "x user"',
    ],
    [
      'a claim of many',
      'key: { from: jwt, claim: /groups/* }',
      '4:26 key.claim: expected the place of one claim such as /sub, found "/groups/*"',
    ],
    [
      'a cookie without a name',
      'key: { from: jwt, in: cookie, claim: /sub }',
      '4:6 key: expected the key "name": the name of the cookie; found none',
    ],
  ])('refuses %s', (_what, text, problem) => {
    expect(problemsOf(`state: shared\n${text}`)).toEqual([problem]);
  });
});
