import { describe, expect, test } from 'vitest';
import { runLive, runShadow } from '../support/wire-answers.ts';
import { F_ROWS } from '../wire/f-rows.ts';
import { R_ROWS } from '../wire/r-rows.ts';
import type { AnswerCase } from '../wire/rows.ts';

const cases: readonly (readonly [string, AnswerCase])[] = [...F_ROWS, ...R_ROWS].flatMap((row) =>
  (row.answers ?? []).map((each) => [`${row.id} ${each.name}`, each] as const),
);

describe.concurrent('tables F and R, live', () => {
  test.each(cases)('%s', async (_name, wireCase) => {
    const { observed, expected } = await runLive(wireCase);
    expect(observed).toEqual(expected);
  });
});

describe.concurrent('tables F and R, as shadow: the client gets legacy’s answer', () => {
  test.each(cases)('%s', async (_name, wireCase) => {
    const { observed, expected } = await runShadow(wireCase);
    expect(observed).toEqual(expected);
  });
});
