import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ruleName } from '../../src/compare/rules/rule-name.ts';
import type { Answer } from '../../src/model/exchange.ts';
import type { DivergenceKind } from '../../src/model/pair.ts';
import type { CompareRule } from '../../src/model/settings.ts';
import type { RecordedPair } from '../../src/recording/format.ts';
import { selfTestReport } from '../../src/report/selftest-report.ts';
import type { SelfTestResult } from '../../src/selftest/result.ts';
import { parseSelfTestGate } from '../../src/selftest/gates.ts';
import { runSelfTest, type SelfTestOptions } from '../../src/selftest/selftest.ts';
import { answer, rule } from '../support/answers.ts';
import { testRoute } from '../support/proxy.ts';
import { SAMPLE_ANSWERS } from '../support/sample-answers.ts';

const AT_MS = Date.UTC(2026, 0, 15);

function record(target: string, given: Answer | null): RecordedPair {
  const exchange = { outcome: 'answered', latencyUs: 1, serviceUs: 1 } as const;
  return {
    route: 'as it was then',
    keys: [],
    liveSide: 'legacy',
    atUs: 0,
    request: { method: 'GET', target, headers: [], body: null },
    legacy: given === null ? null : { ...exchange, answer: given },
    candidate: null,
  };
}

const THING = answer(
  '{"id":"775792479844696084","of":"775792479844696085","version":7,' +
    '"from":"2024-03-01T12:00:00.000Z","until":"2024-03-01T12:00:00.123Z"}',
);

interface Setting {
  readonly own?: readonly CompareRule[];
  readonly general?: readonly CompareRule[];
  readonly records?: readonly RecordedPair[];
}

/** A self-test of `GET /things/:id` under these rules. */
function test(
  { own = [], general = [], records = [record('/things/1', THING)] }: Setting,
  changes: Partial<SelfTestOptions> = {},
): Promise<SelfTestResult> {
  const open = async function* (): AsyncGenerator<RecordedPair> {
    yield* records;
  };
  return runSelfTest(open, {
    routes: [testRoute('GET /things/:id', { compare: [...own, ...general] })],
    compare: general,
    key: null,
    answersMax: 100,
    edits: 60,
    placesMax: 1000,
    placesMaxBytes: Infinity,
    seed: 1,
    gates: [],
    mayHide: new Set(),
    atMs: AT_MS,
    ...changes,
  });
}

function blindKinds({ blinded }: SelfTestResult): DivergenceKind[] {
  return blinded.filter(({ route }) => route === null).map(({ kind }) => kind);
}

