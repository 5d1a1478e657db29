export const HEAP_KINDS = ['fixed', 'growing', 'skewed'] as const;
export type HeapKind = (typeof HEAP_KINDS)[number];

const BYTES_PER_MB = 1e6;
const HOUR_MS = 3_600_000;
/** With skewed heaps one in so many is so many times the median. */
const SKEW = 1000;

/** The heaps of one server: on the BEAM one for each user, else one that holds them all. */
export interface HeapSettings {
  readonly kind: HeapKind;
  /** Of one user: of every user, of a process that starts, or the median, by kind. */
  readonly bytes: number;
  readonly users: number;
  /** With growing heaps: what each gains in an hour. */
  readonly growthBytesPerHour: number;
  /** With growing heaps: how old the process is when the run begins. */
  readonly ageMs: number;
}

/** Size of the heap of user `index` (from 0), megabytes, `atMs` after the run began. */
export function heapMb(heaps: HeapSettings, index: number, atMs: number): number {
  if (heaps.kind === 'growing') {
    const grown = ((heaps.ageMs + atMs) / HOUR_MS) * heaps.growthBytesPerHour;
    return (heaps.bytes + grown) / BYTES_PER_MB;
  }
  const times = heaps.kind === 'skewed' && isLarge(index) ? SKEW : 1;
  return (heaps.bytes * times) / BYTES_PER_MB;
}

/** All heaps together, megabytes. */
export function allHeapsMb(heaps: HeapSettings, atMs: number): number {
  const large = heaps.kind === 'skewed' ? largeHeaps(heaps.users) : 0;
  return heapMb(heaps, 0, atMs) * (heaps.users - large + large * SKEW);
}

/** How many of so many skewed heaps are a thousand times the median: one in a thousand. */
export function largeHeaps(users: number): number {
  return Math.floor((users + SKEW / 2 - 1) / SKEW);
}

/** Spread evenly, so that every run has the same share of them. */
function isLarge(index: number): boolean {
  return index % SKEW === SKEW / 2;
}
