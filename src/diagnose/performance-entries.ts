/** Collections as a process of Node saw them itself: performance entries of type `gc`, or spans. */
import type { CollectionFeed, Cycle } from './trace.ts';

const KINDS: Readonly<Record<number, string>> = {
  1: 'minor',
  4: 'major',
  8: 'incremental',
  16: 'weak-callbacks',
};
const FORCED = 4;

/**
 * The cycles in a JSON text: an array of, or an object with a `timeOrigin` and `entries` of,
 * performance entries ({startTime, duration, detail: {kind, flags}}, from timeOrigin on) and
 * spans ({startMs, endMs, kind, isForced} by the wall clock). Null where it holds neither.
 */
export function parsePerformanceEntries(text: string): CollectionFeed | null {
  const value = parsed(text);
  const entries = Array.isArray(value) ? value : isObject(value) ? value['entries'] : null;
  if (!Array.isArray(entries)) return null;
  const originMs = isObject(value) ? finite(value['timeOrigin']) : null;
  const cycles = entries.flatMap((entry: unknown) => cycleOf(entry, originMs) ?? []);
  if (cycles.length === 0 && entries.length > 0) return null;
  cycles.sort((a, b) => a.startMs - b.startMs);
  return { source: 'performance entries', precisionMs: 1, isBracketed: false, cycles };
}

function cycleOf(entry: unknown, originMs: number | null): Cycle | null {
  if (!isObject(entry)) return null;
  const { startMs, endMs, kind, isForced } = entry;
  const [from, to] = [finite(startMs), finite(endMs)];
  if (from !== null && to !== null && to >= from) {
    const name = isForced === true ? 'forced' : typeof kind === 'string' ? kind : 'collection';
    return { startMs: from, endMs: to, pauseMs: to - from, kind: name };
  }
  const [start, duration] = [finite(entry['startTime']), finite(entry['duration'])];
  if (originMs === null || start === null || duration === null || duration < 0) return null;
  const detail = isObject(entry['detail']) ? entry['detail'] : {};
  const isAsked = ((finite(detail['flags']) ?? 0) & FORCED) !== 0;
  const name = KINDS[finite(detail['kind']) ?? 0] ?? 'collection';
  const at = originMs + start;
  return { startMs: at, endMs: at + duration, pauseMs: duration, kind: isAsked ? 'forced' : name };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON: whoever asked says what it would have had to be.
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function finite(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
