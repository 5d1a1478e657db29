/**
 * One side as the proxy reaches it: a pool of connections and the legs sent over them. A leg
 * never throws and never rejects: how it ended is its outcome. One coarse timer finds the legs,
 * the connections under way and the idle ones that are beyond their time.
 */
import { connect, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import type { Clock } from '../kit/clock.ts';
import { codeOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import { hostOf, placeOf, portOf } from '../kit/server-place.ts';
import type { UpstreamSettings } from '../model/settings.ts';
import { type Address, whyForbidden } from './forbidden.ts';
import type { Leg, LegListener, LegOptions, LegRequest, Upstream } from './leg.ts';
import { Opposite, type OppositeOptions } from './opposite.ts';
import { problemOf } from './request-text.ts';
import { createResolve, type Resolve, type Resolved } from './resolve.ts';
import { upstreamContext } from './upstream-tls.ts';
import { type LineOwner, UpstreamConnection } from './upstream-connection.ts';
import { type LegOwner, WireLeg } from './wire-leg.ts';

export interface UpstreamOptions {
  readonly settings: UpstreamSettings;
  readonly role: 'live' | 'shadow';
  readonly connectionsMax: number;
  /** Connections being made at once; what waits is sent over those that come free meanwhile. */
  readonly attemptsMax: number;
  /** For each address of the side, the TLS handshake included. */
  readonly connectTimeoutMs: number;
  /** Bytes of an answer's line and fields. */
  readonly headMaxBytes: number;
  readonly clock: Clock;
  /** Where a shadow's copies may never go: our own ports. */
  readonly forbidden?: readonly Address[];
  /** Whose live work a shadow copies, where a copy that reached that server would do harm. */
  readonly opposite?: OppositeOptions;
  /** Whom a shadow's name is asked of, `ADDRESS[:PORT]` each: the system's, unless given. */
  readonly nameServers?: readonly string[];
}

/**
 * The pool of one side. Throws a CrossfadeError `tls.files` where its certificates are unusable.
 */
export function createUpstream(options: UpstreamOptions): Upstream {
  return new UpstreamPool(options);
}

/** A connection that is being made. */
interface Attempt {
  readonly socket: Socket;
  readonly deadlineUs: number;
  fail(failure: string): void;
}

/** Where a connection may be tried, and the places where the other side is. */
interface Targets extends Resolved {
  readonly opposite: ReadonlySet<string>;
}

const NOWHERE: ReadonlySet<string> = new Set();

/** Into which every socket reads: what it holds is taken before the next read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(65_536);

const TICK_MS = 20;
/** Ticks from one look at all connections to the next. */
const SWEEP_TICKS = 50;
/** Ticks without a leg after which the timer rests. */
const RESTING_TICKS = 250;

class UpstreamPool implements Upstream, LegOwner, LineOwner {
  readonly prefix: string;
  readonly host: string;
  readonly headMaxBytes: number;
  addresses: readonly string[] = [];
  readonly #options: UpstreamOptions;
  readonly #clock: Clock;
  readonly #port: number;
  readonly #resolve: Resolve;
  readonly #opposite: Opposite | null;
  readonly #secure: SecureContext | null;
  readonly #serverName: string;
  readonly #connections = new Set<UpstreamConnection>();
  /** The newest at the end: taken first, so that the others can grow old and be closed. */
  #idle: UpstreamConnection[] = [];
  readonly #attempts = new Set<Attempt>();
  /** Names being resolved for connections to be. */
  #resolving = 0;
  #waiting: WireLeg[] = [];
  #watched: WireLeg[] = [];
  #stopTicks: (() => void) | null = null;
  #ticks = 0;
  #quietTicks = 0;
  #isClosed = false;

  constructor(options: UpstreamOptions) {
    const { settings, opposite, nameServers } = options;
    const url = new URL(settings.url);
    const isTls = url.protocol === 'https:';
    this.#options = options;
    this.#clock = options.clock;
    this.prefix = url.pathname.replace(/\/$/, '');
    this.host = url.host;
    this.headMaxBytes = options.headMaxBytes;
    this.#port = portOf(settings.url);
    const host = hostOf(settings.url);
    this.#resolve = createResolve(host, options.role === 'shadow', nameServers);
    this.#opposite = opposite === undefined ? null : Opposite.of(settings, opposite, nameServers);
    this.#secure = isTls ? upstreamContext(settings.tls) : null;
    // An address is no name to ask for; the certificate is checked against it all the same.
    this.#serverName = settings.tls.serverName ?? (isIP(host) === 0 ? host : '');
  }

  nowUs(): number {
    return this.#clock.nowUs();
  }

  get connectionCount(): number {
    return this.#connections.size + this.#attempts.size;
  }

  dispatch(request: LegRequest, options: LegOptions, listener: LegListener): Leg {
    const leg = new WireLeg(request, options, listener, this);
    this.#watch(leg);
    const problem = this.#isClosed ? 'the proxy is closing' : problemOf(request);
    if (problem !== null) leg.fail('aborted', problem);
    else {
      const connection = this.#takeIdle();
      if (connection !== null) connection.send(leg);
      else if (this.#waiting.length >= LIMITS.upstreamWaitingMax) {
        leg.fail('refused', 'too many requests wait for a connection to it');
      } else {
        this.#waiting.push(leg);
        this.#connectWhereNeeded();
      }
    }
    leg.isDispatching = false;
    return leg;
  }

  release(isHard: boolean): void {
    for (const connection of this.#idle.splice(0)) connection.close();
    if (!isHard) return;
    for (const leg of this.#watched.slice()) leg.fail('aborted', 'the copies were stopped');
    for (const attempt of this.#attempts) attempt.fail('the copies were stopped');
    for (const connection of this.#connections) connection.close();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.release(true);
    this.#rest();
  }

  // --- told by connections and legs --------------------------------------------------------------

  free(connection: UpstreamConnection, idleMaxMs: number): void {
    if (this.#isClosed) {
      connection.close();
      return;
    }
    const next = this.#nextWaiting();
    if (next !== undefined) {
      connection.send(next);
      return;
    }
    connection.idleUntilUs = this.#clock.nowUs() + idleMaxMs * 1000;
    this.#idle.push(connection);
  }

  gone(connection: UpstreamConnection): void {
    this.#connections.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#connectWhereNeeded();
  }

  ended(leg: WireLeg): void {
    const last = this.#watched.pop()!;
    if (last === leg) return;
    this.#watched[leg.watchedAt] = last;
    last.watchedAt = leg.watchedAt;
  }

  // --- connecting --------------------------------------------------------------------------------

  #takeIdle(): UpstreamConnection | null {
    const connection = this.#idle.pop();
    if (connection === undefined) return null;
    if (connection.idleUntilUs > this.#clock.nowUs()) return connection;
    // The newest is too old, and so are all below it.
    connection.close();
    for (const older of this.#idle.splice(0)) older.close();
    return null;
  }

  #nextWaiting(): WireLeg | undefined {
    for (;;) {
      const leg = this.#waiting.shift();
      if (leg === undefined || leg.outcome === null) return leg;
    }
  }

  /** A leg waits that has not been given up. */
  get #isAwaited(): boolean {
    return !this.#isClosed && this.#waiting.some(isUnderWay);
  }

  #connectWhereNeeded(): void {
    if (this.#isClosed) return;
    const { connectionsMax, attemptsMax } = this.#options;
    const trying = (): number => this.#attempts.size + this.#resolving;
    const hasRoom = (): boolean =>
      trying() < attemptsMax && this.#connections.size + trying() < connectionsMax;
    for (let wanted = this.#waiting.length - trying(); wanted > 0 && hasRoom(); wanted -= 1) {
      this.#resolving += 1;
      this.#resolve((found) => {
        this.#resolving -= 1;
        if (typeof found === 'string') this.#failOne(`its name cannot be resolved (${found})`);
        else this.#resolved(found);
      });
    }
  }

  #resolved(found: Resolved): void {
    this.addresses = found.addresses;
    if (this.#opposite === null) {
      this.#connect({ ...found, opposite: NOWHERE }, 0);
      return;
    }
    this.#resolving += 1;
    this.#opposite.places((opposite) => {
      this.#resolving -= 1;
      if (opposite !== null) this.#connect({ ...found, opposite }, 0);
      else this.#failOne('it may be the other side, whose name cannot be resolved');
    });
  }

  /** Why no connection may be made to the address; null when one may. */
  #whyNot(address: string, targets: Targets): string | null {
    const { role, forbidden = [] } = this.#options;
    if (role === 'live') return null;
    if (targets.opposite.has(placeOf(address))) return 'the other side itself';
    return whyForbidden(address, this.#port, targets, forbidden);
  }

  #connect(targets: Targets, index: number): void {
    const { connectTimeoutMs } = this.#options;
    const address = targets.addresses[index];
    if (!this.#isAwaited) return;
    if (address === undefined) {
      this.#failOne('its name has no address');
      return;
    }
    const why = this.#whyNot(address, targets);
    if (why !== null) {
      this.#failOne(`forbidden address ${address}: ${why}`);
      return;
    }
    let connection: UpstreamConnection | null = null;
    const socket = this.#open(address, {
      buffer: READ_BUFFER,
      callback: (count) => connection?.read(READ_BUFFER.subarray(0, count)) ?? true,
    });
    const failed = (failure: string): void => {
      if (!this.#attempts.delete(attempt)) return;
      socket.destroy();
      if (index + 1 < targets.addresses.length) this.#connect(targets, index + 1);
      else this.#failOne(failure);
    };
    const attempt: Attempt = {
      socket,
      deadlineUs: this.#clock.nowUs() + connectTimeoutMs * 1000,
      fail: failed,
    };
    this.#attempts.add(attempt);
    const onError = (error: Error): void => failed(failureOf(error));
    const onClose = (): void => failed('the connection was closed');
    socket.once('error', onError);
    socket.once('close', onClose);
    socket.once(this.#secure === null ? 'connect' : 'secureConnect', () => {
      if (!this.#attempts.delete(attempt)) return;
      socket.off('error', onError);
      socket.off('close', onClose);
      connection = new UpstreamConnection(socket, this);
      this.#connected(connection);
    });
    // What fails later than it was given up must still be heard, or it would end the process.
    socket.on('error', ignore);
  }

  #open(host: string, onread: OnReadOpts): Socket {
    const target = { host, port: this.#port, noDelay: true, keepAlive: true, onread };
    if (this.#secure === null) return connect(target);
    return connectTls({
      ...target,
      secureContext: this.#secure,
      servername: this.#serverName,
      rejectUnauthorized: this.#options.settings.tls.isVerified,
      ALPNProtocols: ['http/1.1'],
    });
  }

  #connected(connection: UpstreamConnection): void {
    this.#connections.add(connection);
    this.free(connection, LIMITS.upstreamIdleMs);
    this.#connectWhereNeeded();
  }

  /** A connection could not be made: the leg that has waited longest has nobody to wait for. */
  #failOne(failure: string): void {
    this.#nextWaiting()?.fail('refused', failure);
    this.#connectWhereNeeded();
  }

  // --- time --------------------------------------------------------------------------------------

  #watch(leg: WireLeg): void {
    leg.watchedAt = this.#watched.length;
    this.#watched.push(leg);
    this.#quietTicks = 0;
    this.#stopTicks ??= this.#clock.every(TICK_MS, () => this.#tick());
  }

  #tick(): void {
    const nowUs = this.#clock.nowUs();
    for (let i = this.#watched.length - 1; i >= 0; i -= 1) {
      const leg = this.#watched[i];
      if (leg !== undefined && leg.deadlineUs <= nowUs) leg.fail('timeout', 'no answer in time');
    }
    if (this.#waiting.length > 0) this.#waiting = this.#waiting.filter(isUnderWay);
    for (const attempt of this.#attempts) {
      if (attempt.deadlineUs <= nowUs) attempt.fail('it did not accept the connection in time');
    }
    this.#ticks += 1;
    if (this.#ticks % SWEEP_TICKS === 0) {
      for (const connection of this.#connections) connection.sweep(nowUs);
    }
    while (this.#idle.length > 0 && this.#idle[0]!.idleUntilUs <= nowUs) this.#idle[0]!.close();
    const isQuiet = this.#watched.length === 0 && this.#connections.size === 0;
    this.#quietTicks = isQuiet ? this.#quietTicks + 1 : 0;
    if (this.#quietTicks > RESTING_TICKS) this.#rest();
  }

  #rest(): void {
    this.#stopTicks?.();
    this.#stopTicks = null;
  }
}

function isUnderWay(leg: WireLeg): boolean {
  return leg.outcome === null;
}

function ignore(): void {
  // Stands for a listener: without one an error would end the process.
}

const CONNECT_FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'it refuses connections',
  EHOSTUNREACH: 'its host cannot be reached',
  ENETUNREACH: 'its network cannot be reached',
  ETIMEDOUT: 'it did not accept the connection in time',
};

function failureOf(error: Error): string {
  const code = codeOf(error);
  return CONNECT_FAILURES[code] ?? (code === '' ? error.message : `${code}: ${error.message}`);
}
