import { describe, expect, it } from 'vitest';
import { isByteEqual } from '../../src/compare/bytes.ts';
import { compareAnswers, compareExchanges } from '../../src/compare/compare.ts';
import { answer, exchange, pair } from '../support/answers.ts';

const JSON_TYPE = ['content-type', 'application/json'];

describe('isByteEqual', () => {
  it('takes equal bytes in different buffers for equal', () => {
    expect(isByteEqual(answer('{"a":1}'), answer('{"a":1}'))).toBe(true);
  });

  it.each([
    ['status', answer('x', [], 201)],
    ['a byte of the body', answer('y', [])],
    ['the length of the body', answer('xx', [])],
    ['a header', answer('x', ['etag', '"1"'])],
    ['trailers', { ...answer('x', []), trailers: ['x-checksum', '1'] }],
    ['a body kept only in part', { ...answer('x', []), bodyBytes: 2 }],
  ])('sees another %s', (_what, other) => {
    expect(isByteEqual(answer('x', []), other)).toBe(false);
    expect(isByteEqual(other, answer('x', []))).toBe(false);
  });

  it('never settles two bodies kept only in part', () => {
    const cut = { ...answer('x'), bodyBytes: 2 };
    expect(isByteEqual(cut, cut)).toBe(false);
  });

  it.each([
    [
      ['Date', 'Thu, 01 Jan 2026 00:00:00 GMT'],
      ['date', 'Fri, 02 Jan 2026 00:00:00 GMT'],
    ],
    [['Server', 'nginx'], []],
    [
      ['Connection', 'keep-alive', 'Keep-Alive', 'timeout=5'],
      ['connection', 'close'],
    ],
    [
      ['Transfer-Encoding', 'chunked'],
      ['content-length', '1'],
    ],
    [
      ['x-request-id', 'a'],
      ['x-request-id', 'b'],
    ],
    [
      ['Content-Type', 'text/plain'],
      ['content-type', 'text/plain'],
    ],
    [
      ['etag', '1', 'vary', 'accept'],
      ['vary', 'accept', 'date', 'now', 'etag', '1'],
    ],
    [
      ['a', '1', 'b', '2', 'a', '3'],
      ['b', '2', 'a', '1', 'a', '3'],
    ],
  ])('looks past delivery, case and order: %j and %j', (a, b) => {
    expect(isByteEqual(answer('x', a), answer('x', b))).toBe(true);
    expect(isByteEqual(answer('x', b), answer('x', a))).toBe(true);
  });

  it.each([
    [
      ['set-cookie', 'a=1', 'set-cookie', 'b=2'],
      ['set-cookie', 'b=2', 'set-cookie', 'a=1'],
    ],
    [
      ['set-cookie', 'a=1', 'set-cookie', 'a=1'],
      ['set-cookie', 'a=1'],
    ],
    [
      ['a', '1', 'b', '2'],
      ['b', '2', 'a', '1', 'c', '3'],
    ],
    [
      ['a', '1', 'b', '2', 'c', '3'],
      ['b', '2', 'a', '1'],
    ],
    [
      ['cache-control', 'no-store'],
      ['cache-control', 'no-cache'],
    ],
  ])('keeps what a client can see apart: %j and %j', (a, b) => {
    expect(isByteEqual(answer('x', a), answer('x', b))).toBe(false);
    expect(isByteEqual(answer('x', b), answer('x', a))).toBe(false);
  });

  it('goes on knowing names after more of them than it keeps', () => {
    for (let i = 0; i < 3000; i += 1) {
      isByteEqual(answer('x', [`x-${i}`, '1']), answer('x', [`X-${i}`, '1']));
    }
    expect(isByteEqual(answer('x', ['X-5000', '1']), answer('x', ['x-5000', '1']))).toBe(true);
    expect(isByteEqual(answer('x', ['DATE', '1']), answer('x', ['dAtE', '2']))).toBe(true);
  });

  it('compares the lengths that two answers to HEAD announce', () => {
    const length = (n: string) => answer('', ['content-length', n]);
    expect(isByteEqual(length('5'), length('6'))).toBe(false);
    expect(isByteEqual(length('0'), answer('', ['transfer-encoding', 'chunked']))).toBe(true);
  });
});

describe('headers that differ', () => {
  it('are named one by one, repeated ones together', () => {
    const legacy = answer('{}', [...JSON_TYPE, 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']);
    const candidate = answer('{}', [
      'content-type',
      'text/json',
      'set-cookie',
      'a=1',
      'etag',
      '"1"',
    ]);
    expect(compareAnswers(legacy, candidate, [], 0)).toEqual({
      kind: 'mismatched',
      divergences: [
        {
          path: 'header:content-type',
          kind: 'header',
          legacy: 'application/json',
          candidate: 'text/json',
        },
        { path: 'header:set-cookie', kind: 'cookie', legacy: 'b=2', candidate: undefined },
        { path: 'header:etag', kind: 'header', legacy: undefined, candidate: '"1"' },
      ],
    });
  });

  it('are told apart where joining them would make them alike', () => {
    const legacy = answer('{}', ['a', '1', 'a', '2']);
    const candidate = answer('{}', ['a', '1, 2']);
    expect(compareAnswers(legacy, candidate, [], 0).kind).toBe('mismatched');
  });
});

describe('a pair', () => {
  const good = answer('{}');

  it('with another status says that alone', () => {
    const comparison = compareExchanges(pair(good, answer('{"code":0}', [], 404)), []);
    expect(comparison).toEqual({
      kind: 'mismatched',
      divergences: [{ path: 'status', kind: 'status', legacy: '200', candidate: '404' }],
    });
  });

  it.each([
    ['live-failed', pair(null, good)],
    ['live-failed', pair(good, null, { liveSide: 'candidate' })],
    ['shadow-failed', pair(good, null)],
    ['unavailable', pair(good, answer('{}', [], 503))],
    ['unavailable', pair(answer('{}', [], 503), answer('{}', [], 503))],
    ['too-large', pair(good, { ...answer('[]'), bodyBytes: 9 })],
    [
      'too-large',
      pair(good, good, { candidate: { ...exchange('candidate', null), outcome: 'too-large' } }),
    ],
    [
      'client-aborted',
      pair(good, good, { legacy: { ...exchange('legacy', null), outcome: 'aborted' } }),
    ],
  ] as const)('is not comparable: %s', (reason, given) => {
    expect(compareExchanges(given, [])).toEqual({ kind: 'not-comparable', reason });
  });
});
