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
import { createMirror, type Mirror } from './mirror.ts';
import { createPairing, type Pairing } from './pairing.ts';
import { createPipeline } from './pipeline.ts';
import { TaintedKeys } from './taint.ts';
import { createUpstream, type Upstream } from './upstream.ts';
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
  return new AssembledProxy(parts);
}

class AssembledProxy implements Proxy {
  readonly server: Server;
  readonly tainted = new TaintedKeys();
  readonly #parts: ProxyParts;
  readonly #count = new Accumulator();
  readonly #live: Sides;
  readonly #shadow: Sides;
  readonly #mirror: Mirror;
  readonly #pairing: Pairing;
  readonly #loopDelay = monitorEventLoopDelay({ resolution: 10 });
  #assignment: Assignment;
  #startMs: number;
  #isDraining = false;

  constructor(parts: ProxyParts) {
    const { settings, clock, analyst, writes } = parts;
    this.#parts = parts;
    this.#assignment = parts.assignment;
    this.#startMs = clock.wallMs();
    this.#live = createSides(settings, LIMITS.liveConnectionsMax, clock);
    this.#shadow = createSides(settings, LIMITS.shadowConnectionsMax, clock);
    const order = new KeyOrder();
    const count = this.#count;
    const { tainted } = this;
    const nowUs = (): number => clock.nowUs();
    const { shadowTimeoutMs } = settings;
    this.#mirror = createMirror({ sides: this.#shadow, order, nowUs, shadowTimeoutMs });
    this.#pairing = createPairing({
      count,
      tainted,
      analyst,
      comparePercent: () => this.#assignment.comparePercent,
      isRecording: settings.record !== null,
    });
    const pipeline = createPipeline({
      identifier: createIdentifier(settings.routes, settings.key),
      forwarder: createForwarder({ sides: this.#live, count, options: settings, nowUs }),
      mirror: this.#mirror,
      pairing: this.#pairing,
      order,
      tainted,
      writes,
      count,
      assignment: () => this.#assignment,
      hasKey: settings.key !== null,
      nowUs,
    });
    this.server = createDataServer((request, response) => {
      if (this.#isDraining) response.shouldKeepAlive = false;
      pipeline(request, response);
    });
    this.#loopDelay.enable();
  }

  get assignment(): Assignment {
    return this.#assignment;
  }

  assign(next: Assignment): boolean {
    const { epoch, revision } = this.#assignment;
    if (next.epoch < epoch || (next.epoch === epoch && next.revision < revision)) return false;
    this.#assignment = next;
    return true;
  }

  summarize(): Summary {
    const endMs = this.#parts.clock.wallMs();
    const summary: Summary = {
      worker: this.#parts.worker,
      startMs: this.#startMs,
      endMs,
      traffic: this.#count.traffic(this.tainted.count),
      cells: this.#count.takeCells(),
      clusters: this.#parts.analyst.clusters(),
      tainted: this.tainted.takeFresh(),
      loopDelayMaxUs: Math.round(this.#loopDelay.max / 1000),
      revision: this.#assignment.revision,
    };
    this.#loopDelay.reset();
    this.#startMs = endMs;
    return summary;
  }

  async drain(maxMs: number): Promise<void> {
    this.#isDraining = true;
    const { clock } = this.#parts;
    const deadlineUs = clock.nowUs() + maxMs * 1000;
    this.server.close();
    while (clock.nowUs() < deadlineUs) {
      this.server.closeIdleConnections();
      const isQuiet = this.#mirror.outstanding === 0 && this.#pairing.pendingCount === 0;
      if (isQuiet && (await connectionCount(this.server)) === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.server.closeAllConnections();
  }

  async close(): Promise<void> {
    this.#loopDelay.disable();
    const pools = [this.#live, this.#shadow].flatMap(({ legacy, candidate }) => [
      legacy,
      candidate,
    ]);
    await Promise.all([...pools.map((pool) => pool.close()), this.#parts.analyst.close()]);
  }
}

interface Sides {
  readonly legacy: Upstream;
  readonly candidate: Upstream;
}

function createSides(settings: Settings, connections: number, clock: Clock): Sides {
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
