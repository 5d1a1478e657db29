/**
 * Two Read States services behind a proxy, under generated traffic that is sent without regard
 * for the order of a user's requests: acks and mentions overlap with reads of the same users. For
 * the promise that what is alike agrees, but for races that a write explains, and that what is
 * not alike is found.
 */
import { createReadStatesWorkload } from '../../replay/generate-read-states.ts';
import { READ_STATES_KEY, READ_STATES_ROUTES } from '../../replay/read-states-routes.ts';
import { openLoop } from '../../replay/send.ts';
import { createTarget } from '../../replay/target.ts';
import type { WorkloadRequest } from '../../replay/workload.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { LIMITS } from '../../src/kit/limits.ts';
import type { Race } from '../../src/model/race.ts';
import type { Summary, TrafficCounts } from '../../src/model/window.ts';
import { parseFlaw } from '../../src/read-states/flaws.ts';
import { type ReadStatesProcess, spawnReadStates } from '../../src/read-states/spawn.ts';
import { identities, startProxy, testSettings } from './proxy.ts';
import { until } from './sides.ts';

export interface AgreementOptions {
  readonly seconds: number;
  readonly ratePerSec: number;
  readonly users: number;
  readonly seed: number;
  /** How the candidate is wrong, as `--flaw` has it; null: it is another legacy. */
  readonly flaw: string | null;
  /** Sends no more as soon as a mismatch is found. */
  readonly isFoundEnough?: boolean;
  readonly onProgress?: (elapsedSec: number, traffic: TrafficCounts) => void;
}

export interface AgreementResult {
  readonly traffic: TrafficCounts;
  readonly sent: number;
  /** Requests that clients saw fail. */
  readonly failed: number;
  readonly seconds: number;
  /** Every race that was told, each with its write. */
  readonly races: readonly Race[];
  /** Races that had to be told: all of them, but for those beyond a summary's limit. */
  readonly racesDue: number;
  /** From the first request to the first mismatch; null: none was found. */
  readonly foundAfterMs: number | null;
  /** Times that an identity did not hold. */
  readonly violations: number;
  /** The newest clusters, as text. */
  readonly clusters: readonly string[];
}

const LOOK_MS = 100;
const PROGRESS_LOOKS = 300;

/** Runs it to its end; the services end with it. */
export async function runAgreement(options: AgreementOptions): Promise<AgreementResult> {
  const started: ReadStatesProcess[] = [];
  try {
    for (const flaws of [[], options.flaw === null ? [] : [parseFlaw(options.flaw)]]) {
      const service = await spawnReadStates({ engine: 'legacy', flaws, onLine: () => undefined });
      started.push(service);
      await service.ready;
    }
    return await drive(options, started[0]!.url, started[1]!.url);
  } finally {
    await Promise.all(started.map((service) => service.stop('SIGKILL')));
  }
}

/** What is seen of the proxy, every so often. */
class Watch {
  readonly races: Race[] = [];
  readonly clusters = new Set<string>();
  readonly #startedMs = performance.now();
  foundAfterMs: number | null = null;
  violations = 0;
  looks = 0;
  racesDue = 0;
  #raced = 0;

  see({ traffic, races = [], clusters }: Summary): TrafficCounts {
    this.looks += 1;
    this.races.push(...races);
    const { raced = 0 } = traffic.notComparable;
    this.racesDue += Math.min(raced - this.#raced, LIMITS.racesToldMax);
    this.#raced = raced;
    if (traffic.mismatched > 0) this.foundAfterMs ??= performance.now() - this.#startedMs;
    if (identities(traffic).some(([left, right]) => left !== right)) this.violations += 1;
    if (traffic.inFlight < 0) this.violations += 1;
    for (const { route, path, kind, examples } of clusters) {
      if (this.clusters.size >= 20) break;
      const example = examples[0];
      const values = `${example?.legacy ?? ''} / ${example?.candidate ?? ''}`;
      this.clusters.add(`${kind} at ${path} of ${route}: ${values.slice(0, 160)}`);
    }
    return traffic;
  }
}

async function drive(
  options: AgreementOptions,
  legacy: string,
  candidate: string,
): Promise<AgreementResult> {
  const { seconds, ratePerSec, users, seed, isFoundEnough = false, onProgress } = options;
  const settings = testSettings(legacy, candidate, {
    routes: READ_STATES_ROUTES,
    key: READ_STATES_KEY,
  });
  const proxy = await startProxy(settings);
  const target = createTarget(proxy.url, {
    connections: 256,
    connectTimeoutMs: 1000,
    clock: systemClock,
  });
  const watch = new Watch();
  const stop = new AbortController();
  const startedMs = performance.now();
  const timer = setInterval(() => {
    const traffic = watch.see(proxy.proxy.summarize());
    const elapsedSec = (performance.now() - startedMs) / 1000;
    if (watch.looks % PROGRESS_LOOKS === 0) onProgress?.(elapsedSec, traffic);
    if (isFoundEnough && watch.foundAfterMs !== null) stop.abort();
  }, LOOK_MS);
  const workload = unordered(createReadStatesWorkload({ seed, ratePerSec, users }), seconds);
  const totals = await openLoop(workload, { target, clock: systemClock, signal: stop.signal });
  const sentSec = (performance.now() - startedMs) / 1000;
  await until(() => watch.see(proxy.proxy.summarize()).inFlight === 0);
  clearInterval(timer);
  const traffic = watch.see(proxy.proxy.summarize());
  await target.close();
  await proxy.close();
  const { races, racesDue, foundAfterMs, violations, clusters } = watch;
  return {
    traffic,
    races,
    racesDue,
    foundAfterMs,
    violations,
    sent: totals.sent,
    failed: totals.failedSafe + totals.failedWrites,
    seconds: sentSec,
    clusters: [...clusters],
  };
}

/** The workload's first seconds, each request at its time whatever its user is waiting for. */
function* unordered(
  workload: Iterable<WorkloadRequest>,
  seconds: number,
): Generator<WorkloadRequest> {
  for (const item of workload) {
    if (item.atUs > seconds * 1e6) return;
    yield { ...item, keys: [] };
  }
}
