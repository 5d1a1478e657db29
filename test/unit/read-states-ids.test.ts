import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareIds, formatId, parseId } from '../../src/read-states/ids.ts';
import { hiOf, idOf, loOf } from '../support/read-states-model.ts';

const ID_MAX = 2n ** 63n - 1n;
const anyId = fc.bigInt({ min: 1n, max: ID_MAX });

describe('an id as text and as two halves', () => {
  it('reads and writes the extremes of both halves and of both decimal halves', () => {
    const edges = [
      1n,
      9n,
      10n ** 9n,
      10n ** 18n,
      2n ** 31n,
      2n ** 32n,
      2n ** 53n,
      2n ** 62n,
      ID_MAX,
    ];
    for (const edge of edges) {
      for (const id of [edge - 1n, edge, edge + 1n]) {
        if (id < 1n || id > ID_MAX) continue;
        expect(parseId(String(id))).toEqual({ hi: hiOf(id), lo: loOf(id) });
        expect(formatId(hiOf(id), loOf(id))).toBe(String(id));
      }
    }
  });

  it('agrees with BigInt for every id', () => {
    fc.assert(
      fc.property(anyId, (id) => {
        expect(parseId(String(id))).toEqual({ hi: hiOf(id), lo: loOf(id) });
        expect(formatId(hiOf(id), loOf(id))).toBe(String(id));
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps ids apart that a double would merge', () => {
    const [a, b] = [parseId('775792479844696084'), parseId('775792479844696000')];
    expect(a).not.toEqual(b);
    expect(formatId(a!.hi, a!.lo)).toBe('775792479844696084');
  });

  it('refuses everything that is not 1 to 2^63-1 in plain digits', () => {
    const short = ['', '0', '00', '01', '-1', '+1', ' 1', '1 ', '1.0', '1e3', '0x1', '1_0', '١'];
    const long = ['9223372036854775808', '9999999999999999999', '10000000000000000000'];
    const wrong = ['NaN', '12a', 'a12', '123456789012345678/', '12345678901234567:9', '\u0000'];
    const refused = short.concat(long, wrong);
    for (const text of refused) expect(parseId(text), text).toBeNull();
  });

  it('orders as numbers do, not as text or signed halves', () => {
    fc.assert(
      fc.property(anyId, anyId, (a, b) => {
        const order = compareIds(hiOf(a), loOf(a), hiOf(b), loOf(b));
        expect(Math.sign(order)).toBe(a < b ? -1 : a > b ? 1 : 0);
        expect(idOf(hiOf(a), loOf(a))).toBe(a);
      }),
      { numRuns: 1000 },
    );
    expect(compareIds(0, 9, 0, 10)).toBeLessThan(0);
    expect(compareIds(0, -1, 0, 1)).toBeGreaterThan(0);
  });
});
