import { afterEach, beforeEach, expect, it } from 'vitest';
import { findControl } from '../../src/control/client.ts';
import { type RunFolder, startRunFolder } from '../support/run-folder.ts';
import { until } from '../support/sides.ts';

let here: RunFolder;

beforeEach(async () => {
  here = await startRunFolder();
});

afterEach(async () => {
  await here.close();
});

it('a candidate that has gone is told in the status, and is no part of readiness', async () => {
  await until(async () => (await here.run.status()).candidateReachable);
  await here.candidate.close();
  await until(async () => !(await here.run.status()).candidateReachable);
  expect((await here.run.status()).legacyReachable).toBe(true);
  const { address } = findControl(here.store);
  expect((await fetch(`${address}/readyz`)).status).toBe(200);
  const metrics = await (await fetch(`${address}/metrics`)).text();
  expect(metrics).toContain('crossfade_side_reachable{side="candidate"} 0\n');
  expect(metrics).toContain('crossfade_side_reachable{side="legacy"} 1\n');
});
