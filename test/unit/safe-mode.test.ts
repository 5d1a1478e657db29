import { describe, expect, it } from 'vitest';
import { SafeMode } from '../../src/engines/safe-mode.ts';
import { LIMITS } from '../../src/kit/limits.ts';

const SECOND = 1000;

/** Safe mode that has just been turned on by five early deaths, one a second from 0 on. */
function turnedOn(): SafeMode {
  const safe = new SafeMode();
  for (let i = 0; i < 5; i += 1) safe.died(i, i * SECOND, 100);
  return safe;
}

describe('safe mode', () => {
  it('begins with the fifth death in a row soon after a start, and says so once', () => {
    const safe = new SafeMode();
    const turned = [0, 1, 2, 3, 4, 5].map((i) => safe.died(i, i * SECOND, 9999));
    expect(turned).toEqual([false, false, false, false, true, false]);
    expect(safe.reason).toBe('5 proxies in a row died soon after their start');
  });

  it('is not begun by deaths after a long life, nor by a few of each kind', () => {
    const safe = new SafeMode();
    for (let i = 0; i < 9; i += 1) safe.died(i, i * SECOND, i % 4 === 3 ? 60_000 : 10);
    expect(safe.isOn).toBe(false);
  });

  it('begins with the tenth death within a minute, however long each lived', () => {
    const safe = new SafeMode();
    for (let i = 0; i < 9; i += 1) safe.died(i, i * 6 * SECOND, 600_000);
    expect(safe.isOn).toBe(false);
    safe.died(9, 59 * SECOND, 600_000);
    expect(safe.reason).toBe('10 proxies died within a minute');
  });

  it('is not begun by deaths that are further apart', () => {
    const safe = new SafeMode();
    for (let i = 0; i < 100; i += 1) safe.died(i, i * 7 * SECOND, 600_000);
    expect(safe.isOn).toBe(false);
  });

  it('tries one proxy after minutes without a death, or when a person asks', () => {
    const safe = turnedOn();
    expect(safe.isTrialDue(4 * SECOND + LIMITS.safeModeRetryMs - 1)).toBe(false);
    expect(safe.isTrialDue(4 * SECOND + LIMITS.safeModeRetryMs)).toBe(true);
    const asked = turnedOn();
    asked.askForTrial();
    expect(asked.isTrialDue(5 * SECOND)).toBe(true);
    asked.beginTrial(7, 5 * SECOND);
    expect(asked.isTrialDue(6 * SECOND)).toBe(false);
  });

  it('ends when the proxy that was tried has lived, and remembers nothing', () => {
    const safe = turnedOn();
    safe.beginTrial(7, 0);
    expect(safe.endIfProved(LIMITS.safeModeTrialMs - 1)).toBe(false);
    expect(safe.endIfProved(LIMITS.safeModeTrialMs)).toBe(true);
    expect(safe.isOn).toBe(false);
    expect(safe.died(8, LIMITS.safeModeTrialMs + 1, 100)).toBe(false);
  });

  it('stays when the proxy that was tried has died, and waits its time again', () => {
    const safe = turnedOn();
    safe.beginTrial(7, 0);
    safe.died(7, 10 * SECOND, 100);
    expect(safe.endIfProved(LIMITS.safeModeTrialMs)).toBe(false);
    expect(safe.isOn).toBe(true);
    expect(safe.isTrialDue(10 * SECOND + LIMITS.safeModeRetryMs - 1)).toBe(false);
    expect(safe.isTrialDue(10 * SECOND + LIMITS.safeModeRetryMs)).toBe(true);
  });

  it('is handed on to whoever takes a place, but of the proxy that is tried', () => {
    const off = new SafeMode();
    expect(off.isForHeirOf(9)).toBe(false);
    const safe = turnedOn();
    expect(safe.isForHeirOf(9)).toBe(true);
    safe.beginTrial(9, 5 * SECOND);
    expect(safe.isForHeirOf(9)).toBe(false);
    expect(safe.isForHeirOf(8)).toBe(true);
  });

  it('knows nothing of being asked while it is off', () => {
    const safe = new SafeMode();
    safe.askForTrial();
    expect(safe.isTrialDue(LIMITS.safeModeRetryMs)).toBe(false);
  });
});
