/**
 * The proxy's side of its analyst thread. In: pairs, as many as the limits allow. Out: verdicts
 * and clusters. Never waits and never throws: a thread that crashes, hangs or runs out of memory
 * is started anew, and what it had under way is answered as not compared.
 */
import { Worker } from 'node:worker_threads';
import { ClusterTable } from '../../compare/cluster.ts';
import { RuleTally } from '../../compare/rules/rule-tally.ts';
import { assert } from '../../kit/assert.ts';
import { entryPath } from '../../kit/entry.ts';
import { messageOf } from '../../kit/errors.ts';
import { LIMITS } from '../../kit/limits.ts';
import type { Cluster } from '../../model/cluster.ts';
import type { NoiseView } from '../../model/noise.ts';
import type { Comparison, RuleCount } from '../../model/pair.ts';
import type {
  CompareRule,
  KeySource,
  RecordSettings,
  RouteSettings,
} from '../../model/settings.ts';
import type { ProxyStall } from '../../model/stall.ts';
import {
  type AnalystItem,
  type AnalystStart,
  type FromAnalyst,
  type NoiseStart,
  type NoiseTold,
  type PackedItem,
  packItem,
  type RecordingState,
  type ToAnalyst,
} from './analyst-messages.ts';
import type { Ruling } from '../referee/dispute.ts';

export interface AnalystOptions {
  readonly routes: readonly RouteSettings[];
  /** Rules of requests that match no route; none unless given. */
  readonly compare?: readonly CompareRule[];
  readonly record: RecordSettings | null;
  /** At least 16 bytes: credentials become tokens under it wherever they are kept. */
  readonly redactKey: Uint8Array;
  /** Where keys are, for the recording's description. */
  readonly key?: readonly KeySource[] | null;
  /** Proxies that learn noise, this one among them; not given: legacy is never asked twice. */
  readonly noiseWorkers?: number;
  /** The thread's file; the analyst's own unless given. */
  readonly threadUrl?: URL;
  /** Silence, with work under way, after which the thread counts as hung. */
  readonly hangMs?: number;
  /** Told what an operator should know; standard error unless given. */
  readonly warn?: (sentence: string) => void;
}

export interface Analyst {
  /** False when it was dropped: too much is under way, or the thread is just being replaced. */
  offer(item: AnalystItem): boolean;
  onVerdict(listener: (id: number, comparison: Comparison) => void): void;
  /** What the referee makes of a mismatch whose divergences are held. */
  ruled(id: number, ruling: Ruling): void;
  /** Those since the last call, but for what is younger than 200 ms. */
  takeClusters(): readonly Cluster[];
  /** What rules hid since the last call, as old. */
  takeRules(): readonly RuleCount[];
  /** A byte-equal pair that is judged: noise is a share of all pairs. */
  equal(route: string): void;
  /** Another candidate build: what legacy shows against itself stays known. */
  begin(): void;
  /** The proxy itself stood still: a recording says when. */
  stalled(stall: ProxyStall): void;
  /** What is noise, about a second old; null where nothing is learned. */
  noise(): NoiseView | null;
  /** Pairs that should have been recorded and were not. */
  recordsDropped(): number;
  /** Resolves when everything offered so far is answered and the clusters are up to date. */
  drain(): Promise<void>;
  /** Drains, completes the recording, ends the thread. */
  close(): Promise<void>;
}

/** An analyst in a thread of its own, begun anew whenever it is lost or hangs. */
export function createAnalyst(options: AnalystOptions): Analyst {
  return new AnalystThread(options);
}

const BATCH_MAX = 64;
const RESTART_AFTER_MS = 1000;
const HANG_CHECKS = 5;
/** Until it is ready a thread loads code, on a machine that may be busy. */
const START_PATIENCE = 6;

interface Pending {
  readonly id: number;
  readonly isCompared: boolean;
  readonly isRecorded: boolean;
  readonly bytes: number;
}

class AnalystThread implements Analyst {
  readonly #options: AnalystOptions;
  readonly #start: AnalystStart;
  readonly #listeners: ((id: number, comparison: Comparison) => void)[] = [];
  readonly #watchdog: NodeJS.Timeout;
  #worker: Worker | null = null;
  #startedAtMs = 0;
  #isReady = false;
  #isClosing = false;
  #silentChecks = 0;
  /** In the order in which they were offered, which is the order in which they are done. */
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #batch: PackedItem[] = [];
  #waiters: (() => void)[] = [];
  readonly #clusters = new ClusterTable(null);
  readonly #rules = new RuleTally();
  /** Maps of which it was said that they fail, or are switched off. */
  readonly #told = new Set<string>();
  /** Byte-equal pairs that the thread was not told of yet, by route. */
  #equal = new Map<string, number>();
  #noise: NoiseTold | null = null;
  #recording: RecordingState | null = null;
  #recordsDropped = 0;

