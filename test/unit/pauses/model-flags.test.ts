import { describe, expect, test } from 'vitest';
import { type ModelFlags, seedsOf, settingsOf } from '../../../src/cli/model-flags.ts';
import { CrossfadeError } from '../../../src/kit/errors.ts';

const USUAL: ModelFlags = {
  runtime: 'beam',
  heap: '8MB',
  heaps: 'fixed',
  age: '0',
  period: '120s',
  rate: '500',
  service: '1.8ms',
  requests: '200000',
  clients: '10',
  window: '10s',
  seed: '1',
};

function refusal(flags: Partial<ModelFlags>): string {
  try {
    settingsOf({ ...USUAL, ...flags });
    seedsOf({ ...USUAL, ...flags }, 1);
  } catch (error) {
    if (!(error instanceof CrossfadeError)) throw error;
    expect(error.exitCode).toBe(2);
    return `${error.message}; ${error.hint}`;
  }
  return '';
}

describe('the options of the model', () => {
  test('are those of the published program where nothing is said', () => {
    expect(settingsOf(USUAL)).toEqual({
      runtime: 'beam',
      heaps: { kind: 'fixed', bytes: 8e6, users: 1, growthBytesPerHour: 8e6, ageMs: 0 },
      costMsPerMb: 12,
      periodMs: 120_000,
      ratePerSec: 500,
      serviceMs: 1.8,
      deviationMs: expect.closeTo(0.3, 12) as number,
      requests: 200_000,
      clients: 10,
      windowMs: 10_000,
    });
  });

  test.each([
    ['8MB', 8e6],
    ['8.5KB', 8500],
    ['2GB', 2e9],
    ['8MiB', 8 * 2 ** 20],
    ['512B', 512],
  ])('take the size %s', (heap, bytes) => {
    expect(settingsOf({ ...USUAL, heap, runtime: 'go' }).heaps.bytes).toBe(bytes);
  });

  test('take 1,000 users for skewed heaps, and the cost of the runtime', () => {
    const skewed = settingsOf({ ...USUAL, heaps: 'skewed', heap: '8KB', runtime: 'go' });
    expect([skewed.heaps.users, skewed.costMsPerMb]).toEqual([1000, 1]);
    expect(settingsOf({ ...USUAL, cost: '2.5' }).costMsPerMb).toBe(2.5);
  });

  test.each<[Partial<ModelFlags>, string]>([
    [{ runtime: 'jvm' }, "--runtime is 'jvm'; it must be one of beam, go, none"],
    [{ heaps: 'small' }, "--heaps is 'small'; it must be one of fixed, growing, skewed"],
    [{ heap: '8' }, "--heap is '8'; it must be a size such as 8MB, 64KiB or 2GB, at most 1000GB"],
    [{ heap: '-8MB' }, "--heap is '-8MB'; it must be a size"],
    [{ heap: '2000GB' }, "--heap is '2000GB'; it must be a size"],
    [{ rate: '0' }, "--rate is '0'; it must be requests a second from 0.001 to 1000000"],
    [{ rate: '5e2' }, "--rate is '5e2'; it must be requests a second"],
    [{ service: '1.8' }, "--service is '1.8'; it must be a time such as 1.8ms, from 0.001ms"],
    [
      { deviation: '1ms' },
      "--deviation is '1ms'; it must be a time such as 1.8ms, from 0ms to 0.6",
    ],
    [{ requests: '0' }, "--requests is '0'; it must be a whole number from 1 to 100000000"],
    [{ clients: '1.5' }, "--clients is '1.5'; it must be a whole number from 1 to 100000"],
    [{ period: '0' }, "--period is '0'; it must be a duration such as 120s, 1000ms or longer"],
    [{ window: '1ms' }, "--window is '1ms'; it must be a duration such as 120s, 100ms or longer"],
    [{ rate: '1' }, "--window is '10s'; for a run of this length it must be 20s or"],
    [{ growth: '1MB' }, '--growth is given, and the heaps are fixed; say --heaps growing'],
    [{ age: '1h' }, '--age is given, and the heaps are fixed; say --heaps growing'],
    [{ heaps: 'skewed', users: '999' }, "--users is '999' with skewed heaps; one in 1000 is large"],
    [{ seed: 'x' }, "--seed is 'x'; it must be a whole number from 0 to 2147483647"],
    [{ seeds: '0' }, "--seeds is '0'; it must be a whole number from 1 to 1000"],
    [
      { rate: '560' },
      'need 100.8 % of the server and collections 0.115 %: the queue would grow for ever; ' +
        'lower --rate, --service, --heap or --users',
    ],
    [{ heap: '10GB' }, 'requests need 90.0 % of the server and collections 100.0 %: the queue'],
  ])('refuse %o', (flags, sentence) => {
    expect(refusal(flags)).toContain(sentence);
  });
});
