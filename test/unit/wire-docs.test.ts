import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ALL_ROWS, wireDocs } from '../support/wire-docs.ts';

test('docs/wire.md is as the tables make it', () => {
  const { path, text } = wireDocs();
  const hint = 'run: node test/support/wire-docs.ts';
  expect(readFileSync(path, 'utf8') === text ? 'current' : hint).toBe('current');
});

test('every row is there once, in order', () => {
  const ids = (letter: string, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `${letter}-${String(i + 1).padStart(2, '0')}`);
  expect(ALL_ROWS.map(({ id }) => id)).toEqual([...ids('W', 70), ...ids('F', 20), ...ids('R', 14)]);
});

test('every row has inputs or a scenario', () => {
  const scenes = readdirSync('test/integration')
    .filter((name) => name.startsWith('wire-table-scenes-'))
    .map((name) => readFileSync(`test/integration/${name}`, 'utf8'))
    .join('\n');
  const untested = ALL_ROWS.filter(({ id, requests = [], answers = [] }) => {
    const isScenario = new RegExp(`['"]${id} `).test(scenes);
    return requests.length + answers.length === 0 && !isScenario;
  });
  expect(untested.map(({ id }) => id)).toEqual([]);
});

test('no two inputs of a row have one name', () => {
  for (const { id, requests = [], answers = [] } of ALL_ROWS) {
    for (const names of [requests.map(({ name }) => name), answers.map(({ name }) => name)]) {
      expect(new Set(names).size, id).toBe(names.length);
    }
  }
});

test('at most three rows deviate, each with its reason', () => {
  const deviations = ALL_ROWS.flatMap(({ deviation }) =>
    deviation === undefined ? [] : [deviation],
  );
  expect(deviations.length).toBeLessThanOrEqual(3);
  expect(deviations.filter((reason) => reason.trim() === '')).toEqual([]);
});
