import { expect, test } from 'vitest';
import { renderStatus } from '../../src/cli/status-view.ts';
import type { Status } from '../../src/model/rollout.ts';

const STATUS: Status = {
  rollout: {
    id: 1,
    label: 'build 7',
    phase: 'held',
    percent: 1,
    step: 1,
    steps: [0, 1, 10],
    revision: 4,
    reason: 'Hold at 1 %: p99.9 ratio 1.31 > 1.10 over 288 windows',
    waitingFor: ['2 more traffic peaks'],
  },
  traffic: {
    received: 100,
    mirrored: 90,
    skipped: { write: 6 },
    dropped: { 'shadow-queue-full': 3, 'shadow-bytes-full': 1 },
    inFlight: 2,
    compared: 80,
    matched: 77,
    mismatched: 2,
    ignored: 1,
    notComparable: { 'shadow-failed': 8 },
    rescued: 5,
    rescueAsked: 1,
    rescueWaitUs: 900_000,
    failedSafe: 0,
    failedWrites: 1,
    keyless: 0,
    taintedKeys: 7,
    taintedBy: { journalled: 5, 'shadow-unknown': 2 },
    journalEntries: 12,
    journalBytes: 4096,
    rejected: {},
    overridden: 0,
  },
  mirror: {
    percent: 10,
    maxRatePerSec: 200,
    pause: '',
    pausedBy: null,
    harm: null,
    overload: 0,
    openBreakers: [],
    outstanding: 3,
    heldBytes: 2048,
  },
  gates: [
    {
      gate: 'coverage > 99%',
      verdict: 'fail',
      measured: 0.8,
      limit: 0.99,
      samples: 100,
      sentence: 'coverage 80 % of 100 pairs',
      onFail: 'hold',
    },
  ],
  clusters: [
    {
      route: 'GET /a',
      path: '/at/*',
      kind: 'timestamp-precision',
      count: 2,
      examples: [
        { request: 'GET /a?x=\u001b[2J', path: '/at/0', legacy: '"1"', candidate: null, atMs: 0 },
      ],
    },
  ],
  events: [
    { id: 2, rollout: 1, atMs: 1000, kind: 'hold', percent: 1, sentence: 'second' },
    { id: 1, rollout: 1, atMs: 0, kind: 'start', percent: 0, sentence: 'first' },
  ],
  tainted: [
    { key: 'user-1', reason: 'shadow-unknown', side: 'legacy' },
    { key: 'user-\u001b[2J', reason: 'shadow-unknown', side: 'candidate' },
  ],
  workers: 1,
  legacyReachable: false,
  warnings: ['the disk is full'],
};

const text = renderStatus(STATUS, false);

test('says where the rollout stands, why, and what it waits for', () => {
  expect(text.split('\n').slice(0, 6)).toEqual([
    'build 7  held at 1 %   0 % → [1 %] → 10 %',
    'why: Hold at 1 %: p99.9 ratio 1.31 > 1.10 over 288 windows',
    'waiting for: 2 more traffic peaks',
    'workers: 1, revision 4',
    'warning: legacy cannot be reached',
    'warning: the disk is full',
  ]);
});

test('spells the identity out: every line adds up', () => {
  expect(text).toContain(
    'received 100 = mirrored 90 + skipped 6 (write 6) + ' +
      'dropped 4 (shadow-queue-full 3, shadow-bytes-full 1)',
  );
  expect(text).toContain(
    'mirrored 90 = compared 80 + not comparable 8 (shadow-failed 8) + in flight 2',
  );
  expect(text).toContain('compared 80 = matched 77 + mismatched 2 + ignored 1 (mismatched: 2.5 %)');
});

test('shows each gate with its sentence, each cluster with an example', () => {
  expect(text).toMatch(/fail +coverage > 99% +100 +coverage 80 % of 100 pairs/);
  expect(text).toContain('timestamp-precision at /at/* of GET /a: 2');
  expect(text).toContain('legacy "1", candidate nothing');
});

test('lets nothing from traffic move the cursor', () => {
  expect(text).not.toContain('\u001b');
});

test('tells events oldest first', () => {
  expect(text.indexOf('Z  first')).toBeLessThan(text.indexOf('Z  second'));
});

test('says how many keys are tainted and why, what waits to be replayed, and names some', () => {
  expect(text).toContain(
    'tainted keys 7 (journalled 5, shadow-unknown 2); ' +
      'journal of missed writes: 12 waiting, 4.0 KiB',
  );
  expect(text).toContain('user-1: shadow-unknown, legacy has every write');
});

test('says how much is mirrored, or why nothing is', () => {
  expect(text).toContain('Mirror\n  10 % of the keys, at most 200 a second\n  3 copies under way');
  const paused = { pause: 'p99 ratio 1.4 > 1.2\u001b', pausedBy: 'auto-pause' } as const;
  const off = renderStatus({ ...STATUS, mirror: { ...STATUS.mirror, ...paused } }, false);
  expect(off).toContain('paused by auto-pause: p99 ratio 1.4 > 1.2');
  expect(off).not.toContain('\u001b');
});
