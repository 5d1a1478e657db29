import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answeredMore, startLoad } from '../support/load.ts';
import { isAlive, type RunFolder, startRunFolder } from '../support/run-folder.ts';
import { until } from '../support/sides.ts';

const ROUNDS = 100;
const WORKERS = 2;
/** Each round starts proxies, which takes a busy machine seconds. */
const LONG = { timeout: 600_000 };

let here: RunFolder;

beforeEach(async () => {
  here = await startRunFolder();
});

afterEach(async () => {
  await here.close();
});

describe('proxies that hand over to others under load', () => {
  it(`lose no request in ${ROUNDS} reloads of the configuration`, LONG, async () => {
    // One proxy at a time: each reload hands everything over to a single other.
    here.configure({ workers: 1 });
    await here.reload();
    const load = startLoad(here.run.port, { kept: 8, fresh: 4 });
    for (let round = 0; round < ROUNDS; round += 1) {
      here.configure({ workers: 1, mirror: round % 2 === 0 ? '50%' : '100%' });
      expect(await here.reload()).toMatchObject({ changed: ['mirror'], workers: 1 });
      await answeredMore(load, 20);
    }
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.refused).toBe(0);
    await until(() => here.run.workerPids().length === 1);
    await until(async () => (await here.run.status()).traffic.received === load.answered);
  });

  it(`lose no request in ${ROUNDS} restarts of proxies, one after the other`, LONG, async () => {
    const load = startLoad(here.run.port, { kept: 8, fresh: 4 });
    for (let round = 0; round < ROUNDS; round += 1) {
      await until(async () => (await here.run.status()).workers === WORKERS);
      const [oldest] = here.run.workerPids();
      process.kill(oldest!, 'SIGTERM');
      await until(() => !isAlive(oldest!));
      await answeredMore(load, 20);
    }
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.refused).toBe(0);
    await until(async () => (await here.run.status()).traffic.received === load.answered);
  });
});
