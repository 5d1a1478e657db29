/**
 * Sends requests open loop: each at its intended time, however long those before it take. A
 * request waits only for its keys: reads of a key run together, a write alone, in order. Its
 * latency counts from the intended time, so waiting is never hidden.
 *
 *     items --(intended time)--> per-key order --> send --> done
 */
import type { Clock } from '../src/kit/clock.ts';
import { LIMITS } from '../src/kit/limits.ts';
import type { RequestMessage } from '../src/model/exchange.ts';
import { endToEnd } from '../src/proxy/fields/headers.ts';
import { KeyOrder } from '../src/proxy/mirror/key-order.ts';
import type { Leg, Target } from './target.ts';
import type { WorkloadRequest } from './workload.ts';

/** What {@link sendOpenLoop} needs to know of an item. */
export interface OpenLoopItem {
  readonly keys: readonly string[];
  readonly isSafe: boolean;
}

/** When and how items are sent. */
export interface OpenLoopOptions<T extends OpenLoopItem> {
  readonly clock: Clock;
  /** Microseconds from the first item's moment; never falls from one item to the next. */
  readonly dueUs: (item: T, index: number) => number;
  /**
   * Sends the item and resolves when it is over, whatever became of it: the items behind it on
   * its keys come next. `intendedUs` is on the clock. Must not reject.
   */
  readonly send: (item: T, intendedUs: number) => Promise<void>;
  /** No more is begun after it has fired; what is under way is waited for. */
  readonly signal?: AbortSignal | undefined;
  /** Items waiting or under way at most; beyond it the source is read later. */
  readonly outstandingMax?: number;
}

/** Resolves when every item that was begun is over. */
export async function sendOpenLoop<T extends OpenLoopItem>(
  items: Iterable<T> | AsyncIterable<T>,
  options: OpenLoopOptions<T>,
): Promise<void> {
  const { clock, signal } = options;
  const outstandingMax = options.outstandingMax ?? LIMITS.replayOutstandingMax;
  const order = new KeyOrder();
  let outstanding = 0;
  let wake: (() => void) | null = null;

  const begin = (item: T, intendedUs: number): void => {
    outstanding += 1;
    const task = {
      keys: item.keys,
      isWrite: !item.isSafe,
      target: 'candidate' as const,
      missing: 0,
      run: () => void perform(),
    };
    const perform = async (): Promise<void> => {
      if (signal?.aborted !== true) await options.send(item, intendedUs);
      order.release(task);
      outstanding -= 1;
      wake?.();
    };
    order.acquire(task);
  };
  const isFull = (): boolean => outstanding >= outstandingMax && signal?.aborted !== true;
  const isBusy = (): boolean => outstanding > 0;
  const change = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });

  let startUs: number | null = null;
  let index = 0;
  for await (const item of items) {
    // The first item sets the zero of time: what it took to get it delays nobody.
    startUs ??= clock.nowUs();
    const intendedUs = startUs + options.dueUs(item, index);
    index += 1;
    await reach(clock, intendedUs, signal);
    while (isFull()) await change();
    if (signal?.aborted === true) break;
    begin(item, intendedUs);
  }
  while (isBusy()) await change();
}

/** Resolves at the moment, or when the signal fires; at once when the moment is past. */
async function reach(clock: Clock, atUs: number, signal: AbortSignal | undefined): Promise<void> {
  const waitMs = (atUs - clock.nowUs()) / 1000;
  if (waitMs < 0.5 || signal?.aborted === true) return;
  await new Promise<void>((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, Math.floor(waitMs));
    signal?.addEventListener('abort', wake);
  });
}

/**
 * Latency of a leg, microseconds: from the intended time, or from its start where a timer (they
 * know milliseconds) rang that little too early.
 */
export function latencyFrom(intendedUs: number, leg: Leg): number {
  return Math.max(1, leg.finishedUs - Math.min(intendedUs, leg.startedUs));
}

/** A recorded or generated message as it is sent: without what belonged to its first hop. */
export function toSent(request: RequestMessage): RequestMessage {
  const { method, target, headers, body } = request;
  return { method, target, headers: endToEnd(headers), body };
}

/** One answer to one request of a workload. */
export interface WorkloadResult {
  readonly sent: WorkloadRequest;
  readonly leg: Leg;
  /** From the intended time to the last byte or the failure. */
  readonly latencyUs: number;
  /** No whole answer, or 5xx. */
  readonly hasFailed: boolean;
}

/** What became of a workload. Failed: no whole answer, or 5xx. */
export interface OpenLoopTotals {
  readonly sent: number;
  readonly failedSafe: number;
  readonly failedWrites: number;
}

/** Whom a workload is sent to. */
export interface WorkloadOptions {
  readonly target: Target;
  readonly clock: Clock;
  readonly onResult?: (result: WorkloadResult) => void;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/**
 * Drives one address with a workload until it ends or the signal fires; answers what became of
 * it. A workload's `atUs` are its intended times.
 */
export async function openLoop(
  workload: Iterable<WorkloadRequest>,
  options: WorkloadOptions,
): Promise<OpenLoopTotals> {
  const { target, clock } = options;
  const legOptions = {
    timeoutMs: options.timeoutMs ?? LIMITS.replayTimeoutMs,
    captureMaxBytes: 0,
  };
  let sent = 0;
  let failedSafe = 0;
  let failedWrites = 0;
  await sendOpenLoop(workload, {
    clock,
    dueUs: (item) => item.atUs,
    signal: options.signal,
    async send(item, intendedUs) {
      sent += 1;
      const leg = await target.send(toSent(item.request), legOptions);
      if (leg.isFailed && item.isSafe) failedSafe += 1;
      else if (leg.isFailed) failedWrites += 1;
      const latencyUs = latencyFrom(intendedUs, leg);
      options.onResult?.({ sent: item, leg, latencyUs, hasFailed: leg.isFailed });
    },
  });
  return { sent, failedSafe, failedWrites };
}
