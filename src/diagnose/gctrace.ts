/**
 * Go's `GODEBUG=gctrace=1` lines as cycles. The layout may change with each release: every line
 * is read by its parts, and one that cannot be read is counted, never guessed.
 */
import type { CollectionFeed, Cycle } from './trace.ts';

/** What a text of gctrace lines holds. */
export interface GcTrace {
  readonly feed: CollectionFeed;
  /** Lines that begin as gctrace does and could not be read; the first few of them. */
  readonly unreadCount: number;
  readonly unread: readonly string[];
}

/** A cycle two minutes after the end of the one before was begun by Go's own timer … */
const TIMER_MS = 120_000;
/** … if its heap was clearly below the goal, so that nothing else asked for it. */
const BELOW_GOAL = 0.9;
const UNREAD_KEPT = 3;
/** `@12.345s` is told to the millisecond. */
const PRECISION_MS = 1;
const CLOCK = /([\d.]+(?:\+[\d.]+)+) ms clock/;
const HEAP = /(\d+)->(\d+)->(\d+) MB/;
const GOAL = /(\d+) MB goal/;

/**
 * The cycles of a process that began at `startedAtMs`; other lines are left aside. A cycle lasts
 * for the sum of its clock phases, of which only the first and the last stop the world. Kinds:
 * `forced` (the program called runtime.GC), `timer` (two minutes idle), `heap`.
 */
export function parseGcTrace(text: string, startedAtMs: number): GcTrace {
  const cycles: Cycle[] = [];
  const unread: string[] = [];
  let unreadCount = 0;
  let lastEndMs = startedAtMs;
  for (const line of text.split('\n')) {
    // Other writers of stderr may have left the beginning of a line before it.
    const from = /\bgc \d+ @([\d.]+)s/.exec(line);
    if (from === null) continue;
    const rest = line.slice(from.index);
    const phasesMs = CLOCK.exec(rest)?.[1]?.split('+').map(Number);
    const startMs = startedAtMs + 1000 * Number(from[1]);
    const isRead = phasesMs?.every(Number.isFinite) === true && Number.isFinite(startMs);
    if (!isRead) {
      unreadCount += 1;
      if (unread.length < UNREAD_KEPT) unread.push(line.trim());
      continue;
    }
    const endMs = startMs + phasesMs.reduce((sum, each) => sum + each, 0);
    const kind = kindOf(rest, startMs - lastEndMs);
    // The world stops in the first and the last phase; requests wait for the rest as well.
    cycles.push({ startMs, endMs, pauseMs: null, kind });
    lastEndMs = endMs;
  }
  const feed = { source: 'gctrace', precisionMs: PRECISION_MS, isBracketed: false, cycles };
  return { feed, unreadCount, unread };
}

function kindOf(line: string, sinceMs: number): string {
  // Last on the line, and never of the two-minute timer.
  if (/\(forced\)\s*$/.test(line)) return 'forced';
  const heapMb = Number(HEAP.exec(line)?.[1] ?? Number.NaN);
  const goalMb = Number(GOAL.exec(line)?.[1] ?? Number.NaN);
  return sinceMs >= TIMER_MS && heapMb < BELOW_GOAL * goalMb ? 'timer' : 'heap';
}
