/**
 * Two texts that are read side by side leave only what differs on their tapes. That has to make no
 * difference, wherever the edits are: at the bounds of tokens, in escapes and in characters of
 * many bytes, in white space, at the end.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DivergenceList } from '../../src/compare/divergences.ts';
import { type JsonPairScan, JsonPairReader } from '../../src/compare/json-pair-scan.ts';
import { JsonTape } from '../../src/compare/json-scan.ts';
import { walkJson } from '../../src/compare/json-walk.ts';
import { firstDifference } from '../../src/compare/bytes.ts';
import { LIMITS } from '../../src/kit/limits.ts';

const SEED = 20_261_121;

const space = fc.constantFrom('', '', '', ' ', '\n\t');
const text = fc.constantFrom(
  '"a"',
  '""',
  '"id"',
  '"\\u0041"',
  '"b\\n"',
  '"é"',
  '"💥x"',
  '"a\\\\"',
  '"\\""',
  '",1,"',
  '"]"',
  '"{"',
  '"a longer text of some words"',
  '"9007199254740993"',
  '"\\ud83d"',
);
const scalar = fc.oneof(
  text,
  fc.constantFrom('0', '-0', '1', '12', '1.0', '1e5', '-1.5E+3', '9007199254740993'),
  fc.constantFrom('true', 'false', 'null'),
);
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc
      .tuple(space, fc.array(fc.tuple(space, tie('json'), space), { maxLength: 5 }))
      .map(([inside, items]) => `[${inside}${items.map((item) => item.join('')).join(',')}]`),
    fc
      .tuple(space, fc.array(fc.tuple(space, text, space, tie('json'), space), { maxLength: 5 }))
      .map(([inside, members]) => {
        const parts = members.map(([a, key, b, value, c]) => `${a}${key}${b}:${value}${c}`);
        return `{${inside}${parts.join(',')}}`;
      }),
  ),
}));

const BITS = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '0',
  '1',
  'e',
  '.',
  '-',
  't',
  'u',
  'a',
  ' ',
  '\n',
  'true',
  '"a":1,',
  ',1',
  '"x"',
  '\\u00e9',
  'é',
  '\u0001',
  '"a":[{',
  '}]',
  '',
];
/** Bytes put in at a place, as a share of the whole, and so many taken out there. */
const edit = fc.record({
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  put: fc.oneof(fc.constantFrom(...BITS), json),
  taken: fc.constantFrom(0, 0, 1, 1, 2, 3, 8, 1000),
});
const edited = fc
  .tuple(json, fc.array(edit, { minLength: 1, maxLength: 3 }))
  .map(([before, edits]) => {
    const legacy = Buffer.from(before);
    let candidate = legacy;
    for (const { place, put, taken } of edits) {
      const at = Math.round(place * candidate.length);
      const rest = candidate.subarray(at + taken);
      candidate = Buffer.concat([candidate.subarray(0, at), Buffer.from(put), rest]);
    }
    return { legacy, candidate };
  });

/** Lists of records as services answer with them: changed in places, moved, left out. */
const field = fc.constantFrom('1', '2', '"x"', '"\\u0078"', 'null', '[1,2]', '{"id":7}');
const record = fc.record({
  id: fc.nat(9),
  fields: fc.array(field, { maxLength: 3 }),
  names: fc.subarray(['id', 'uuid', 'code', 'a_id', 'b_id', 'c_id'] as const),
  before: fc.constantFrom('', '', '', '"f":1,', '"id":[1],', '"id":{},'),
});
type ListRecord = typeof record extends fc.Arbitrary<infer T> ? T : never;
const written = ({ id, fields, names, before }: ListRecord): string => {
  const named = names.map((name) => `"${name}":${name === 'code' ? id % 3 : id}`);
  const rest = fields.map((value, at) => `"f${at}":${value}`);
  return `{${before}${[...named, ...rest, '"z":0'].join(',')}}`;
};
const element = fc.oneof({ arbitrary: record.map(written), weight: 4 }, field);
const change = fc.record({
  at: fc.nat(9),
  what: fc.constantFrom('element', 'element', 'part', 'part', 'swap', 'less', 'more'),
  by: element,
});
const changedLists = fc
  .tuple(
    fc.array(element, { minLength: 1, maxLength: 10 }),
    fc.array(change, { minLength: 1, maxLength: 5 }),
    fc.constantFrom(['[', ']'], ['{"a":[[', '],2],"z":1}'], ['[{"l":[', ']},{"l":[1]}]']),
  )
  .map(([list, changes, [before, behind]]) => {
    const text = (elements: readonly string[]): Buffer =>
      Buffer.from(`${before}${elements.join(',')}${behind}`);
    const candidate = [...list];
    for (const { at, what, by } of changes) {
      const place = at % Math.max(1, candidate.length);
      const old = candidate[place] ?? '1';
      if (what === 'less') candidate.splice(place, 1);
      else if (what === 'more') candidate.splice(place, 0, by);
      else if (what === 'swap') [candidate[place], candidate[0]] = [candidate[0] ?? by, old];
      else candidate[place] = what === 'element' ? by : old.replace(/:[12]|:"x"/, ':3');
    }
    return { legacy: text(list), candidate: text(candidate) };
  });

