import { describe, expect, it } from 'vitest';
import type { KeySource, RouteSettings } from '../../src/model/settings.ts';
import { endToEnd } from '../../src/proxy/headers.ts';
import { createIdentifier } from '../../src/proxy/identify.ts';

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

describe('identification', () => {
  it.each<[string, KeySource, string, string[], string, string[]]>([
    ['path', pathKey, '/v1/users/42/read-states?x=1', [], '', ['42']],
    ['path that does not match', pathKey, '/v1/channels/42', [], '', []],
    ['header', { from: 'header', name: 'X-User' }, '/', ['x-user', 'u1'], '', ['u1']],
    ['query', { from: 'query', name: 'u' }, '/a?b=1&u=%C3%A9', [], '', ['é']],
    ['cookie', { from: 'cookie', name: 'sid' }, '/', ['Cookie', 'a=1; sid=s9'], '', ['s9']],
    ['body', { from: 'body', path: '/user/id' }, '/', [], '{"user":{"id":7}}', ['7']],
    ['list', { from: 'body', path: '/ids/*' }, '/', [], '{"ids":["1","2","1"]}', ['1', '2']],
    ['body that is no JSON', { from: 'body', path: '/ids/*' }, '/', [], '{', []],
    ['inherited name', { from: 'body', path: '/constructor' }, '/', [], '{}', []],
  ])('finds keys by %s', (_name, source, target, headers, body, expected) => {
    const bytes = body === '' ? null : Buffer.from(body);
    const found = createIdentifier([], [source]).identify('POST', target, headers, bytes);
    expect(found.keys).toEqual(expected);
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
    expect(endToEnd(raw, true)).toEqual([...kept, '__proto__', 'x']);
  });
});
