/**
 * Replays a recording against both sides and says whether they answer alike.
 *
 *     read -> order by arrival -> schedule -> send to both at once -> compare -> judge -> report
 *
 * Never throws for what a side does: a failure is counted. Ends early when a side has gone.
 */
import { randomBytes } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../src/kit/clock.ts';
import { LIMITS } from '../src/kit/limits.ts';
import { createRandom } from '../src/kit/random.ts';
import type { Exchange, Side } from '../src/model/exchange.ts';
import type { CompareRule, GateSettings, KeySource, RouteSettings } from '../src/model/settings.ts';
import type { Summary, TrafficCounts } from '../src/model/window.ts';
import { createIdentifier, type Identifier } from '../src/proxy/identify/identify.ts';
import type { RecordedPair } from '../src/recording/format.ts';
import { createRedactor } from '../src/recording/redact.ts';
import type { Report } from '../src/report/report.ts';
import { ruleStatuses } from '../src/rollout/rule-status.ts';
import type { ReplaySource } from './merged.ts';
import { ReplayedPairs } from './pairs.ts';
import { assertReachable, unreachableError, whyUnreachable } from './reachable.ts';
import { replayReport } from './replay-report.ts';
import { createSchedule, type Pace, type Schedule } from './schedule.ts';
import { latencyFrom, type OpenLoopItem, sendOpenLoop, toSent } from './send.ts';
import { createTarget, type Leg, type Target } from './target.ts';

/** How a replay is sent and judged. */
export interface ReplayOptions {
  /** Name of the recording in the report. */
  readonly name: string;
  readonly urls: Readonly<Record<Side, string>>;
  readonly pace: Pace;
  /** How to look at the requests; null for what the recording itself says. */
  readonly routes: readonly RouteSettings[] | null;
  readonly key: readonly KeySource[] | null;
  /** Rules of requests that match no route; none unless given. */
  readonly compare?: readonly CompareRule[];
  /** A replay's own gates as well: nothing mismatched, no error of the candidate alone. */
  readonly mustMatch: boolean;
  readonly gates: readonly GateSettings[];
  readonly clock: Clock;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Called each second with the counts so far. */
  readonly onProgress?: (traffic: TrafficCounts) => void;
}

/** What a replay ends with. */
export interface Replayed {
  readonly report: Report;
  /** The error to end with, when a side has gone: the report holds what was seen before. */
  readonly lost: Error | null;
}

interface Item extends OpenLoopItem {
  readonly record: RecordedPair;
  readonly route: string;
  readonly settings: RouteSettings | null;
}

/** Failures in a row of one side after which it is asked whether it is there at all. */
const SUSPICIOUS_FAILURES = 20;

/** Throws `unreachable` before anything is sent unless both sides accept connections. */
export async function replayRecording(
  source: ReplaySource,
  options: ReplayOptions,
): Promise<Replayed> {
  await assertReachable(options.urls);
  return new ReplaySession(source, options).run();
}

class ReplaySession {
  readonly #source: ReplaySource;
  readonly #options: ReplayOptions;
  readonly #pairs = new ReplayedPairs(createRedactor(randomBytes(32)));
  readonly #identifier: Identifier;
  readonly #targets: Readonly<Record<Side, Target>>;
  readonly #stop = new AbortController();
  readonly #failuresInRow: Record<Side, number> = { legacy: 0, candidate: 0 };
  readonly #summaries: Summary[] = [];
  readonly #loop = monitorEventLoopDelay({ resolution: 10 });
  /** Who is sent first: a coin, as being first is not quite the same. */
  readonly #coin = createRandom(1);
  #lost: Error | null = null;
  #secondStartMs = 0;
  #schedule: Schedule | null = null;

  constructor(source: ReplaySource, options: ReplayOptions) {
    const { description } = source;
    const { urls, clock } = options;
    this.#source = source;
    this.#options = options;
    this.#identifier =
      options.routes === null
        ? createIdentifier(description.routes, description.key)
        : createIdentifier(options.routes, options.key);
    const target = (url: string): Target =>
      createTarget(url, {
        connections: LIMITS.liveConnectionsMax,
        connectTimeoutMs: LIMITS.liveConnectTimeoutMs,
        clock,
      });
    this.#targets = { legacy: target(urls.legacy), candidate: target(urls.candidate) };
  }