describe('a self-test', () => {
  it('finds every bug where there are no rules, and says which kinds have no place', async () => {
    const result = await test({});
    const { outcome, bugs, random, kinds } = result;
    expect({ outcome, hidden: bugs.hidden, holes: result.holes }).toEqual({
      outcome: 'pass',
      hidden: 0,
      holes: [],
    });
    expect(bugs.caught).toBe(bugs.tried);
    expect(random).toMatchObject({ tried: 60, caught: 60 });
    const none = kinds.filter(({ tried }) => tried === 0).map(({ kind }) => kind);
    expect(none).toContain('array-order');
    expect(none).not.toContain('id-precision');
  });

  it('says which rule hid what, and where', async () => {
    const result = await test({ own: [rule('ignore', '/version', { route: 'GET /things/:id' })] });
    expect(result.outcome).toBe('pass');
    expect(new Set(result.hidden.map((row) => `${row.rule}: ${row.path}`))).toEqual(
      new Set(['GET /things/:id ignore /version: /version']),
    );
    const hidden = result.hidden.reduce((sum, { count }) => sum + count, 0);
    expect(hidden).toBe(result.bugs.hidden + result.random.hidden);
  });

  it('fails where a blunt rule hides a kind wherever it stands, and names both', async () => {
    const blunt = rule('ignore', '/**', { kinds: ['id-precision', 'timestamp-precision'] });
    const result = await test({ general: [blunt] });
    expect(result.outcome).toBe('fail');
    expect(blindKinds(result).sort()).toEqual(['id-precision', 'timestamp-precision']);
    expect(result.blinded[0]).toMatchObject({
      rules: ['ignore(id-precision,timestamp-precision) /**'],
    });
    const gate = result.gates.find(({ gate }) => gate === 'selftest.blinded = none');
    expect(gate).toMatchObject({ verdict: 'fail', measured: 2 });
    expect(gate!.sentence).toContain('timestamp-precision');
  });

  it('passes where all the places of a kind are one field that a rule names', async () => {
    const result = await test({ own: [rule('ignore', '/version')] });
    expect(result.outcome).toBe('pass');
    expect(result.blinded).toContainEqual(
      expect.objectContaining({ route: null, kind: 'number-format', isNarrow: true }),
    );
  });

  it('fails where a rule with a wildcard hides a kind in the one place that it has', async () => {
    const own = [rule('ignore', '/**', { kinds: ['id-precision'] })];
    const records = [record('/things/1', answer('{"id":"775792479844696084","a":"x"}'))];
    for (const path of ['/**', '/*']) {
      const result = await test({ own: [{ ...own[0]!, path }], records });
      expect(result.outcome).toBe('fail');
      expect(result.blinded).toContainEqual(
        expect.objectContaining({ route: null, kind: 'id-precision', isNarrow: false }),
      );
    }
    const named = await test({ own: [{ ...own[0]!, path: '/id' }], records });
    expect(named.outcome).toBe('pass');
  });

  it('fails a gate on routes where a kind is hidden on all of them', async () => {
    const gates = [parseSelfTestGate('selftest.blinded.routes = none')];
    const blunt = rule('ignore', '/**', { kinds: ['id-precision'] });
    const { gates: judged } = await test({ general: [blunt] }, { gates });
    expect(judged.at(-1)).toMatchObject({ verdict: 'fail', measured: 1 });
    expect(judged.at(-1)!.sentence).toContain('all routes');
  });

  it('fails where the status is free', async () => {
    const result = await test({ own: [rule('ignore', 'status')] });
    expect(result.outcome).toBe('fail');
    expect(blindKinds(result)).toEqual(['status']);
  });

  it('passes where somebody has said that the kind may be hidden', async () => {
    const blunt = rule('ignore', '/**', { kinds: ['timestamp-precision'] });
    const mayHide = new Set<DivergenceKind>(['timestamp-precision']);
    const result = await test({ general: [blunt] }, { mayHide });
    expect(result.outcome).toBe('pass');
    expect(result.blinded[0]).toMatchObject({ kind: 'timestamp-precision', isAccepted: true });
  });

  it('tells of a kind that is hidden on one route alone, and passes', async () => {
    const records = [record('/things/1', THING), record('/others', THING)];
    const own = [rule('ignore', '/**', { kinds: ['id-precision'], route: 'GET /things/:id' })];
    const result = await test({ own, records });
    expect(result.outcome).toBe('pass');
    expect(result.blinded).toEqual([
      expect.objectContaining({ route: 'GET /things/:id', kind: 'id-precision' }),
    ]);
  });

  it('finds the rule also where that leaves a place out without a word', async () => {
    const result = await test({
      own: [rule('ignore', '/inner')],
      records: [record('/things/1', answer('{"inner":{"a":1,"b":2},"c":3}'))],
    });
    expect(result.holes).toEqual([]);
    expect(result.hidden).toContainEqual(
      expect.objectContaining({ rule: 'ignore /inner', kind: 'key-order', path: '/inner' }),
    );
  });

  it('puts all that is not caught down to rules, of whatever form they are', async () => {
    const own = [
      rule('set', '/list', { by: ['id'] }),
      rule('multiset', '/numbers'),
      rule('tolerance', '/f', { tolerance: 0.01 }),
      rule('pattern', '/t', { pattern: '.*' }),
      rule('presence', '/url'),
      rule('bijection', '/uuid'),
      rule('monotonic', '/version'),
      rule('within', '/at', { withinMs: 3_600_000 }),
      rule('instant', '/whole'),
      rule('number', '/s'),
      rule('ignore', '/eo'),
      rule('ignore', '/**', { kinds: ['letter-case', 'white-space'] }),
      rule('ignore', 'body', { kinds: ['encoding'] }),
      rule('ignore', 'header:etag'),
      rule('set', 'header:vary'),
      rule('presence', 'header:set-cookie'),
    ];
    const records = Object.keys(SAMPLE_ANSWERS).map((name) =>
      record(`/things/${name.replaceAll(' ', '-')}`, SAMPLE_ANSWERS[name]!),
    );
    const { holes, bugs, hidden } = await test({ own, records });
    expect(holes).toEqual([]);
    expect(bugs.caught + bugs.hidden).toBe(bugs.tried);
    const hiding = new Set(hidden.map((row) => row.rule));
    expect([...hiding].sort()).toEqual(own.map(ruleName).sort());
  });

  it('takes rules as they hold on its day', async () => {
    const ended = rule('ignore', '/version', { until: '2026-01-14' });
    expect((await test({ own: [ended] })).bugs.hidden).toBe(0);
    expect((await test({ own: [ended] }, { atMs: AT_MS - 86_400_000 })).bugs.hidden).not.toBe(0);
  });

  it('takes as many answers of each route as there are, and others of the rest', async () => {
    const many = Array.from({ length: 30 }, (_, i) => record(`/things/${i}`, THING));
    const few = Array.from({ length: 2 }, () => record('/others', THING));
    const { routes, answered } = await test({ records: [...many, ...few] }, { answersMax: 10 });
    expect(answered).toBe(32);
    expect(routes).toEqual({ 'GET /things/:id': 8, 'GET other': 2 });
  });

  it('lists routes without an answer among the others', async () => {
    const routes = [testRoute('GET /things/:id'), testRoute('GET /others')];
    const result = await test({}, { routes });
    expect(result.routes).toEqual({ 'GET /things/:id': 1, 'GET /others': 0 });
    expect(result.usable).toEqual({ 'GET /things/:id': 1, 'GET /others': 0 });
    const names = { configuration: 'c', recording: 'r', warnings: [], atMs: AT_MS };
    expect(selfTestReport(result, names).warnings).toEqual([
      'not tried, since no answer can be used: GET /others',
    ]);
  });

  it('counts what would be too large once it is packed again, and goes on', async () => {
    // Packed as it is, without being made smaller: packed again it is beyond the limit's ratio.
    const body = gzipSync(`"${'a'.repeat(1_200_000)}"`, { level: 0 });
    const fields = ['content-type', 'application/json', 'content-encoding', 'gzip'];
    const records = [record('/things/1', answer(body, fields))];
    const result = await test({ records }, { edits: 3, placesMaxBytes: 0 });
    expect(result.holes).toEqual([]);
    expect(result.random.leftOut + result.random.tried).toBe(3);
    expect(result.random.leftOut).toBeGreaterThan(0);
    expect(result.kinds.some(({ leftOut }) => leftOut > 0)).toBe(true);
  });

  it('says how many places it did not try', async () => {
    const list = answer(JSON.stringify(Array.from({ length: 50 }, (_, i) => i + 10)));
    const records = [record('/things/1', list)];
    const value = ({ kinds }: SelfTestResult) => kinds.find(({ kind }) => kind === 'value')!;
    expect(value(await test({ records }))).toMatchObject({ tried: 50, leftOut: 0 });
    expect(value(await test({ records }, { placesMax: 20 }))).toMatchObject({
      tried: 20,
      leftOut: 30,
    });
    const bytes = list.bodyBytes * 25;
    expect(value(await test({ records }, { placesMaxBytes: bytes }))).toMatchObject({
      tried: 25,
      leftOut: 25,
    });
  });

  it('leaves out what cannot be compared, and says so', async () => {
    const records = [record('/things/1', THING), record('/things/2', answer('{}', [], 503))];
    const { answers, leftOut } = await test({ records });
    expect({ answers, leftOut }).toEqual({ answers: 1, leftOut: { unavailable: 1 } });
  });

  it('needs an answer', async () => {
    const without = test({ records: [record('/things/1', null)] });
    await expect(without).rejects.toMatchObject({
      code: 'no-answers',
      message: 'the recording holds 1 requests and not one answer',
    });
    const unavailable = test({ records: [record('/things/1', answer('{}', [], 503))] });
    await expect(unavailable).rejects.toMatchObject({
      message: 'none of the 1 answers can be compared: 1 unavailable',
    });
  });
});
