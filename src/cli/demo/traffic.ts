/**
 * The demo's clients: an open-loop load generator in a process of its own, so that what it sees
 * fail or wait is what clients see. Told `go` and `pause` by its parent; ends with it.
 */
import { createReadStatesWorkload } from '../../../replay/generate-read-states.ts';
import { openLoop } from '../../../replay/send.ts';
import { createTarget } from '../../../replay/target.ts';
import type { WorkloadRequest } from '../../../replay/workload.ts';
import { systemClock } from '../../kit/clock.ts';
import { LIMITS } from '../../kit/limits.ts';

/** Totals of what the clients saw since they began. */
export interface TrafficReport {
  readonly answered: number;
  readonly failedSafe: number;
  readonly failedWrites: number;
}

export interface TrafficOptions {
  /** Origin of the proxy. */
  readonly target: string;
  readonly ratePerSec: number;
  readonly seed: number;
  readonly users: number;
}

export type TrafficMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'report'; readonly report: TrafficReport }
  | { readonly kind: 'paused'; readonly report: TrafficReport };

const REPORT_EVERY_MS = 250;

const options = JSON.parse(process.argv[2]!) as TrafficOptions;
const workload = createReadStatesWorkload(options);
const target = createTarget(options.target, {
  connections: LIMITS.liveConnectionsMax,
  connectTimeoutMs: LIMITS.liveConnectTimeoutMs,
  clock: systemClock,
});

let report: TrafficReport = { answered: 0, failedSafe: 0, failedWrites: 0 };
let pause = new AbortController();
let isOver: Promise<unknown> = Promise.resolve();

/** The rest of the workload, its first request due now. */
function* rest(): Generator<WorkloadRequest> {
  let firstUs: number | null = null;
  for (const item of workload) {
    firstUs ??= item.atUs;
    yield { ...item, atUs: item.atUs - firstUs };
  }
}

function go(): void {
  pause = new AbortController();
  isOver = openLoop(rest(), {
    target,
    clock: systemClock,
    signal: pause.signal,
    onResult({ sent, hasFailed }) {
      const { answered, failedSafe, failedWrites } = report;
      report = {
        answered: answered + 1,
        failedSafe: failedSafe + (hasFailed && sent.isSafe ? 1 : 0),
        failedWrites: failedWrites + (hasFailed && !sent.isSafe ? 1 : 0),
      };
    },
  });
}

function tell(message: TrafficMessage): void {
  if (process.connected) process.send!(message);
}

process.on('message', (word: string) => {
  if (word === 'go') go();
  if (word !== 'pause') return;
  pause.abort();
  void isOver.then(() => tell({ kind: 'paused', report }));
});
process.on('disconnect', () => process.exit());
setInterval(() => tell({ kind: 'report', report }), REPORT_EVERY_MS);
tell({ kind: 'ready' });
