import { describe, expect, it } from 'vitest';
import type { KeySource, RouteSettings } from '../../src/model/settings.ts';
import { endToEnd } from '../../src/proxy/fields/headers.ts';
import { createIdentifier } from '../../src/proxy/identify/identify.ts';
import { pathExpression } from '../../src/proxy/identify/path-expression.ts';

const route = (match: string, changes: Partial<RouteSettings> = {}): RouteSettings => ({
  match,
  method: match.split(' ')[0]!,
  pattern: match.split(' ')[1]!,
  safe: false,
  writes: 'never',
  isIdempotent: false,
  isVerifying: false,
  keys: null,
  compare: [],
  ...changes,
});

const pathKey: KeySource = { from: 'path', pattern: '/v1/users/:user/*', name: 'user' };
const userKey = [pathKey];

const cookie = (name: string): KeySource => ({ from: 'cookie', name });
const jwt = (name: string, claim: string): KeySource => ({
  from: 'jwt',
  in: 'header',
  name,
  claim,
});
const jwtCookie: KeySource = { from: 'jwt', in: 'cookie', name: 'session', claim: '/sub' };

function token(payload: unknown): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(payload)}.c2lnbmF0dXJl`;
}

describe('identification', () => {
  it.each<[string, KeySource, string, string[], string, string[]]>([
    ['path', pathKey, '/v1/users/42/read-states?x=1', [], '', ['42']],
    ['path that does not match', pathKey, '/v1/channels/42', [], '', []],
    ['path with an empty segment', pathKey, '/v1/users//read-states', [], '', []],
    ['header', { from: 'header', name: 'X-User' }, '/', ['x-user', 'u1'], '', ['u1']],
    ['header that is empty', { from: 'header', name: 'X-User' }, '/', ['x-user', ''], '', []],
    ['query', { from: 'query', name: 'u' }, '/a?b=1&u=%C3%A9', [], '', ['é']],
    ['query of an escaped name', { from: 'query', name: 'uid' }, '/a?%75id=a+b', [], '', ['a b']],
    ['query that only ends alike', { from: 'query', name: 'u' }, '/a?xu=1&u', [], '', []],
    ['query with the first of two', { from: 'query', name: 'u' }, '/a?u=1&u=2', [], '', ['1']],
    ['cookie', { from: 'cookie', name: 'sid' }, '/', ['Cookie', 'a=1; sid=s9'], '', ['s9']],
    ['second Cookie field', cookie('sid'), '/', ['cookie', 'a=1', 'Cookie', 'sid=s'], '', ['s']],
    ['cookie that only ends alike', cookie('sid'), '/', ['Cookie', 'psid=1; sidx=2'], '', []],
    ['body', { from: 'body', path: '/user/id' }, '/', [], '{"user":{"id":7}}', ['7']],
    ['list', { from: 'body', path: '/ids/*' }, '/', [], '{"ids":["1","2","1",""]}', ['1', '2']],
    ['place in a list', { from: 'body', path: '/ids/1' }, '/', [], '{"ids":["1","2"]}', ['2']],
    ['body that is no JSON', { from: 'body', path: '/ids/*' }, '/', [], '{', []],
    ['inherited name', { from: 'body', path: '/constructor' }, '/', [], '{}', []],
    ['member of a text', { from: 'body', path: '/a/length' }, '/', [], '{"a":"xyz"}', []],
  ])('finds keys by %s', (_name, source, target, headers, body, expected) => {
    const bytes = body === '' ? null : Buffer.from(body);
    const found = createIdentifier([], [source]).identify('POST', target, headers, bytes);
    expect(found.keys).toEqual(expected);
  });

  // Were the rest searched anew behind every separator, this would take longer than a test may.
  it('finds a key behind as many separators as a head has room for', () => {
    const identifier = createIdentifier([], [{ from: 'query', name: 'u' }]);
    const keysOf = (target: string) => identifier.identify('GET', target, [], null).keys;
    expect(keysOf(`/?${'&'.repeat(1_048_576)}`)).toEqual([]);
    expect(keysOf(`/?${'&'.repeat(1_048_576)}u=7`)).toEqual(['7']);
  });

  const bearer = (text: string) => ['Authorization', `Bearer ${text}`];
  const nested = { 'https://example.com/user': { id: 'u7' } };
  it.each<[string, KeySource, string[], string[]]>([
    ['a header with Bearer', jwt('authorization', '/sub'), bearer(token({ sub: 'é1' })), ['é1']],
    ['a bare header', jwt('X-Token', '/sub'), ['x-token', token({ sub: 'u' })], ['u']],
    ['a cookie', jwtCookie, ['Cookie', `a=b; session=${token({ sub: 'u2' })}`], ['u2']],
    ['a numeric claim', jwt('authorization', '/sub'), bearer(token({ sub: 42 })), ['42']],
    [
      'a claim within a claim',
      jwt('authorization', '/https:~1~1example.com~1user/id'),
      bearer(token(nested)),
      ['u7'],
    ],
    ['a missing claim', jwt('authorization', '/sub'), bearer(token({ name: 'x' })), []],
    ['a claim that is no text', jwt('authorization', '/sub'), bearer(token({ sub: ['a'] })), []],
    ['a list, star or no star', jwt('authorization', '/g/*'), bearer(token({ g: ['a'] })), []],
    ['malformed base64', jwt('authorization', '/sub'), bearer('e30.$$%%.sig'), []],
    ['a payload that is no JSON', jwt('authorization', '/sub'), bearer('e30.bm9wZQ.sig'), []],
    ['a payload that is null', jwt('authorization', '/sub'), bearer('e30.bnVsbA.sig'), []],
    ['no token', jwt('authorization', '/sub'), ['Authorization', 'Basic dXNlcjpwYXNz'], []],
    ['no field', jwt('authorization', '/sub'), [], []],
  ])('finds the key in the claim of a token: %s', (_name, source, headers, expected) => {
    expect(createIdentifier([], [source]).identify('GET', '/', headers, null).keys).toEqual(
      expected,
    );
  });

  it('takes the first source that finds anything, and all that it finds', () => {
    const sources: KeySource[] = [
      { from: 'header', name: 'x-user' },
      { from: 'body', path: '/ids/*' },
      { from: 'query', name: 'u' },
    ];
    const identifier = createIdentifier([], sources);
    const body = Buffer.from('{"ids":["b","c"]}');
    const find = (headers: string[], bytes: Buffer | null) =>
      identifier.identify('POST', '/?u=q', headers, bytes);
    expect(find(['X-User', 'h'], body)).toMatchObject({ keys: ['h'], hasManyKeys: false });
    expect(find([], body)).toMatchObject({ keys: ['b', 'c'], hasManyKeys: true });
    expect(find([], null)).toMatchObject({ keys: ['q'], hasManyKeys: false });
    expect(createIdentifier([], []).identify('GET', '/', [], null).keys).toEqual([]);
  });

  it.each([
    ['/v1/users/%61lice/x', 'alice'],
    ['/v1/users/a%2Fb%20c/x', 'a/b c'],
    ['/v1/users/caf%C3%A9/x', 'café'],
    ['/v1/users/a+b/x', 'a+b'],
    ['/v1/users/50%/x', '50%'],
    ['/v1/users/%61%E9/x', '%61%E9'],
  ])('knows whose path %s is, however it is spelled: %s', (target, key) => {
    const identifier = createIdentifier([], userKey);
    expect(identifier.identify('GET', target, [], null).keys).toEqual([key]);
  });

  it('knows a very long key by its digest, wherever it comes from', () => {
    const identifier = createIdentifier(
      [],
      [
        { from: 'header', name: 'x-user' },
        { from: 'body', path: '/id' },
      ],
    );
    const keyOf = (headers: string[], id = '') =>
      identifier.identify('POST', '/', headers, Buffer.from(JSON.stringify({ id }))).keys[0]!;
    const longest = 'é'.repeat(128);
    expect(keyOf([], longest)).toBe(longest);
    expect(keyOf([], `${longest}a`)).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(keyOf([], `${longest}a`)).not.toBe(keyOf([], `${longest}b`));
    expect(keyOf(['X-User', `${longest}a`])).toBe(keyOf([], `${longest}a`));
  });

  it('lets the keys of a route take the place of the general ones', () => {
    const own: KeySource[] = [
      { from: 'query', name: 'team' },
      { from: 'path', pattern: '/teams/:team/*', name: 'team' },
    ];
    const identifier = createIdentifier([route('GET /teams/:team/*', { keys: own })], userKey);
    const keys = (target: string) => identifier.identify('GET', target, [], null).keys;
    expect(keys('/teams/7/members')).toEqual(['7']);
    expect(keys('/teams/7/members?team=8')).toEqual(['8']);
    expect(keys('/v1/users/1/x')).toEqual(['1']);
  });

  it('says when the body has to be known first, and not when the key is elsewhere', () => {
    const inBody: KeySource = { from: 'body', path: '/user' };
    const header: KeySource = { from: 'header', name: 'x-user' };
    const identifier = createIdentifier([route('PUT /own', { keys: [header] })], [header, inBody]);
    expect(identifier.needsBody('POST', '/')).toBe(true);
    expect(identifier.needsBody('POST', '/', [])).toBe(true);
    expect(identifier.needsBody('POST', '/', ['X-User', 'u'])).toBe(false);
    expect(identifier.needsBody('PUT', '/own', [])).toBe(false);
  });

  it('takes the first route that matches and tells reads by POST from writes', () => {
    const identifier = createIdentifier(
      [
        route('POST /v1/users/:user/read-states/query', { safe: true }),
        route('POST /v1/users/:user/*', { writes: 'mirror' }),
      ],
      userKey,
    );
    const query = identifier.identify('POST', '/v1/users/1/read-states/query', [], null);
    expect(query).toMatchObject({ isSafe: true, isMirroredWrite: false, keys: ['1'] });
    const write = identifier.identify('POST', '/v1/users/1/anything/else', [], null);
    expect(write).toMatchObject({ isSafe: false, isMirroredWrite: true });
    const other = identifier.identify('DELETE', '/elsewhere', [], null);
    expect(other).toMatchObject({ isSafe: false, isMirroredWrite: false });
    expect(other.route.name).toBe('DELETE other');
  });

  describe('of a route that is declared a read', () => {
    const FORM = ['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8'];
    const PARTS = ['Content-Type', 'multipart/form-data; boundary=b'];
    const JSON_TEXT = ['Content-Type', 'application/json'];
    const part = '--b\r\nContent-Disposition: form-data; name="_method"\r\n\r\nPUT\r\n--b--';
    const identifier = createIdentifier([route('POST /query', { safe: true })], null);
    const isSafe = (target: string, headers: readonly string[], body: string | null): boolean => {
      const bytes = body === null ? null : Buffer.from(body);
      return identifier.identify('POST', target, headers, bytes).isSafe;
    };

    it.each([
      ['/query', FORM, 'a=1&_method=DELETE'],
      ['/query', FORM, '_method=put'],
      ['/query', FORM, 'a=1;_method'],
      ['/query', FORM, '%5Fm%65thod=DELETE'],
      ['/query', PARTS, part],
      ['/query', FORM, null],
      ['/query?_method=DELETE', [], null],
      ['/query?a&%5fmethod=DELETE', JSON_TEXT, '{}'],
    ])('takes %s with %j and %j for an undeclared write', (target, headers, body) => {
      expect(isSafe(target, headers, body)).toBe(false);
    });

    it.each([
      ['/query', FORM, 'a=_method&b=%5fmethod&my_method=1'],
      ['/query', PARTS, '--b--'],
      ['/query?method=DELETE', JSON_TEXT, '{"_method":1}'],
      ['/query', [], null],
    ])('takes %s with %j and %j for the read', (target, headers, body) => {
      expect(isSafe(target, headers, body)).toBe(true);
    });
  });

  it.each(['X-HTTP-Method-Override', 'x-method-override', 'X-Http-Method', 'X_HTTP_METHOD'])(
    'takes a request with %s for an undeclared write',
    (field) => {
      const identifier = createIdentifier(
        [route('POST /query', { safe: true }), route('POST /w', { writes: 'mirror' })],
        null,
      );
      const undeclared = { isSafe: false, isMirroredWrite: false };
      for (const [method, target] of [
        ['GET', '/'],
        ['POST', '/query'],
        ['POST', '/w'],
      ] as const) {
        expect(identifier.identify(method, target, [field, 'DELETE'], null)).toMatchObject(
          undeclared,
        );
        const plain = identifier.identify(method, target, [], null);
        expect(plain.isSafe || plain.isMirroredWrite).toBe(true);
      }
    },
  );
});

describe('a pattern of paths', () => {
  it.each<[string, string, boolean]>([
    ['/a', '/a', true],
    ['/a', '/a/', false],
    ['/a', '/ab', false],
    ['/a', '/a?b', true],
    ['/a/:x', '/a/?b', false],
    ['/a/:x', '/a/1?b/c', true],
    ['/a/b', '/a?/b', false],
    ['/a.b', '/axb', false],
    ['/a/:x', '/a/1', true],
    ['/a/:x', '/a/', false],
    ['/a/:x', '/a/1/2', false],
    ['/a/:x/b', '/a/1/b', true],
    ['/a/:x/b', '/a/1/bc', false],
    ['/a/:x/:y', '/a/1/2', true],
    ['/a/:x/:y', '/a//2', false],
    ['/a/*', '/a/', true],
    ['/a/*', '/a/b/c', true],
    ['/a/*', '/a', false],
    ['/a/:x/*', '/a/1/', true],
    ['/a/:x/*', '/a/1', false],
    ['/*', '/', true],
    ['/', '/', true],
    ['/a*b', '/axb', false],
    ['/a*b', '/a*b', true],
  ])('%s takes %s: %s', (pattern, path, expected) => {
    expect(pathExpression(pattern).test(path)).toBe(expected);
  });

  it('tells what stands in the place of a name, as sent', () => {
    const valueOf = (pattern: string, name: string, target: string) =>
      pathExpression(pattern, name).exec(target)?.[1];
    const pattern = '/v1/:org/users/:user/*';
    expect(valueOf(pattern, 'user', '/v1/o/users/a%2Fb/x/y')).toBe('a%2Fb');
    expect(valueOf(pattern, 'org', '/v1/o/users/7/')).toBe('o');
    expect(valueOf('/u/:user', 'user', '/u/7?user=8')).toBe('7');
    expect(valueOf(pattern, 'user', '/v1/o/users/7')).toBeUndefined();
    expect(valueOf(pattern, 'nobody', '/v1/o/users/7/')).toBeUndefined();
  });
});

describe('end-to-end headers', () => {
  it('keeps order, case and repetition, and drops what belongs to one hop', () => {
    const raw = [
      'Host',
      'a',
      'X-B',
      '1',
      'Connection',
      'keep-alive, X-Hop, host',
      'x-hop',
      '2',
      'Keep-Alive',
      'timeout=5',
      'Set-Cookie',
      'a=1',
      'set-cookie',
      'b=2',
      'TE',
      'trailers',
      'Expect',
      '100-continue',
      '__proto__',
      'x',
    ];
    const kept = ['Host', 'a', 'X-B', '1', 'Set-Cookie', 'a=1', 'set-cookie', 'b=2'];
    expect(endToEnd(raw)).toEqual([...kept, '__proto__', 'x']);
  });
});
