import { expect, test } from 'vitest';
import { renderStatus } from '../../src/cli/status-view.ts';
import { SAMPLE_STATUS as STATUS } from '../support/status-sample.ts';

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
  expect(text).toContain('Gates\n  fail  coverage > 99%\n    coverage 80 % of 100 pairs\n');
  expect(text).toContain('timestamp-precision at /at/* of GET /a: 2 times');
  expect(text).toContain(
    '2.5 % of 80 compared pairs (0.3 % to 8.84 % at 95 %); about 2 of 40 keys (5 %)',
  );
  expect(text).toContain('first seen 1970-01-01 00:00:00, last seen 1970-01-01 00:00:01 UTC');
  expect(text).toContain('candidate’s value changed at 1970-01-01 00:00:00; legacy’s did not');
  expect(text).toContain('legacy "1", candidate nothing');
});

test('shows the most frequent clusters alone where there are many, and says so', () => {
  const [cluster] = STATUS.clusters;
  const clusters = Array.from({ length: 50 }, (_, i) => ({ ...cluster!, path: `/p${i}` }));
  const many = renderStatus({ ...STATUS, clusters }, false);
  expect(many).toContain(' at /p19 ');
  expect(many).not.toContain(' at /p20 ');
  expect(many).toContain('… and 30 more: crossfade status --json');
});

test('says what happened to a value where the kind does not', () => {
  const clusters = [{ ...STATUS.clusters[0]!, kind: 'type', change: 'number -> string' } as const];
  expect(renderStatus({ ...STATUS, clusters }, false)).toContain('type (number -> string) at ');
});

test('says what each rule hid, which were never used and which are over', () => {
  const [used] = STATUS.rules;
  const unused = {
    ...used!,
    rule: 'ignore /b',
    pairs: 0,
    divergences: 0,
    state: 'unused',
  } as const;
  const over = { ...unused, rule: 'set /c', state: 'expired' } as const;
  const off = { ...unused, rule: 'map a.ts#b', failures: 1, problem: 'it threw', state: 'off' };
  const rules = [used!, unused, over, off as typeof unused];
  const [, section = ''] = renderStatus({ ...STATUS, rules }, false).split('Rules\n');
  expect(section.split('\n').slice(0, 4)).toEqual([
    '  GET /a ignore /version: hid 4 in 3 pairs, last 1970-01-01T00:01:01Z',
    '  map a.ts#b: hid nothing; failed on 1 pair (off)',
    '  never used: ignore /b',
    '  expired: set /c',
  ]);
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

test('says who is on a candidate that cannot be reached', () => {
  const at = (percent: number): string =>
    renderStatus(
      { ...STATUS, candidateReachable: false, rollout: { ...STATUS.rollout, percent } },
      false,
    );
  expect(text).not.toContain('candidate cannot be reached');
  expect(at(0)).toContain('warning: candidate cannot be reached\n');
  expect(at(10)).toContain(
    'warning: candidate cannot be reached, and 10 % of the keys are on it\n',
  );
});

test('lists the routes that nobody has proved, and who accepts that', () => {
  const open = { route: 'GET /rare', compared: 12, mismatched: 1, needed: 780, accepted: null };
  const accepted = { reason: 'asked for once a month', owner: 'reporting' };
  const other = { ...open, route: 'GET /report', mismatched: 0, needed: 309, accepted };
  const shown = renderStatus({ ...STATUS, unproven: [open, other] }, false);
  expect(shown).toContain(
    'Unproven routes\n' +
      '  GET /rare: 12 of 780 pairs, 1 mismatched; 100 % is not reached without it\n' +
      '  GET /report: 12 of 309 pairs; accepted by reporting: asked for once a month\n',
  );
  expect(text).not.toContain('Unproven');
});