  async run(): Promise<Replayed> {
    const { clock, signal, onProgress } = this.#options;
    const startedAtMs = clock.wallMs();
    this.#secondStartMs = startedAtMs;
    this.#loop.enable();
    const stopTicking = clock.every(1000, () => {
      this.#closeSecond();
      onProgress?.(this.#pairs.traffic());
    });
    const abort = (): void => this.#end();
    signal?.addEventListener('abort', abort);
    if (signal?.aborted === true) this.#end();
    try {
      await sendOpenLoop(this.#items(), {
        clock,
        dueUs: ({ record }, index) => this.#dueUs(record, index),
        send: (item, intendedUs) => this.#send(item, intendedUs),
        signal: this.#stop.signal,
      });
      await this.#lookForLost(1);
    } finally {
      stopTicking();
      signal?.removeEventListener('abort', abort);
      this.#loop.disable();
      this.#pairs.close();
      await Promise.all([this.#targets.legacy.close(), this.#targets.candidate.close()]);
    }
    this.#closeSecond();
    return { report: this.#report(startedAtMs), lost: this.#lost };
  }

  async *#items(): AsyncGenerator<Item> {
    for await (const record of this.#source.arrivals()) {
      const { method, target, headers, body } = record.request;
      const { route, keys, isSafe } = this.#identifier.identify(method, target, headers, body);
      yield {
        record,
        keys: keys.length > 0 ? keys : [...new Set(record.keys)],
        isSafe,
        route: route.name,
        settings: route.settings,
      };
    }
  }

  #dueUs(record: RecordedPair, index: number): number {
    this.#schedule ??= createSchedule(this.#options.pace, record.atUs);
    return Math.max(0, this.#schedule(index, record.atUs));
  }

  /** Both legs at the same moment; over when both have ended. */
  async #send(item: Item, intendedUs: number): Promise<void> {
    const { clock, timeoutMs = LIMITS.replayTimeoutMs } = this.#options;
    const { request } = item.record;
    const sent = toSent(request);
    const legOptions = { timeoutMs, captureMaxBytes: LIMITS.captureMaxBytes };
    const arrivedAtMs = clock.wallMs();
    this.#pairs.begin();
    const send = (side: Side): Promise<Leg> => this.#targets[side].send(sent, legOptions);
    const isLegacyFirst = this.#coin.next() < 0.5;
    const first = send(isLegacyFirst ? 'legacy' : 'candidate');
    const second = send(isLegacyFirst ? 'candidate' : 'legacy');
    const legs = await Promise.all([first, second]);
    const [legacy, candidate] = isLegacyFirst ? legs : [legs[1], legs[0]];
    this.#watch('legacy', legacy);
    this.#watch('candidate', candidate);
    this.#pairs.settle({
      pair: {
        route: item.route,
        key: item.keys[0] ?? null,
        liveSide: 'legacy',
        arrivedAtMs,
        request,
        legacy: toExchange('legacy', legacy, intendedUs),
        candidate: toExchange('candidate', candidate, intendedUs),
      },
      keys: item.keys,
      isSafe: item.isSafe,
      rules: item.settings?.compare ?? this.#options.compare ?? [],
    });
  }

  #watch(side: Side, leg: Leg): void {
    const isGone = leg.outcome === 'refused' || leg.outcome === 'reset';
    this.#failuresInRow[side] = isGone ? this.#failuresInRow[side] + 1 : 0;
    if (this.#failuresInRow[side] === SUSPICIOUS_FAILURES) {
      void this.#lookForLost(SUSPICIOUS_FAILURES);
    }
  }

  /** Ends the replay when a side that has only failed of late accepts no connection any more. */
  async #lookForLost(failures: number): Promise<void> {
    const { urls } = this.#options;
    for (const side of ['legacy', 'candidate'] as const) {
      if (this.#lost !== null || this.#failuresInRow[side] < failures) continue;
      const why = await whyUnreachable(urls[side]);
      if (why === null) continue;
      this.#lost ??= unreachableError(side, urls[side], `it has gone during the replay (${why})`);
      this.#end();
    }
  }

  /** Begins nothing more and gives up what is under way. */
  #end(): void {
    this.#stop.abort();
    void this.#targets.legacy.close();
    void this.#targets.candidate.close();
  }

  #closeSecond(): void {
    const endMs = this.#options.clock.wallMs();
    this.#summaries.push({
      worker: 0,
      startMs: this.#secondStartMs,
      endMs,
      traffic: this.#pairs.traffic(),
      cells: this.#pairs.takeCells(),
      clusters: [],
      routes: this.#pairs.takeRoutes(),
      tainted: [],
      loopDelayMaxUs: Math.round(this.#loop.max / 1000),
      revision: 0,
    });
    this.#loop.reset();
    this.#secondStartMs = endMs;
  }

  #report(startedAtMs: number): Report {
    const { name, urls, pace, mustMatch, gates, signal, clock, compare = [] } = this.#options;
    const routes = this.#options.routes ?? this.#source.description.routes;
    return replayReport({
      name,
      urls,
      pace,
      mustMatch,
      gates,
      source: this.#source,
      pairs: this.#pairs,
      rules: ruleStatuses({ routes, compare }, this.#pairs.takeRules(), clock.wallMs()),
      seconds: this.#summaries,
      elapsedMs: this.#secondStartMs - startedAtMs,
      isInterrupted: signal?.aborted === true,
      lost: this.#lost,
    });
  }
}

function toExchange(side: Side, leg: Leg, intendedUs: number): Exchange {
  return {
    side,
    role: side === 'legacy' ? 'live' : 'shadow',
    outcome: leg.outcome ?? 'aborted',
    answer: leg.answer(),
    latencyUs: latencyFrom(intendedUs, leg),
    serviceUs: Math.max(1, leg.finishedUs - leg.startedUs),
  };
}
