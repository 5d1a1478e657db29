/** One proxy put together: pools, pipeline, comparison and counts; `worker.ts` gives it a life. */
import { createServer, type Server } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../kit/clock.ts';
import { LIMITS } from '../kit/limits.ts';
import { Accumulator } from '../measure/accumulate.ts';
import type { Assignment } from '../model/assignment.ts';
import type { Settings } from '../model/settings.ts';
import type { Summary } from '../model/window.ts';
import type { Analyst } from './analyst.ts';
import { createForwarder } from './forward.ts';
import { createIdentifier } from './identify.ts';
import { KeyOrder } from './key-order.ts';
import { createMirror } from './mirror.ts';
import { createPairing } from './pairing.ts';
import { createPipeline } from './pipeline.ts';
import { TaintedKeys } from './taint.ts';
import { createUpstream } from './upstream.ts';
import type { WriteLog } from './write-log.ts';

export interface ProxyParts {
  readonly worker: number;
  readonly settings: Settings;
  readonly assignment: Assignment;
  readonly clock: Clock;
  readonly analyst: Analyst;
  readonly writes: WriteLog;
}

export interface Proxy {
  readonly server: Server;
  readonly tainted: TaintedKeys;
  /** Takes a newer assignment; answers false for a stale one. */
  assign(assignment: Assignment): boolean;
  readonly assignment: Assignment;
  /** Counts and histograms since the last call. */
  summarize(): Summary;
  /** Resolves when nothing is under way any more, or `maxMs` have passed. */
  drain(maxMs: number): Promise<void>;
  close(): Promise<void>;
}

/** A proxy that is ready to be handed connections; see the head of this file. */
export function createProxy(parts: ProxyParts): Proxy {
  const { settings, clock, analyst } = parts;
  let assignment = parts.assignment;
  let isDraining = false;
  const count = new Accumulator();
  const order = new KeyOrder();
  const tainted = new TaintedKeys();
  const nowUs = (): number => clock.nowUs();
  const live = createSides(settings, LIMITS.liveConnectionsMax, clock);
  const shadow = createSides(settings, LIMITS.shadowConnectionsMax, clock);
  const { shadowTimeoutMs } = settings;
  const mirror = createMirror({ sides: shadow, order, nowUs, shadowTimeoutMs });
  const pairing = createPairing({
    count,
    tainted,
    analyst,
    comparePercent: () => assignment.comparePercent,
    isRecording: settings.record !== null,
  });
  const pipeline = createPipeline({
    identifier: createIdentifier(settings.routes, settings.key),
    forwarder: createForwarder({ sides: live, count, options: settings, nowUs }),
    mirror,
    pairing,
    order,
    tainted,
    writes: parts.writes,
    count,
    assignment: () => assignment,
    hasKey: settings.key !== null,
    nowUs,
  });
  const server = createDataServer((request, response) => {
    if (isDraining) response.shouldKeepAlive = false;
    pipeline(request, response);
  });
  const loopDelay = monitorEventLoopDelay({ resolution: 10 });
  loopDelay.enable();
  let startMs = clock.wallMs();

  return {
    server,
    tainted,
    get assignment() {
      return assignment;
    },
    assign(next) {
      if (next.epoch < assignment.epoch) return false;
      if (next.epoch === assignment.epoch && next.revision < assignment.revision) return false;
      assignment = next;
      return true;
    },
    summarize() {
      const endMs = clock.wallMs();
      const summary: Summary = {
        worker: parts.worker,
        startMs,
        endMs,
        traffic: count.traffic(tainted.count),
        cells: count.takeCells(),
        clusters: analyst.clusters(),
        tainted: tainted.takeFresh(),
        loopDelayMaxUs: Math.round(loopDelay.max / 1000),
        revision: assignment.revision,
      };
      loopDelay.reset();
      startMs = endMs;
      return summary;
    },
    async drain(maxMs) {
      isDraining = true;
      const deadlineUs = nowUs() + maxMs * 1000;
      server.close();
      while (nowUs() < deadlineUs) {
        server.closeIdleConnections();
        const isQuiet = mirror.outstanding === 0 && pairing.pendingCount === 0;
        if (isQuiet && (await connectionCount(server)) === 0) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      server.closeAllConnections();
    },
    async close() {
      loopDelay.disable();
      await Promise.all([
        live.legacy.close(),
        live.candidate.close(),
        shadow.legacy.close(),
        shadow.candidate.close(),
        analyst.close(),
      ]);
    },
  };
}

function createSides(settings: Settings, connections: number, clock: Clock) {
  const options = { connections, connectTimeoutMs: LIMITS.connectTimeoutMs, clock };
  return {
    legacy: createUpstream(settings.legacy.url, options),
    candidate: createUpstream(settings.candidate.url, options),
  };
}

/** Every limit explicit: a default that differs from legacy's would change its answers. */
function createDataServer(listener: Parameters<typeof createServer>[1] & {}): Server {
  const server = createServer(
    {
      maxHeaderSize: LIMITS.headerMaxBytes,
      keepAliveTimeout: LIMITS.keepAliveMs,
      headersTimeout: 60_000,
      requestTimeout: 0,
      connectionsCheckingInterval: 5000,
      insecureHTTPParser: false,
      noDelay: true,
    },
    listener,
  );
  server.maxRequestsPerSocket = 0;
  server.timeout = 0;
  return server;
}

function connectionCount(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.getConnections((error, count) => resolve(error === null ? count : 0));
  });
}
