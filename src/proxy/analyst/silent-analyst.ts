import type { Analyst } from './analyst.ts';

/** An analyst that takes nothing and has no thread: that of a proxy in safe mode. */
export function createSilentAnalyst(): Analyst {
  return {
    offer: () => false,
    onVerdict: () => undefined,
    ruled: () => undefined,
    takeClusters: () => [],
    takeRules: () => [],
    equal: () => undefined,
    begin: () => undefined,
    stalled: () => undefined,
    noise: () => null,
    recordsDropped: () => 0,
    drain: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
