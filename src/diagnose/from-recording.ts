import { LIMITS } from '../kit/limits.ts';
import type { RecordedExchange, RecordedPair, RecordedStall } from '../recording/format.ts';
import { NO_FEEDS, type SideSecond, type Trace, type TraceSecond } from './trace.ts';

interface OpenSide {
  readonly counts: Map<number, number>;
  worstUs: number;
  worstAtMs: number;
}

interface OpenSecond {
  readonly legacy: OpenSide;
  readonly candidate: OpenSide;
}

/** Stalls are told on the second, a moment early or late. */
const EARLY_MS = 10;
/** Longest stretch with a stall that is followed second by second. */
const STALL_MAX_MS = 3_600_000;

/** What a recording's traces are made by. */
export interface RecordedOptions {
  /** Wall clock of the recording's start. */
  readonly startedAtMs: number;
  /** Field of legacy's answers that names the instance, in lower case; null: there is but one. */
  readonly instanceHeader: string | null;
}

/**
 * The traces of recorded pairs that both sides have ended, one an instance of legacy, by when
 * their requests arrived. Instances beyond the limit are taken as one, named `others`.
 */
export async function tracesOfRecording(
  pairs: AsyncIterable<RecordedPair>,
  { startedAtMs, instanceHeader }: RecordedOptions,
): Promise<readonly Trace[]> {
  const instances = new Map<string, Map<number, OpenSecond>>();
  const stallsUs = new Map<number, number>();
  for await (const { atUs, legacy, candidate, stall } of pairs) {
    if (stall !== undefined) addStall(stallsUs, stall, startedAtMs);
    if (!isTimed(legacy) || !isTimed(candidate)) continue;
    const named = instanceHeader === null ? '' : instanceOf(legacy, instanceHeader);
    const isKnown = instances.has(named) || instances.size < LIMITS.recordedInstancesMax;
    const instance = isKnown ? named : 'others';
    const seconds = instances.get(instance) ?? new Map<number, OpenSecond>();
    instances.set(instance, seconds);
    const atMs = startedAtMs + atUs / 1000;
    const startMs = Math.floor(atMs / 1000) * 1000;
    const second = seconds.get(startMs) ?? { legacy: openSide(), candidate: openSide() };
    seconds.set(startMs, second);
    add(second.legacy, legacy.latencyUs, atMs);
    add(second.candidate, candidate.latencyUs, atMs);
  }
  if (instances.size === 0) return [{ instance: '', seconds: [], feeds: NO_FEEDS }];
  return [...instances].map(([instance, seconds]) => ({
    instance,
    seconds: [...seconds]
      .sort((a, b) => a[0] - b[0])
      .map(([startMs, second]) => closed(startMs, second, stallsUs.get(startMs) ?? 0)),
    feeds: NO_FEEDS,
  }));
}

/** Ended by an answer, or by the end of patience: what failed at once says nothing of latency. */
function isTimed(exchange: RecordedExchange | null): exchange is RecordedExchange {
  return exchange !== null && ['answered', 'timeout'].includes(exchange.outcome);
}

function instanceOf({ answer }: RecordedExchange, header: string): string {
  const headers = answer?.headers ?? [];
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]!.toLowerCase() === header) return headers[i + 1]!;
  }
  return 'unnamed';
}

function openSide(): OpenSide {
  return { counts: new Map(), worstUs: 0, worstAtMs: 0 };
}

function add(side: OpenSide, latencyUs: number, atMs: number): void {
  // Three digits are more than any figure here is told to, and keep a second small.
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, latencyUs))) - 2);
  const value = Math.max(1, Math.round(latencyUs / step) * step);
  side.counts.set(value, (side.counts.get(value) ?? 0) + 1);
  if (latencyUs <= side.worstUs) return;
  side.worstUs = latencyUs;
  side.worstAtMs = atMs;
}

/** Requests of its seconds may have waited for it, and those shortly before a long one. */
function addStall(
  stallsUs: Map<number, number>,
  { fromUs, toUs, longestUs }: RecordedStall,
  startedAtMs: number,
): void {
  const fromMs = Math.floor((startedAtMs + fromUs / 1000 + EARLY_MS) / 1000) * 1000;
  const toMs = Math.min(startedAtMs + toUs / 1000, fromMs + STALL_MAX_MS);
  const firstMs = longestUs > LIMITS.proxyStallMaxUs ? fromMs - 1000 : fromMs;
  for (let startMs = firstMs; startMs < toMs - EARLY_MS; startMs += 1000) {
    stallsUs.set(startMs, Math.max(stallsUs.get(startMs) ?? 0, longestUs));
  }
}

function closed(startMs: number, { legacy, candidate }: OpenSecond, stallUs: number): TraceSecond {
  const side = ({ counts, worstAtMs }: OpenSide): SideSecond => ({
    counts: [...counts].sort((a, b) => a[0] - b[0]).flat(),
    worstAtMs,
  });
  return { startMs, legacy: side(legacy), candidate: side(candidate), stallUs };
}
