/**
 * The analyst: a worker thread of a proxy. In: pairs whose answers are not byte-equal, pairs to
 * be recorded. Out: verdicts, and from time to time all clusters. It may be ended at any moment;
 * nothing on the live path waits for it.
 */
import { randomInt } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { ClusterTable } from '../../compare/cluster.ts';
import { assert } from '../../kit/assert.ts';
import { createRandom } from '../../kit/random.ts';
import type { Comparison, Divergence, Pair } from '../../model/pair.ts';
import { createRedactor } from '../../recording/redact.ts';
import {
  type AnalystStart,
  type FromAnalyst,
  type PackedItem,
  type ToAnalyst,
  unpackPair,
} from './analyst-messages.ts';
import type { Ruling } from '../referee/dispute.ts';
import { HeldMismatches } from './held-mismatches.ts';
import { Judging } from './judging.ts';
import { createRecorder } from './recorder.ts';
import { RuleBook } from './rule-book.ts';

/** Clusters are told at most so often. */
const CLUSTERS_PERIOD_MS = 200;
/** Verdicts are held back no longer than this, so that progress is seen. */
const VERDICTS_PERIOD_MS = 50;

assert(parentPort !== null, 'the analyst runs in a thread');
const port = parentPort;
const start = workerData as AnalystStart;
const redactKey = Buffer.from(start.redactKey);
const redactor = createRedactor(redactKey);
const clusters = new ClusterTable((name, value) => redactor.value(name, value), {
  random: createRandom(randomInt(2 ** 31)),
});
const recorder = start.record === null ? null : createRecorder(start, start.record, redactKey);
const book = new RuleBook(start);
const judging = new Judging(book, start.noise);
const held = new HeldMismatches<Mismatch>();
let isTimerSet = false;

interface Mismatch {
  readonly pair: Pair;
  readonly divergences: readonly Divergence[];
}

function tell(message: FromAnalyst): void {
  port.postMessage(message);
}

function tellClusters(isAsked = false): void {
  isTimerSet = false;
  const recording = recorder?.state() ?? null;
  const noise = judging.take(performance.now(), isAsked);
  tell({ kind: 'clusters', clusters: clusters.take(), rules: book.takeCounts(), recording, noise });
}

function analyse(item: PackedItem): Comparison | null {
  const pair = unpackPair(item);
  if (item.record) recorder?.append(pair, item.keys);
  if (item.isNoise === true) judging.learn(pair);
  if (!item.compare) return null;
  const comparison = judging.compare(item, pair);
  if (comparison.kind === 'mismatched' && item.isTainted !== true) {
    const { divergences } = comparison;
    // Without its bodies, it waits for the referee.
    if (item.isHeld === true) held.hold(item.id, { pair: item.pair, divergences });
    else clusters.add(pair, divergences);
  }
  return comparison;
}

/** Shows what was held, where it counts as a mismatch. */
function take(id: number, ruling: Ruling): void {
  const found = held.take(id);
  if (found === undefined || (ruling !== 'mismatched' && ruling !== 'gone')) return;
  clusters.add(found.pair, found.divergences, ruling === 'gone');
  tellClustersSoon();
}

function tellClustersSoon(): void {
  if (isTimerSet) return;
  isTimerSet = true;
  setTimeout(tellClusters, CLUSTERS_PERIOD_MS);
}

function analyseAll(items: readonly PackedItem[]): void {
  let verdicts: [number, Comparison][] = [];
  let done = 0;
  let toldAtMs = performance.now();
  for (const item of items) {
    const comparison = analyse(item);
    done += 1;
    if (comparison !== null) verdicts.push([item.id, comparison]);
    if (performance.now() - toldAtMs < VERDICTS_PERIOD_MS) continue;
    tell({ kind: 'verdicts', done, verdicts });
    verdicts = [];
    done = 0;
    toldAtMs = performance.now();
  }
  if (done > 0) tell({ kind: 'verdicts', done, verdicts });
  tellClustersSoon();
}

port.on('message', (message: ToAnalyst) => {
  switch (message.kind) {
    case 'items':
      judging.equal(message.equal);
      analyseAll(message.items);
      break;
    case 'begin':
      judging.begin();
      break;
    case 'ruling':
      take(message.id, message.ruling);
      break;
    case 'stalled':
      recorder?.stalled(message.stall);
      break;
    case 'report':
      tellClusters(true);
      tell({ kind: 'reported' });
      break;
    case 'close':
      recorder?.close();
      tellClusters();
      book.close();
      port.close();
      break;
  }
});
tell({ kind: 'ready' });