interface Found {
  readonly scan: JsonPairScan;
  readonly divergences: readonly unknown[];
}

function walked(legacy: JsonTape, candidate: JsonTape, isOrdered: boolean): readonly unknown[] {
  const divergences = new DivergenceList();
  walkJson({ legacy, candidate, rules: null, divergences, isOrdered });
  return [...divergences.found, ...divergences.noted];
}

const TAPES = [new JsonTape(), new JsonTape()] as const;
const reader = new JsonPairReader(...TAPES);

function sideBySide(legacy: Buffer, candidate: Buffer, isOrdered = false): Found {
  const scan = reader.scan(legacy, candidate, 0, 0);
  return { scan, divergences: scan === 'different' ? walked(...TAPES, isOrdered) : [] };
}

/** Takes such members, or last elements, out at every level. */
function oneLess(part: string): (text: string) => string {
  return (text) => text.replaceAll(`${part},`, '').replaceAll(`,${part}`, '');
}

/** Counts what is read onto it. */
class CountingTape extends JsonTape {
  bytesRead = 0;

  override read(from: number, outerDepth: number): number {
    const end = super.read(from, outerDepth);
    this.bytesRead += Math.max(0, end - from);
    return end;
  }
}

describe('two texts read side by side', () => {
  it('differ in the same places, of the same kinds, as if each were read by itself', () => {
    const seen = { same: 0, different: 0, unread: 0 };
    fc.assert(
      fc.property(edited, fc.boolean(), ({ legacy, candidate }, isOrdered) => {
        const [first, second] = [new JsonTape(), new JsonTape()];
        const areParsed = [first.scan(legacy), second.scan(candidate)].every(
          (result) => result === 'parsed',
        );
        const { scan, divergences } = sideBySide(legacy, candidate, isOrdered);
        seen[scan] += 1;
        if (scan === 'unread') return;
        expect(areParsed).toBe(true);
        expect(divergences).toEqual(walked(first, second, isOrdered));
      }),
      { seed: SEED, numRuns: 30_000 },
    );
    expect(seen.same).toBeGreaterThan(100);
    expect(seen.different).toBeGreaterThan(2000);
    expect(seen.unread).toBeGreaterThan(1000);
  });

  it('differ in the same elements, wherever these have moved, as if each were read alone', () => {
    let inPart = 0;
    fc.assert(
      fc.property(changedLists, ({ legacy, candidate }) => {
        const [first, second] = [new JsonTape(), new JsonTape()];
        first.scan(legacy);
        second.scan(candidate);
        const { scan, divergences } = sideBySide(legacy, candidate);
        expect(scan).not.toBe('unread');
        expect(divergences).toEqual(scan === 'same' ? [] : walked(first, second, false));
        if (TAPES[0].used < first.used) inPart += 1;
      }),
      { seed: SEED, numRuns: 20_000 },
    );
    expect(inPart).toBeGreaterThan(5000);
  });

  it.each([
    ['a value', '{"a":1,"b":[{"c":"x"}]}', '{"a":1,"b":[{"c":"y"}]}'],
    ['values of one object', '{"a":1,"b":2,"c":3}', '{"a":2,"b":2,"c":4}'],
    ['a member less', '{"a":1,"b":{"x":[1]},"c":3}', '{"a":1,"c":3}'],
    ['the last member', '{"a":1}', '{"a":1,"b":[]}'],
    ['the only member', '{}', '{"b":{"c":1}}'],
    ['another name', '{"a":1,"b":2}', '{"a":1,"c":2}'],
    ['another name in the middle', '{"a":1,"b":2,"z":0}', '{"a":1,"c":2,"z":0}'],
    ['an array for an object', '{"a":[1],"b":2}', '{"a":{"x":1},"b":2}'],
    ['white space', '{"a":1,"b":2}', '{ "a" : 1,\n  "b" : 3 }\n'],
    ['elements of one name', '[{"id":1,"f":1},{"id":2,"f":1}]', '[{"id":1,"f":2},{"id":2,"f":2}]'],
    ['all of it', '1', '[2]'],
  ])('are not read again where they differ in %s', (_, a, b) => {
    const { scan, divergences } = sideBySide(Buffer.from(a), Buffer.from(b));
    expect(scan).toBe('different');
    expect(divergences.length).toBeGreaterThan(0);
  });

  it.each([
    ['the same key twice', '{"a":1,"b":2,"a":3}', '{"a":1,"b":2}'],
    ['the empty key twice', '{"":1}', '{"":1,"":1}'],
    ['a key twice, once on each side', '{"":1,"b":2}', '{"b":2,"":3}'],
    ['members in another order', '{"a":1,"b":2}', '{"b":2,"a":1}'],
    ['a key that is escaped', '{"a":1,"\\u0062":2}', '{"a":1,"b":2}'],
    ['arrays of other lengths', '[1,2]', '[1,2,3]'],
    ['two elements that differ', '[1,2]', '[2,1]'],
    [
      'an array that ends alike',
      '[{"id":1},{"id":2},{"id":3},{"id":4}]',
      '[{"id":8},{"id":9},{"id":3},{"id":4}]',
    ],
    [
      'a name that is a list',
      '[{"id":[1],"f":1},{"id":[1],"f":2}]',
      '[{"id":[1],"f":2},{"id":[1],"f":1}]',
    ],
    [
      'a name that is a list, and once more a number',
      '[{"id":[1],"id":2,"f":1},{"id":[1],"id":2,"f":2}]',
      '[{"id":[1],"id":2,"f":2},{"id":[1],"id":2,"f":1}]',
    ],
    [
      'a name behind members in another order',
      '[{"f":1,"g":1,"id":1},{"id":2,"v":1},{"id":3}]',
      '[{"g":1,"f":1,"id":5},{"id":2,"v":2},{"id":3}]',
    ],
    [
      'a name behind what differs',
      '[{"id":1,"f":1},{"f":1,"id":2},{"f":2,"id":3}]',
      '[{"id":1,"f":9},{"f":2,"id":3},{"f":1,"id":2}]',
    ],
    ['elements and members', '{"a":[{"x":1},{"y":2}],"b":1}', '{"a":[{"y":2}],"b":2}'],
  ])('are read whole where there is %s', (_, a, b) => {
    const { scan, divergences } = sideBySide(Buffer.from(a), Buffer.from(b));
    const [first, second] = [new JsonTape(), new JsonTape()];
    expect([first.scan(Buffer.from(a)), second.scan(Buffer.from(b))]).toEqual(['parsed', 'parsed']);
    expect(scan).toBe('different');
    expect(divergences).toEqual(walked(first, second, false));
  });

  it.each([
    ['a list in one of them that is shorter', '{"id":7,"f":1,"l":[1,2]}', '{"id":7,"f":1,"l":[1]}'],
    ['members of one in another order', '{"id":7,"f":1,"g":1}', '{"id":7,"g":1,"f":1}'],
    ['one whose name is behind what differs', '{"f":1,"id":7}', '{"f":2,"id":7}'],
    ['one of another name', '{"id":7,"f":1}', '{"id":8,"f":1}'],
  ])('have rows of a few elements of one name only, with %s', (_, a, b) => {
    const text = (f: number, odd: string): Buffer => {
      const elements = Array.from({ length: 1000 }, (__, id) => {
        return id === 30 ? odd : `{"id":${id},"f":${id % 10 === 0 && id < 60 ? f : 0}}`;
      });
      return Buffer.from(`[${elements.join(',')}]`);
    };
    const { divergences } = sideBySide(text(1, a), text(2, b));
    const [first, second] = [new JsonTape(), new JsonTape()];
    expect([first.scan(text(1, a)), second.scan(text(2, b))]).toEqual(['parsed', 'parsed']);
    expect(TAPES[0].used * 50).toBeLessThan(first.used);
    expect(divergences).toEqual(walked(first, second, false));
  });

  it('are read up to the last difference: both end in JSON, or both in something else', () => {
    const [a, b] = [Buffer.from('{"a":1,"b":[2}'), Buffer.from('{"a":7,"b":[2}')];
    const { scan, divergences } = sideBySide(a, b);
    expect(scan).toBe('different');
    expect(divergences).toEqual([{ path: '/a', kind: 'value', legacy: '1', candidate: '7' }]);
  });

  it.each([
    ['what is no JSON', '{"a":1,}', '{"a":1,}'],
    ['a number that goes on', '[1]', '[1e]'],
    ['something behind the end', '[1]', '[1]]'],
    ['an end too early', '{"a":"b', '{"a":"c'],
    ['no comma before a member that one side lacks', '{"a":1"b":2}', '{"a":1}'],
    ['no comma behind such a member', '{"b":2}', '{"a":1"b":2}'],
    ['no comma between two of them', '{"a":1}', '{"a":1,"b":2"c":3}'],
  ])('are left unread where there is %s', (_, a, b) => {
    expect(sideBySide(Buffer.from(a), Buffer.from(b)).scan).toBe('unread');
  });

  it.each([
    ['escaped keys', (inner: string) => `{"k":${inner},"\\u0061":1}`, (text: string) => `${text} `],
    ['a key twice', (inner: string) => `{"k":${inner},"a":1,"a":2}`, oneLess('"a":2')],
    ['members that one side lacks', (inner: string) => `{"x":1,"k":${inner}}`, oneLess('"x":1')],
    ['elements that differ', (inner: string) => `[${inner},1]`, oneLess('1')],
    [
      'elements of one name that differ',
      (inner: string) => `[{"id":1,"k":${inner}},{"id":2,"v":1},{"v":1,"id":3}]`,
      oneLess('"v":1'),
    ],
  ])('are read a few times at most, however deep %s are', (_, around, without) => {
    let legacy = `["${'x'.repeat(20_000)}",1,2]`;
    for (let depth = 0; depth < 250; depth += 1) legacy = around(legacy);
    const candidate = without(legacy).replace('",1,2]', '",3,4]');
    for (const [x, y] of [
      [legacy, candidate],
      [candidate, legacy],
    ] as const) {
      const counting = [new CountingTape(), new CountingTape()] as const;
      const [a, b] = [Buffer.from(x), Buffer.from(y)];
      expect(new JsonPairReader(...counting).scan(a, b, 0, 0)).toBe('different');
      const [first, second] = [new JsonTape(), new JsonTape()];
      expect([first.scan(a), second.scan(b)]).toEqual(['parsed', 'parsed']);
      expect(walked(...counting, false)).toEqual(walked(first, second, false));
      const bytes = counting[0].bytesRead + counting[1].bytesRead;
      expect(bytes).toBeLessThan(4 * (a.length + b.length));
    }
  });

  it('are left unread where they are deeper than the limits, or hold more keys', () => {
    const deep = (depth: number): string => `[${'['.repeat(depth)}${']'.repeat(depth)}]`;
    const many = (count: number): string => {
      return `{${Array.from({ length: count }, (_, i) => `"${i}":0`).join(',')}}`;
    };
    const scanOf = (text: string): JsonPairScan =>
      sideBySide(Buffer.from(text), Buffer.from(text)).scan;
    expect(scanOf(deep(LIMITS.jsonDepthMax - 1))).toBe('same');
    expect(scanOf(deep(LIMITS.jsonDepthMax))).toBe('unread');
    expect(scanOf(many(10_000))).toBe('same');
    expect(scanOf(many(LIMITS.jsonNodesMax))).toBe('same');
    expect(scanOf(many(LIMITS.jsonNodesMax + 1))).toBe('unread');
  });
});

it('the first difference of two rows of bytes is where they are no longer the same', () => {
  const bytes = fc.array(fc.constantFrom(0, 1), { maxLength: 12 }).map((all) => Buffer.from(all));
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      const at = firstDifference(a, b);
      expect(a.subarray(0, at)).toEqual(b.subarray(0, at));
      expect(at === Math.min(a.length, b.length) || a[at] !== b[at]).toBe(true);
    }),
    { seed: SEED, numRuns: 2000 },
  );
});
