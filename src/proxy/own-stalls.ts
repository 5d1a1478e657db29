import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';

/** For how long the thread it is created in stood still: what both sides of a pair wait for. */
export interface OwnStalls {
  /** The longest of each since the last call, microseconds. */
  take(): { readonly loopDelayMaxUs: number; readonly ownGcMaxUs: number };
  close(): void;
}

/** How finely the event loop is watched. */
const RESOLUTION_MS = 10;

/** Watches the event loop and the collections of this thread until it is closed. */
export function watchOwnStalls(): OwnStalls {
  const loopDelay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let ownGcMaxMs = 0;
  const note = (entries: readonly { readonly duration: number }[]): void => {
    for (const { duration } of entries) ownGcMaxMs = Math.max(ownGcMaxMs, duration);
  };
  const observer = new PerformanceObserver((list) => note(list.getEntries()));
  observer.observe({ type: 'gc' });
  loopDelay.enable();
  return {
    take() {
      note(observer.takeRecords());
      // What is measured includes the time between two looks.
      const loopUs = Math.round(loopDelay.max / 1000) - RESOLUTION_MS * 1000;
      const taken = {
        loopDelayMaxUs: Math.max(0, loopUs),
        ownGcMaxUs: Math.round(ownGcMaxMs * 1000),
      };
      loopDelay.reset();
      ownGcMaxMs = 0;
      return taken;
    },
    close() {
      loopDelay.disable();
      observer.disconnect();
    },
  };
}
