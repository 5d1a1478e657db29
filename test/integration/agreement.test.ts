import { describe, expect, it } from 'vitest';
import { runAgreement } from '../support/agreement-run.ts';

const LOAD = { seconds: 20, ratePerSec: 500, users: 200, seed: 11 };

describe('two Read States services under acks, mentions and reads of the same users', () => {
  it('agree when they are alike, but for races that a write explains', async () => {
    const result = await runAgreement({ ...LOAD, flaw: null });
    const { traffic, races, racesDue } = result;
    expect(result.failed).toBe(0);
    expect(result.violations).toBe(0);
    expect(result.clusters).toEqual([]);
    expect(traffic.mismatched).toBe(0);
    expect(traffic.compared).toBeGreaterThan(1000);
    const raced = traffic.notComparable.raced ?? 0;
    const open = traffic.notComparable['race-unchecked'] ?? 0;
    const disordered = traffic.notComparable['write-order'] ?? 0;
    expect(raced + open + disordered).toBeLessThanOrEqual(traffic.mirrored * 0.2);
    expect(races).toHaveLength(racesDue);
    for (const { write } of races) expect(write.method).toMatch(/POST|DELETE/);
  });

  it('do not when one answers as before the last write, and no race is made of it', async () => {
    const result = await runAgreement({ ...LOAD, users: 2000, seconds: 8, flaw: 'stale' });
    const { traffic, foundAfterMs } = result;
    expect(foundAfterMs).not.toBeNull();
    expect(traffic.mismatched).toBeGreaterThan(traffic.notComparable.raced ?? 0);
    expect(traffic.referee!.stillThere).toBeGreaterThan(0);
    expect(result.violations).toBe(0);
  });
});
