/** Both sides' processes side by side: memory, CPU, collections, entries. */
import type { ResourceRatio, Resources, SideResources } from '../diagnose/resources.ts';
import { formatBytes, formatShare } from '../kit/units.ts';
import type { ReportTable } from './report.ts';
import { formatCount, NOTHING, plural } from './wording.ts';

/** The table; its ratios stand under it with their intervals. */
export function resourceTable({ legacy, candidate, memory, cpu }: Resources): ReportTable {
  return {
    title: 'The processes, side by side',
    columns: [
      'side',
      'memory',
      'entries',
      'full',
      'memory per entry',
      'CPU',
      'CPU per pair',
      'collections a minute',
      'standing still',
    ],
    rows: [rowOf(legacy), rowOf(candidate)],
    notes: [
      `Candidate by legacy: memory ${ratioText(memory)}, CPU ${ratioText(cpu)}.`,
      "Memory is the whole process's, CPU the share of one core.",
    ],
  };
}

function rowOf(told: SideResources): string[] {
  const { cacheEntries, cacheCapacity, cores, cpuUsPerPair, collectionsPerMin } = told;
  const isFilled = cacheEntries !== null && cacheCapacity !== null && cacheCapacity > 0;
  return [
    told.side,
    shown(told.residentBytes, formatBytes),
    shown(cacheEntries, formatCount),
    isFilled ? formatShare(cacheEntries / cacheCapacity) : NOTHING,
    shown(told.bytesPerEntry, (bytes) => `${formatCount(Math.round(bytes))} B`),
    shown(cores, formatShare),
    shown(cpuUsPerPair, (us) => `${formatCount(Math.round(us))} µs`),
    shown(collectionsPerMin, (count) => count.toPrecision(3)),
    shown(told.pausedRatio, formatShare),
  ];
}

function shown(value: number | null, format: (value: number) => string): string {
  return value === null ? NOTHING : format(value);
}

function ratioText(found: ResourceRatio | null): string {
  if (found === null) return 'not told by both';
  const { ratio, interval, windows } = found;
  const upper = Number.isFinite(interval.upper) ? interval.upper.toPrecision(3) : 'any';
  const over = `over ${plural(windows, 'window')} of 10 s`;
  return `${ratio.toPrecision(3)} (95 %: ${interval.lower.toPrecision(3)} to ${upper}, ${over})`;
}
