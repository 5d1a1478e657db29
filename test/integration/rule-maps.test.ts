import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import type { Comparison } from '../../src/model/pair.ts';
import type { CompareRule } from '../../src/model/settings.ts';
import type { MapTimes } from '../../src/proxy/analyst/map-runner.ts';
import { RuleBook } from '../../src/proxy/analyst/rule-book.ts';
import { answer, pair, rule } from '../support/answers.ts';
import { mapsIn } from '../support/maps.ts';

const folder = mkdtempSync(join(tmpdir(), 'crossfade-maps-'));
let mapOf: (name: string) => CompareRule;
const books: RuleBook[] = [];

beforeAll(() => {
  mapOf = mapsIn(folder);
});
afterEach(() => {
  for (const book of books.splice(0)) book.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

function bookOf(rules: readonly CompareRule[], times: MapTimes = {}): RuleBook {
  const book = new RuleBook({ routes: [], compare: rules }, { loadWaitMs: 20_000, ...times });
  books.push(book);
  return book;
}

function compare(book: RuleBook, legacy: string, candidate: string): Comparison {
  return book.compare(pair(answer(legacy), answer(candidate)));
}

const FAILED: Comparison = { kind: 'not-comparable', reason: 'map-failed' };

describe('a map of the user’s own', () => {
  it('makes of both answers what is compared, and is counted as the rule that hid the rest', () => {
    const book = bookOf([mapOf('flat')]);
    expect(compare(book, '[1,2]', '{"items":[1,2]}')).toEqual({
      kind: 'ignored',
      rules: ['map maps.mjs#flat'],
      hidden: [{ rule: 'map maps.mjs#flat', divergences: 1 }],
    });
    expect(compare(book, '[1,2]', '{"items":[1,3]}')).toMatchObject({
      kind: 'mismatched',
      divergences: [{ path: '/1', kind: 'value', legacy: '2', candidate: '3' }],
    });
    expect(book.takeCounts()).toMatchObject([{ rule: 'map maps.mjs#flat', pairs: 1 }]);
  });

  it('lets the other rules look at what it returned', () => {
    const book = bookOf([mapOf('flat'), rule('tolerance', '/1', { tolerance: 1 })]);
    expect(compare(book, '[1,2]', '{"items":[1,3]}')).toMatchObject({
      kind: 'ignored',
      rules: ['tolerance /1', 'map maps.mjs#flat'],
    });
  });

  it('is given status, headers and body, ids with all their digits, and the side', () => {
    const book = bookOf([mapOf('seen')]);
    const comparison = compare(book, '{"id":9007199254740993}', '{"id":9007199254740992.5}');
    expect(comparison).toMatchObject({
      kind: 'mismatched',
      divergences: [
        { path: '/body/id', legacy: '"9007199254740993"', candidate: '"9007199254740992.5"' },
      ],
    });
  });

  it('does not hide a status or a field that differs', () => {
    const book = bookOf([mapOf('flat')]);
    const legacy = answer('[1]', ['content-type', 'application/json', 'x-a', '1']);
    const candidate = answer('{"items":[1]}', ['content-type', 'text/json', 'x-a', '2']);
    const comparison = book.compare(pair(legacy, candidate));
    expect(comparison.kind === 'mismatched' && comparison.divergences).toMatchObject([
      { path: 'header:content-type' },
      { path: 'header:x-a' },
    ]);
    const failed = pair(answer('[1]'), answer('{"items":[1]}', undefined, 404));
    expect(book.compare(failed)).toMatchObject({ divergences: [{ kind: 'status' }] });
  });

  it('is not asked of answers that are alike without it, nor where it has expired', () => {
    const book = bookOf([mapOf('throws')]);
    expect(compare(book, '{"a":1,"b":2}', '{"b":2,"a":1}').kind).toBe('matched');
    const expired = bookOf([{ ...mapOf('throws'), until: '2020-01-01' }]);
    expect(compare(expired, '1', '2').kind).toBe('mismatched');
    expect(book.takeCounts()).toEqual([]);
  });

  it.each([
    ['throws', 'no such field'],
    ['mutates', 'read only'],
    ['pollutes', 'not extensible'],
    ['redefines', 'Cannot'],
    ['undefinedValue', 'it returned nothing (undefined)'],
    ['promised', 'it returned a Promise'],
    ['instance', 'it returned a Map'],
    ['infinite', 'it returned Infinity'],
    ['symbol', 'it returned a symbol'],
    ['cycle', 'too deep'],
    ['notAFunction', 'it exports no function notAFunction'],
    ['missing', 'it exports no function missing'],
  ])('that %s makes the pair not comparable, and says why', (name, why) => {
    const book = bookOf([mapOf(name)]);
    expect(compare(book, '{"a":1}', '{"a":2}')).toEqual(FAILED);
    const [count] = book.takeCounts();
    expect(count).toMatchObject({ rule: `map maps.mjs#${name}`, pairs: 0, failures: 1 });
    expect(count!.problem).toContain(why);
    expect(JSON.stringify({})).toBe('{}');
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('that fails on one pair does well on the next', () => {
    const book = bookOf([mapOf('throwsOnBad')]);
    expect(compare(book, '{"isBad":true}', '{"isBad":1}')).toEqual(FAILED);
    expect(compare(book, '{"a":1}', '{"a":2}').kind).toBe('ignored');
  });

  it.each([
    ['hangs', 'it took longer than 300 ms', 300],
    ['exits', 'its process ended (code 7)', 20_000],
    ['exhausts', 'its process ended (SIG', 20_000],
  ])('that %s costs its process, and the next pair has another', (name, why, deadlineMs) => {
    const book = bookOf([mapOf(name), mapOf('flat')], { deadlineMs });
    expect(compare(book, '{"a":1}', '{"a":2}')).toEqual(FAILED);
    expect(book.takeCounts()[0]!.problem).toContain(why);
    expect(book.compare(pair(answer('[1]'), answer('{"items":[1]}')), [mapOf('flat')]).kind).toBe(
      'ignored',
    );
  });

  it('that hangs again and again is switched off', () => {
    const book = bookOf([mapOf('hangs')], { deadlineMs: 20 });
    for (let i = 0; i < LIMITS.mapOverrunsMax + 3; i += 1) {
      expect(compare(book, '{"a":1}', '{"a":2}')).toEqual(FAILED);
    }
    const [count] = book.takeCounts();
    expect(count).toMatchObject({ failures: LIMITS.mapOverrunsMax + 3, isOff: true });
    expect(count!.problem).toBe(
      `switched off after it failed ${LIMITS.mapOverrunsMax} times, at last: ` +
        'it took longer than 20 ms',
    );
  });

  it('that throws at every pair is switched off too', () => {
    const book = bookOf([mapOf('throws')]);
    for (let i = 0; i < LIMITS.mapFailuresMax; i += 1) compare(book, '{"a":1}', '{"a":2}');
    expect(book.takeCounts()).toMatchObject([{ failures: LIMITS.mapFailuresMax, isOff: true }]);
  });

  it('may be TypeScript, and a file that cannot be loaded is told of', () => {
    const path = join(folder, 'typed.ts');
    writeFileSync(
      path,
      'export function flat({ body }: { body: { n: number } }): number { return body.n; }',
    );
    const typed = rule('map', '', { map: { path, name: 'flat', text: 'typed.ts#flat' } });
    expect(compare(bookOf([typed]), '{"n":1,"m":1}', '{"n":1}').kind).toBe('ignored');
    const broken = join(folder, 'broken.mjs');
    writeFileSync(broken, 'export const = 1;');
    const unread = rule('map', '', {
      map: { path: broken, name: 'flat', text: 'broken.mjs#flat' },
    });
    const book = bookOf([unread]);
    expect(compare(book, '1', '2')).toEqual(FAILED);
    expect(book.takeCounts()[0]!.problem).toContain('it could not be loaded: ');
  });

  it('is asked of pairs that are not judged without being counted', () => {
    const book = bookOf([mapOf('flat')]);
    expect(book.look(pair(answer('[1]'), answer('{"items":[1]}'))).kind).toBe('ignored');
    expect(book.takeCounts()).toEqual([]);
  });
});