  constructor(options: AnalystOptions) {
    const { routes, compare = [], record, redactKey, key = null, noiseWorkers } = options;
    this.#options = options;
    const noise = noiseWorkers === undefined ? null : { workers: noiseWorkers, state: null };
    this.#start = { routes, compare, key, record, redactKey: new Uint8Array(redactKey), noise };
    this.#watchdog = setInterval(
      () => this.#checkForHang(),
      (options.hangMs ?? LIMITS.analystHangMs) / HANG_CHECKS,
    );
    this.#watchdog.unref();
    this.#begin();
  }

  offer(item: AnalystItem): boolean {
    if (this.#worker === null || this.#isClosing) return this.#drop(item);
    const count = this.#pending.length;
    const bytes = this.#pendingBytes;
    if (count >= LIMITS.analystQueueMax || bytes >= LIMITS.analystBytesMax) return this.#drop(item);
    // Comparison is the promise; recording gives way first.
    const isBehind = count * 2 >= LIMITS.analystQueueMax || bytes * 2 >= LIMITS.analystBytesMax;
    const record = item.record && !isBehind;
    if (item.record && !record) this.#recordsDropped += 1;
    const isLearned = item.isNoise === true && !isBehind;
    if (!record && !item.compare && !isLearned) return false;
    const packed = packItem(record === item.record ? item : { ...item, record });
    this.#pending.push({
      id: item.id,
      isCompared: item.compare,
      isRecorded: record,
      bytes: packed.bytes.length,
    });
    this.#pendingBytes += packed.bytes.length;
    this.#batch.push(packed);
    if (this.#batch.length >= BATCH_MAX) this.#flush();
    else if (this.#batch.length === 1) setImmediate(() => this.#flush());
    return true;
  }

  onVerdict(listener: (id: number, comparison: Comparison) => void): void {
    this.#listeners.push(listener);
  }

  ruled(id: number, ruling: Ruling): void {
    // A new thread holds nothing of what an earlier one has found.
    if (this.#worker !== null && !this.#isClosing) this.#post({ kind: 'ruling', id, ruling });
  }

  takeClusters(): readonly Cluster[] {
    return this.#clusters.take();
  }

  takeRules(): readonly RuleCount[] {
    return this.#rules.take();
  }

  equal(route: string): void {
    if (this.#start.noise === null) return;
    const count = this.#equal.get(route) ?? 0;
    if (count === 0 && this.#equal.size >= LIMITS.routesMax) return;
    this.#equal.set(route, count + 1);
  }

  begin(): void {
    if (this.#start.noise === null || this.#worker === null || this.#isClosing) return;
    this.#flush();
    this.#post({ kind: 'begin' });
  }

  stalled(stall: ProxyStall): void {
    if (this.#start.record === null || this.#worker === null || this.#isClosing) return;
    this.#post({ kind: 'stalled', stall });
  }

  noise(): NoiseView | null {
    return this.#noise?.view ?? null;
  }

  recordsDropped(): number {
    return this.#recordsDropped + (this.#recording?.dropped ?? 0);
  }

  async drain(): Promise<void> {
    const worker = this.#worker;
    if (worker === null) return;
    this.#flush();
    // The thread alone does not keep a process alive, but what is awaited of it does.
    worker.ref();
    const reported = new Promise<void>((resolve) => this.#waiters.push(resolve));
    this.#post({ kind: 'report' });
    await reported;
    if (this.#waiters.length === 0) worker.unref();
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    await this.drain();
    clearInterval(this.#watchdog);
    const worker = this.#worker;
    if (worker === null) return;
    worker.ref();
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.#post({ kind: 'close' });
    const limit = setTimeout(() => void worker.terminate(), LIMITS.analystHangMs);
    await exited;
    clearTimeout(limit);
  }

  #drop(item: AnalystItem): false {
    if (item.record) this.#recordsDropped += 1;
    return false;
  }

  #begin(): void {
    const worker = new Worker(
      this.#options.threadUrl ?? entryPath(import.meta.url, './analyst-thread'),
      {
        workerData: { ...this.#start, noise: this.#noiseStart() },
        resourceLimits: { maxOldGenerationSizeMb: LIMITS.analystHeapMaxMib },
      },
    );
    this.#worker = worker;
    this.#startedAtMs = performance.now();
    this.#isReady = false;
    this.#silentChecks = 0;
    worker.on('message', (message: FromAnalyst) => {
      if (worker === this.#worker) this.#take(message);
    });
    worker.on('error', (error: unknown) => this.#lose(worker, messageOf(error)));
    worker.on('exit', (code) => this.#lose(worker, `it ended with code ${code}`));
    worker.unref();
  }

  /** What an earlier thread has learned stays known. */
  #noiseStart(): NoiseStart | null {
    const { noise } = this.#start;
    return noise === null ? null : { ...noise, state: this.#noise?.state ?? null };
  }

  #take(message: FromAnalyst): void {
    this.#silentChecks = 0;
    switch (message.kind) {
      case 'ready':
        this.#isReady = true;
        break;
      case 'verdicts':
        for (const { bytes } of this.#pending.splice(0, message.done)) this.#pendingBytes -= bytes;
        for (const [id, comparison] of message.verdicts) this.#tell(id, comparison);
        break;
      case 'clusters':
        this.#clusters.absorb(message.clusters);
        this.#rules.absorb(message.rules);
        for (const count of message.rules) this.#warnOfMap(count);
        this.#takeRecording(message.recording);
        if (message.noise !== null) this.#noise = message.noise;
        break;
      case 'reported':
        this.#waiters.shift()?.();
        break;
    }
  }

  /** Once when it first fails, and once when it is switched off. */
  #warnOfMap({ rule, problem, isOff = false }: RuleCount): void {
    const what = `${rule} ${isOff}`;
    if (problem === undefined || this.#told.has(what)) return;
    this.#told.add(what);
    this.#warn(`a map of the compare rules failed (${rule}): ${problem}`);
  }

  #takeRecording(recording: RecordingState | null): void {
    const known = this.#recording?.failure ?? null;
    this.#recording = recording;
    if (recording === null || recording.failure === null || known !== null) return;
    this.#warn(`recording has stopped: ${recording.failure}`);
  }

  #flush(): void {
    if (this.#batch.length === 0) return;
    const items = this.#batch;
    this.#batch = [];
    const equal = [...this.#equal];
    this.#equal.clear();
    const buffers = items.map((item) => item.bytes.buffer as ArrayBuffer);
    this.#post({ kind: 'items', items, equal }, buffers);
  }

  #post(message: ToAnalyst, buffers: ArrayBuffer[] = []): void {
    assert(this.#worker !== null, 'a batch goes to a thread');
    this.#worker.postMessage(message, buffers);
  }

  #tell(id: number, comparison: Comparison): void {
    for (const listener of this.#listeners) listener(id, comparison);
  }

  #checkForHang(): void {
    // Counted in checks, not in time: a proxy that was itself stopped has not seen silence.
    this.#silentChecks =
      this.#pending.length + this.#waiters.length > 0 ? this.#silentChecks + 1 : 0;
    const patience = HANG_CHECKS * (this.#isReady ? 1 : START_PATIENCE);
    const worker = this.#worker;
    if (worker === null || this.#silentChecks <= patience) return;
    this.#lose(worker, 'it did not answer');
    void worker.terminate();
  }

  #lose(worker: Worker, reason: string): void {
    if (worker !== this.#worker) return;
    this.#worker = null;
    this.#recordsDropped += this.#recording?.dropped ?? 0;
    this.#recording = null;
    const lost = this.#pending;
    const waiters = this.#waiters;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#batch = [];
    this.#waiters = [];
    for (const { id, isCompared, isRecorded } of lost) {
      if (isRecorded) this.#recordsDropped += 1;
      if (isCompared) this.#tell(id, { kind: 'not-comparable', reason: 'compare-dropped' });
    }
    for (const resolve of waiters) resolve();
    if (this.#isClosing) return;
    this.#warn(
      `the comparison thread was lost (${reason}) with ${lost.length} pairs; starting anew`,
    );
    const isFlapping = performance.now() - this.#startedAtMs < RESTART_AFTER_MS;
    if (!isFlapping) this.#begin();
    else setTimeout(() => (this.#isClosing ? undefined : this.#begin()), RESTART_AFTER_MS).unref();
  }

  #warn(sentence: string): void {
    const warn = this.#options.warn ?? ((text) => process.stderr.write(`crossfade: ${text}\n`));
    warn(sentence);
  }
}
