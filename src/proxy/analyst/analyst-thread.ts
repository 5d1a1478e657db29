/**
 * The analyst: a worker thread of a proxy. In: pairs whose answers are not byte-equal, pairs to
 * be recorded. Out: verdicts, and from time to time all clusters. It may be ended at any moment;
 * nothing on the live path waits for it.
 */
import { randomInt } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { ClusterTable } from '../../compare/cluster.ts';
import { compareExchanges } from '../../compare/compare.ts';
import { assert } from '../../kit/assert.ts';
import { createRandom } from '../../kit/random.ts';
import type { Comparison } from '../../model/pair.ts';
import { createRedactor } from '../../recording/redact.ts';
import {
  type AnalystStart,
  type FromAnalyst,
  type PackedItem,
  type ToAnalyst,
  unpackPair,
} from './analyst-messages.ts';
import { createRecorder } from './recorder.ts';

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
const rules = new Map(start.routes.map((route) => [route.match, route.compare]));
let isTimerSet = false;

function tell(message: FromAnalyst): void {
  port.postMessage(message);
}

function tellClusters(): void {
  isTimerSet = false;
  tell({ kind: 'clusters', clusters: clusters.take(), recording: recorder?.state() ?? null });
}

function analyse(item: PackedItem): Comparison | null {
  const pair = unpackPair(item);
  if (item.record) recorder?.append(pair, item.keys);
  if (!item.compare) return null;
  const comparison = compareExchanges(pair, rules.get(pair.route) ?? []);
  if (comparison.kind === 'mismatched' && item.isTainted !== true)
    clusters.add(pair, comparison.divergences);
  return comparison;
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
  if (isTimerSet) return;
  isTimerSet = true;
  setTimeout(tellClusters, CLUSTERS_PERIOD_MS);
}

port.on('message', (message: ToAnalyst) => {
  switch (message.kind) {
    case 'items':
      analyseAll(message.items);
      break;
    case 'report':
      tellClusters();
      tell({ kind: 'reported' });
      break;
    case 'close':
      recorder?.close();
      tellClusters();
      port.close();
      break;
  }
});
tell({ kind: 'ready' });
