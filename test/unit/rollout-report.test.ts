import { expect, test } from 'vitest';
import { REPORT_FORMATS, renderReport } from '../../src/report/render.ts';
import { rolloutReport } from '../../src/report/rollout-report.ts';
import type { RolloutFacts } from '../../src/rollout/stored.ts';
import { SAMPLE_STATUS } from '../support/status-sample.ts';

const open = { route: 'GET /rare', compared: 12, mismatched: 1, needed: 780, accepted: null };
const accepted = { reason: 'asked for once a month', owner: 'reporting' };
const facts: RolloutFacts = {
  ...SAMPLE_STATUS,
  unproven: [open, { ...open, route: 'GET /report', accepted, expectedInMs: 7_200_000 }],
  outcome: 'fail',
};

test.each(REPORT_FORMATS)(
  '%s says where it stands, why, and every gate in its sentence',
  (format) => {
    const text = renderReport(rolloutReport(facts, 'told by a test'), format);
    const plain = text.replaceAll('&gt;', '>').replaceAll('\\', '');
    for (const fact of [
      'Rollout 1 of build 7: held at 1 %',
      'Hold at 1 %: p99.9 ratio 1.31 > 1.10 over 288 windows',
      'waiting for: 2 more traffic peaks',
      'coverage 80 % of 100 pairs',
      'timestamp-precision',
      'the disk is full',
      'told by a test',
    ]) {
      expect(plain).toContain(fact);
    }
  },
);

test('lists the routes that nobody has proved, what is missing, and who accepts that', () => {
  const text = renderReport(rolloutReport(facts, ''), 'terminal');
  expect(text).toMatch(/^GET \/rare +12 +780 +1 +– +no$/m);
  expect(text).toMatch(/^GET \/report .* 2 h .* by reporting: asked for once a month$/m);
  const { unproven: _unproven, ...proven } = facts;
  expect(renderReport(rolloutReport(proven, ''), 'terminal')).not.toContain('Unproven');
});

test('tells the story of this rollout alone, oldest first', () => {
  const [event] = SAMPLE_STATUS.events;
  const earlier = { ...event!, id: 0, rollout: 0, sentence: 'another build' };
  const { events } = rolloutReport({ ...facts, events: [...facts.events, earlier] }, '');
  expect(events.map(({ sentence }) => sentence)).toEqual(['first', 'second']);
});

test('has failed where it was rolled back, whatever is judged at the safe target since', () => {
  const rollout = {
    ...facts.rollout,
    phase: 'rolled-back',
    percent: 0,
    reason: 'too slow',
  } as const;
  const report = rolloutReport({ ...facts, rollout, outcome: 'pass' }, '');
  expect(report.outcome).toBe('fail');
  expect(renderReport(report, 'terminal')).toContain('FAIL  Rolled back: too slow\n');
});

test('says of stored evidence until when it reaches, and where nothing was judged', () => {
  const stored = { untilMs: 61_000, elapsedMs: 42_900 };
  expect(rolloutReport({ ...facts, stored }, 'a store').context).toEqual([
    'a store',
    '42s of this step were judged',
    'the newest window ended at 1970-01-01 00:01:01 UTC',
  ]);
  const begun = { ...facts, gates: [], stored: { untilMs: null, elapsedMs: 0 } };
  expect(rolloutReport(begun, '').context.at(-1)).toBe(
    'no gate of this step was judged yet, or none is configured',
  );
});
