import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCase, type Stage, startStage } from '../support/wire-stage.ts';
import type { Cut } from '../support/wire.ts';
import type { RequestCase } from '../wire/rows.ts';
import { F_ROWS } from '../wire/f-rows.ts';
import { W_ROWS } from '../wire/w-rows.ts';

const cases: readonly (readonly [string, RequestCase])[] = [...W_ROWS, ...F_ROWS].flatMap((row) =>
  (row.requests ?? []).map((each) => [`${row.id} ${each.name}`, each] as const),
);

describe.each([
  ['in one segment', 'whole'],
  ['one byte a segment', 'bytes'],
] as const satisfies readonly (readonly [string, Cut])[])('tables W and F, %s', (_title, cut) => {
  let shared: Stage;
  beforeAll(async () => {
    shared = await startStage();
  });
  afterAll(() => shared.close());

  test.each(cases)('%s', async (_name, wireCase) => {
    const stage = wireCase.settings === undefined ? shared : await startStage(wireCase.settings);
    const { observed, expected } = await runCase(stage, wireCase, cut);
    if (stage !== shared) await stage.close();
    expect(observed).toEqual(expected);
  });
});
