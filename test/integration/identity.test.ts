import { expect, it } from 'vitest';
import { runIdentity } from '../support/identity-run.ts';

it('accounts for every request while both sides break, and sends no write twice', async () => {
  const result = await runIdentity({ requests: 30_000, connections: 64, seed: 7 });
  expect(result.violations).toBe(0);
  expect(result.looks).toBeGreaterThan(30);
  expect(result.sent).toBe(30_000);
  expect(result.traffic.received).toBe(30_000);
  expect(result.liveWritesTwice).toBe(0);
  expect(result.undeclaredCopies).toBe(0);
  expect(result.writesSeen).toBeGreaterThan(3000);
  for (const fault of ['none', 'slow', 'refuse', 'hang', 'cut', 'error', 'garbage']) {
    expect(result.faultsSeen[fault], fault).toBeGreaterThan(0);
  }
});
