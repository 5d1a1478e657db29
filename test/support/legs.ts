/** A pool of the wire for tests, with what its legs tell written down. */
import type { Duplex } from 'node:stream';
import { systemClock } from '../../src/kit/clock.ts';
import type { RawHeaders } from '../../src/model/exchange.ts';
import type { UpstreamSettings } from '../../src/model/settings.ts';
import type { Leg, LegListener, LegOptions, LegRequest, Upstream } from '../../src/wire/leg.ts';
import { createUpstream, type UpstreamOptions } from '../../src/wire/upstream.ts';
import { turn } from './wire.ts';

const NO_TLS: UpstreamSettings['tls'] = {
  caPath: null,
  certPath: null,
  keyPath: null,
  serverName: null,
  isVerified: true,
};

const pools: Upstream[] = [];

/** A pool of connections to `url`; closed by {@link closePools}. */
export function openPool(
  url: string,
  changes: Partial<Omit<UpstreamOptions, 'settings'>> = {},
  tls: Partial<UpstreamSettings['tls']> = {},
): Upstream {
  const settings: UpstreamSettings = {
    url,
    metricsUrl: null,
    host: 'preserve',
    setHeaders: [],
    removeHeaders: [],
    tls: { ...NO_TLS, ...tls },
    isTrusted: true,
    stripHeaders: [],
    stripQuery: [],
  };
  const pool = createUpstream({
    settings,
    role: 'live',
    connectionsMax: 10,
    attemptsMax: Infinity,
    connectTimeoutMs: 1000,
    headMaxBytes: 8192,
    clock: systemClock,
    ...changes,
  });
  pools.push(pool);
  return pool;
}

export async function closePools(): Promise<void> {
  for (const pool of pools.splice(0)) await pool.close();
}

/** One leg and what it has told, in order. */
export interface SentLeg {
  readonly leg: Leg;
  /** `head`, `data:<text>`, `1xx`, `switched` and `end`. */
  readonly told: readonly string[];
  /** Resolves when the leg has ended. */
  readonly ended: Promise<Leg>;
  /** Resolves when its head is there. */
  readonly begun: Promise<Leg>;
  /** The bare connection, once switched. */
  readonly socket: () => Duplex;
}

const GET: LegRequest = {
  method: 'GET',
  target: '/',
  headers: ['Host', 'side.test'],
  body: null,
  upgrade: null,
  takesTrailers: false,
};

class Notes implements LegListener {
  readonly told: string[] = [];
  socket: Duplex | null = null;
  readonly ended = Promise.withResolvers<Leg>();
  readonly begun = Promise.withResolvers<Leg>();

  informed(_leg: Leg, status: number, reason: string, headers: RawHeaders): void {
    this.told.push([status, reason, ...headers].join(' '));
  }

  head(leg: Leg): void {
    this.told.push('head');
    this.begun.resolve(leg);
  }

  data(_leg: Leg, chunk: Buffer): void {
    this.told.push(`data:${chunk.toString('latin1')}`);
  }

  switched(_leg: Leg, socket: Duplex): void {
    this.told.push('switched');
    this.socket = socket;
  }

  end(leg: Leg): void {
    this.told.push('end');
    this.ended.resolve(leg);
  }
}

/** Sends a request; a GET of `/` but for the changes. */
export function send(
  pool: Upstream,
  request: Partial<LegRequest> = {},
  options: Partial<LegOptions> = {},
): SentLeg {
  const notes = new Notes();
  const leg = pool.dispatch(
    { ...GET, ...request },
    { timeoutMs: 5000, captureMaxBytes: 1000, isCompared: true, ...options },
    notes,
  );
  const { told, ended, begun } = notes;
  return {
    leg,
    told,
    ended: ended.promise,
    begun: begun.promise,
    socket: () => notes.socket!,
  };
}

/** A POST with these bytes. */
export function post(body: string): Partial<LegRequest> {
  const bytes = Buffer.from(body, 'latin1');
  return {
    method: 'POST',
    headers: ['Host', 'side.test', 'Content-Length', String(bytes.length)],
    body: bytes,
  };
}

/** Lets the event loop turn until this is true. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}
