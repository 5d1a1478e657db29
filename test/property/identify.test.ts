import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeySource } from '../../src/model/settings.ts';
import { createIdentifier } from '../../src/proxy/identify/identify.ts';

const find = (source: KeySource, target: string, headers: string[], body: Buffer | null = null) =>
  createIdentifier([], [source]).identify('POST', target, headers, body).keys;

/** What a client may write into a query: escapes, whole and broken, and separators. */
const query = fc.string({
  unit: fc.constantFrom('a', 'u', '=', '&', '%', '+', '7', '5', '%75', '%C3', '%A9', ';', 'é'),
  maxLength: 24,
});
const bytes = fc.string({ unit: 'binary', maxLength: 40 });

describe('keys of any request', () => {
  it('from a query are what the URL standard reads there', () => {
    fc.assert(
      fc.property(query, fc.constantFrom('u', 'a', 'ua', 'a+'), (text, name) => {
        const expected = new URLSearchParams(text).get(name) ?? '';
        const keys = find({ from: 'query', name }, `/?${text}`, []);
        expect(keys).toEqual(expected === '' ? [] : [expected]);
      }),
    );
  });

  it('from a path are what stands in the place of the name, escaped or not', () => {
    const segment = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 8 });
    const source: KeySource = { from: 'path', pattern: '/u/:user/*', name: 'user' };
    fc.assert(
      fc.property(segment, query, (user, rest) => {
        expect(find(source, `/u/${encodeURIComponent(user)}/${rest}`, [])).toEqual([user]);
        fc.pre(!/[/?%]/.test(user));
        expect(find(source, `/u/${user}/${rest}`, [])).toEqual([user]);
        expect(find(source, `/u/${user}?/${rest}`, [])).toEqual([]);
      }),
    );
  });

  it('from a cookie are its value, whatever stands beside it', () => {
    const other = fc.string({ unit: fc.constantFrom('s', 'i', 'd', '=', ' ', 'x'), maxLength: 6 });
    fc.assert(
      fc.property(other, other, fc.stringMatching(/^[a-z0-9=.]{1,9}$/), (before, after, value) => {
        fc.pre(!/^ *sid=/.test(before));
        const field = ['Cookie', `${before}; sid=${value}; ${after}`];
        expect(find({ from: 'cookie', name: 'sid' }, '/', field)).toEqual([value]);
      }),
    );
  });

  it('from a claim are what the token says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.maxSafeInteger(), (sub, id) => {
        const payload = Buffer.from(JSON.stringify({ sub, id })).toString('base64url');
        const field = ['Authorization', `Bearer e30.${payload}.c2ln`];
        const jwt = { from: 'jwt', in: 'header', name: 'Authorization' } as const;
        expect(find({ ...jwt, claim: '/sub' }, '/', field)).toEqual([sub]);
        expect(find({ ...jwt, claim: '/id' }, '/', field)).toEqual([String(id)]);
      }),
    );
  });

  it('never fail on bytes that mean nothing', () => {
    const sources: KeySource[] = [
      { from: 'path', pattern: '/:a/:b/*', name: 'b' },
      { from: 'query', name: 'u' },
      { from: 'cookie', name: 'sid' },
      { from: 'jwt', in: 'header', name: 'authorization', claim: '/a/b' },
      { from: 'jwt', in: 'cookie', name: 'session', claim: '/sub' },
      { from: 'body', path: '/a/*/b' },
    ];
    fc.assert(
      fc.property(bytes, bytes, fc.uint8Array(), (target, value, body) => {
        const headers = ['Cookie', value, 'Authorization', value, value, value];
        for (const source of sources) {
          for (const key of find(source, target, headers, Buffer.from(body))) {
            expect(key).not.toBe('');
          }
        }
      }),
    );
  });
});
