import { type Load, loadOf } from './load.ts';
import { type PercentileSpread, percentileSpread } from './percentiles.ts';
import type { ModelSettings } from './settings.ts';
import { type Clocks, type ModelRun, simulate } from './simulate.ts';
import { type ModelWindow, RunWindows } from './windows.ts';

/** What the model says of some settings. */
export interface ModelResult {
  readonly settings: ModelSettings;
  readonly load: Load;
  /** Over all runs. */
  readonly spread: Clocks<PercentileSpread>;
  /** One for each seed, at least one. */
  readonly runs: readonly ModelRun[];
  /** Of the first run. */
  readonly windows: readonly ModelWindow[];
}

/**
 * Runs of the model with the seeds `seed`, `seed + 1`, … `seeds` of them; `onRun` hears how many
 * are done.
 */
export function runModel(
  settings: ModelSettings,
  seed: number,
  seeds: number,
  onRun?: (done: number) => void,
): ModelResult {
  const windows = new RunWindows(settings.windowMs);
  const runs = Array.from({ length: seeds }, (_, i) => {
    const run = simulate(settings, seed + i, i === 0 ? windows : undefined);
    onRun?.(i + 1);
    return run;
  });
  return {
    settings,
    load: loadOf(settings),
    spread: {
      open: percentileSpread(runs.map(({ open }) => open)),
      calm: percentileSpread(runs.map(({ calm }) => calm)),
      closed: percentileSpread(runs.map(({ closed }) => closed)),
      service: percentileSpread(runs.map(({ service }) => service)),
    },
    runs,
    windows: windows.finish(),
  };
}
