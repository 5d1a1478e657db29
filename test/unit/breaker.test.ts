import { describe, expect, it } from 'vitest';
import { Breaker } from '../../src/proxy/mirror/breaker.ts';

const SEC = 1_000_000;

function failTimes(breaker: Breaker, times: number, nowUs = 0): void {
  for (let i = 0; i < times; i += 1) breaker.ended(true, false, nowUs);
}

/** Lets the probe go at `nowUs` and ends it. */
function probe(breaker: Breaker, hasFailed: boolean, nowUs: number): void {
  expect(breaker.isOpen(nowUs)).toBe(false);
  expect(breaker.begins(nowUs)).toBe(true);
  breaker.ended(hasFailed, true, nowUs);
}

describe('a breaker', () => {
  it('opens after twenty failures in a row and not before', () => {
    const breaker = new Breaker();
    failTimes(breaker, 19);
    expect(breaker.isOpen(0)).toBe(false);
    breaker.ended(false, false, 0);
    failTimes(breaker, 19);
    expect(breaker.isOpen(0)).toBe(false);
    failTimes(breaker, 1);
    expect(breaker.isOpen(0)).toBe(true);
  });

  it('opens when more than half of the newest hundred failed, however they are mixed', () => {
    const breaker = new Breaker();
    for (let i = 0; i < 100; i += 1) breaker.ended(i % 2 === 0, false, 0);
    expect(breaker.state).toBe('closed');
    breaker.ended(true, false, 0);
    expect(breaker.state).toBe('closed');
    breaker.ended(true, false, 0);
    expect(breaker.state).toBe('open');
  });

  it('stays open for one second first, then twice as long each time, thirty at most', () => {
    const breaker = new Breaker();
    failTimes(breaker, 20, 0);
    let nowUs = 0;
    for (const seconds of [1, 2, 4, 8, 16, 30, 30, 30]) {
      expect(breaker.isOpen(nowUs + seconds * SEC - 1)).toBe(true);
      nowUs += seconds * SEC;
      probe(breaker, true, nowUs);
    }
    probe(breaker, false, nowUs + 30 * SEC);
    failTimes(breaker, 20, nowUs);
    expect(breaker.isOpen(nowUs + SEC - 1)).toBe(true);
    expect(breaker.isOpen(nowUs + SEC)).toBe(false);
  });

  it('lets one probe through and nothing beside it', () => {
    const breaker = new Breaker();
    failTimes(breaker, 20);
    expect(breaker.begins(SEC)).toBe(true);
    expect(breaker.begins(SEC)).toBe(false);
    expect(breaker.isOpen(SEC)).toBe(true);
    expect(breaker.isOpen(60 * SEC)).toBe(true);
    breaker.ended(false, true, SEC);
    expect(breaker.isOpen(SEC)).toBe(false);
  });

  it('sends another probe when the first one was cut by us', () => {
    const breaker = new Breaker();
    failTimes(breaker, 20);
    expect(breaker.begins(SEC)).toBe(true);
    breaker.probeWasCut();
    probe(breaker, false, SEC);
    expect(breaker.state).toBe('closed');
  });

  it('takes no notice of legs that end while it is open', () => {
    const breaker = new Breaker();
    failTimes(breaker, 20);
    breaker.ended(false, false, 0);
    failTimes(breaker, 40);
    expect(breaker.openedCount).toBe(1);
    expect(breaker.isOpen(SEC)).toBe(false);
  });
});
