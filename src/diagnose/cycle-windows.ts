/** Collection cycles as stretches of time, widened by what is not known exactly, and merged. */
import type { Cycle } from './trace.ts';

/** Half-open [fromMs, toMs). */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The union of the cycles, each widened on both sides, in order. */
export function cycleWindows(
  cycles: readonly Cycle[],
  beforeMs: number,
  afterMs: number,
): readonly Stretch[] {
  const wide = cycles
    .map(({ startMs, endMs }) => ({ fromMs: startMs - beforeMs, toMs: endMs + afterMs }))
    .sort((a, b) => a.fromMs - b.fromMs);
  const merged: { fromMs: number; toMs: number }[] = [];
  for (const each of wide) {
    const last = merged.at(-1);
    if (last === undefined || each.fromMs > last.toMs) merged.push({ ...each });
    else last.toMs = Math.max(last.toMs, each.toMs);
  }
  return merged;
}

/** Index of the first window that [fromMs, toMs) touches; -1 where it touches none. */
export function windowAt(windows: readonly Stretch[], fromMs: number, toMs: number): number {
  let low = 0;
  let high = windows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (windows[middle]!.toMs <= fromMs) low = middle + 1;
    else high = middle;
  }
  return low < windows.length && windows[low]!.fromMs < toMs ? low : -1;
}

/** Whether [fromMs, toMs) touches one of the windows. */
export function touches(windows: readonly Stretch[], fromMs: number, toMs: number): boolean {
  return windowAt(windows, fromMs, toMs) >= 0;
}

/** How much of [fromMs, toMs) the windows cover, 0 to 1. */
export function coveredRatio(windows: readonly Stretch[], fromMs: number, toMs: number): number {
  let covered = 0;
  for (const each of windows) {
    covered += Math.max(0, Math.min(each.toMs, toMs) - Math.max(each.fromMs, fromMs));
  }
  return covered / (toMs - fromMs);
}
