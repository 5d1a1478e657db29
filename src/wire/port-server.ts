/**
 * The data port: accepts clients, with TLS and the PROXY protocol where they are configured, and
 * hands over their requests. One coarse timer finds what is beyond its limit of time.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerOpts, type Socket } from 'node:net';
import {
  createSecureContext,
  createServer as createTlsServer,
  type SecureContextOptions,
  type Server as TlsServer,
} from 'node:tls';
import type { Clock } from '../kit/clock.ts';
import { CrossfadeError, messageOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import type { RejectReason } from '../model/reject.ts';
import type { PortSettings, TlsListenSettings } from '../model/settings.ts';
import type { Inbound, Peer } from './inbound.ts';
import { type GreetingOwner, ProxyGreeting } from './proxy-greeting.ts';
import { type ConnectionOwner, plainAddress, ServerConnection } from './server-connection.ts';
import type { ServerInbound } from './server-inbound.ts';
import { createTrust, type TrustsHop } from './trusted-hops.ts';

export interface PortServerOptions {
  readonly port: PortSettings;
  readonly clock: Clock;
  /** Open at a time: beyond it idle ones make room, oldest first. No limit unless given. */
  readonly connectionsMax?: number;
}

export interface PortServer {
  /** To listen with, and to close; TLS and the PROXY protocol are spoken behind it. */
  readonly server: Server;
  /** Refused requests by reason since the start, those that no listener was told of. */
  rejected(): Readonly<Partial<Record<RejectReason, number>>>;
  /** Connections open now: idle ones, and those that became tunnels, included. */
  readonly connectionCount: number;
  /** No connection outlives the answer under way; idle ones close after a moment of silence. */
  drain(): void;
  /** Breaks every connection off. */
  destroyAll(): void;
  /**
   * Takes new limits and reads the certificates anew, both for what comes from now on. Whether
   * TLS and the PROXY protocol are spoken stays as it was. Throws a CrossfadeError `tls.files`
   * where the files are not usable; all stays as it was then.
   */
  reload(port: PortSettings): void;
}

/** A data port that is ready to listen; throws a CrossfadeError `tls.files`, see `reload`. */
export function createPortServer(
  options: PortServerOptions,
  listener: (inbound: Inbound) => void,
): PortServer {
  return new WireServer(options, listener);
}

const SOCKET_OPTIONS: ServerOpts = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
};

/** Looks for an idle connection, and connections beyond the limit while none was found. */
const CROWD_MAX = 16;

class WireServer implements PortServer, ConnectionOwner, GreetingOwner {
  readonly server: Server;
  port: PortSettings;
  isDraining = false;
  readonly #clock: Clock;
  readonly #connectionsMax: number;
  readonly #listener: (inbound: Inbound) => void;
  readonly #tls: TlsServer | null;
  readonly #connections = new Set<ServerConnection>();
  readonly #greetings = new Set<ProxyGreeting>();
  /** Clients that a PROXY header named, by their connection, while TLS is being agreed on. */
  readonly #named = new Map<string, string>();
  readonly #rejected: Partial<Record<RejectReason, number>> = {};
  #stopSweeps: () => void = () => undefined;
  /** Whose PROXY headers are taken. */
  #greetsFrom: TrustsHop;
  #date = '';
  #dateSecond = -1;

  constructor(options: PortServerOptions, listener: (inbound: Inbound) => void) {
    this.port = options.port;
    this.#greetsFrom = greetersOf(options.port);
    this.#clock = options.clock;
    this.#connectionsMax = options.connectionsMax ?? Infinity;
    this.#listener = listener;
    const { tls, hasProxyProtocol, headTimeoutMs } = options.port;
    this.#tls = tls === null ? null : this.#createTls(tls, headTimeoutMs);
    if (hasProxyProtocol) {
      this.server = createServer(SOCKET_OPTIONS, (socket) => this.#greet(socket));
    } else {
      this.server =
        this.#tls ?? createServer(SOCKET_OPTIONS, (socket) => this.#adopt(socket, null));
    }
    // Where nobody is idle: the connection is closed as it comes.
    this.server.maxConnections = this.#connectionsMax + CROWD_MAX;
    this.server.on('drop', () => this.refused('crowded'));
    this.server.on('close', () => this.#endSweeps());
    this.#beginSweeps();
  }

  get connectionCount(): number {
    return this.#connections.size + this.#greetings.size;
  }

  rejected(): Readonly<Partial<Record<RejectReason, number>>> {
    return this.#rejected;
  }

  drain(): void {
    this.isDraining = true;
  }

  destroyAll(): void {
    for (const connection of this.#connections) connection.socket.destroy();
    for (const greeting of this.#greetings) greeting.socket.destroy();
  }

  reload(port: PortSettings): void {
    if (this.#tls !== null && port.tls !== null) {
      this.#tls.setSecureContext(readContext(port.tls));
    }
    this.port = port;
    this.#greetsFrom = greetersOf(port);
    this.#endSweeps();
    this.#beginSweeps();
  }

  // --- what connections ask for --------------------------------------------------------------

  nowUs(): number {
    return this.#clock.nowUs();
  }

  date(): string {
    const second = Math.floor(this.#clock.wallMs() / 1000);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#date = new Date(second * 1000).toUTCString();
    }
    return this.#date;
  }

  request(inbound: ServerInbound): void {
    this.#listener(inbound);
  }

  refused(reason: RejectReason): void {
    this.#rejected[reason] = (this.#rejected[reason] ?? 0) + 1;
  }

  forget(connection: ServerConnection): void {
    this.#connections.delete(connection);
  }

  // --- accepting -----------------------------------------------------------------------------

  #adopt(socket: Socket, client: string | null): ServerConnection {
    const isTls = 'encrypted' in socket;
    const hop = plainAddress(socket.remoteAddress ?? '');
    const peer: Peer = { address: client ?? hop, hop, isTls };
    const connection = new ServerConnection(socket, peer, this);
    this.#connections.add(connection);
    if (this.connectionCount > this.#connectionsMax) this.#makeRoom();
    return connection;
  }

  /** Closes the idle connection that is oldest among the next few. */
  #makeRoom(): void {
    let looks = CROWD_MAX;
    for (const connection of this.#connections) {
      if (connection.isIdle) {
        this.refused('crowded');
        connection.socket.destroy();
        return;
      }
      // Looked at last, the next time.
      this.#connections.delete(connection);
      this.#connections.add(connection);
      looks -= 1;
      if (looks === 0) return;
    }
  }

  #greet(socket: Socket): void {
    const greeting = new ProxyGreeting(socket, this);
    this.#greetings.add(greeting);
    if (!this.#greetsFrom(socket.remoteAddress ?? '')) greeting.refuse();
  }

  greeted(greeting: ProxyGreeting, address: string | null, rest: Buffer): void {
    const { socket } = greeting;
    this.#greetings.delete(greeting);
    if (this.#tls === null) {
      const connection = this.#adopt(socket, address);
      if (rest.length > 0) connection.receive(rest);
      return;
    }
    if (address !== null) {
      const name = nameOf(socket);
      this.#named.set(name, address);
      socket.once('close', () => this.#named.delete(name));
    }
    socket.pause();
    if (rest.length > 0) socket.unshift(rest);
    this.#tls.emit('connection', socket);
  }

  misgreeted(greeting: ProxyGreeting): void {
    this.#greetings.delete(greeting);
    this.refused('proxy-protocol');
  }

  gone(greeting: ProxyGreeting): void {
    this.#greetings.delete(greeting);
  }

  #createTls(tls: TlsListenSettings, headTimeoutMs: number): TlsServer {
    const options = {
      ...SOCKET_OPTIONS,
      ...readContext(tls),
      // So that nobody is led to believe that HTTP/2 is spoken.
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: headTimeoutMs,
      requestCert: tls.clientCaPath !== null,
      rejectUnauthorized: tls.clientCaPath !== null,
    };
    const server = createTlsServer(options, (socket) => {
      this.#adopt(socket, this.#named.get(nameOf(socket)) ?? null);
    });
    server.on('tlsClientError', (_, socket) => {
      this.refused('tls');
      socket.destroy();
    });
    return server;
  }

  // --- time ----------------------------------------------------------------------------------

  #beginSweeps(): void {
    const { headTimeoutMs, bodyIdleTimeoutMs, keepAliveMs } = this.port;
    const shortestMs = Math.min(headTimeoutMs, bodyIdleTimeoutMs, keepAliveMs);
    const periodMs = Math.max(10, Math.min(LIMITS.wireSweepMs, Math.floor(shortestMs / 4)));
    this.#stopSweeps = this.#clock.every(periodMs, () => {
      for (const connection of this.#connections) connection.sweep(periodMs);
      for (const greeting of this.#greetings) greeting.sweep(periodMs, this.port.headTimeoutMs);
    });
  }

  #endSweeps(): void {
    this.#stopSweeps();
    this.#stopSweeps = () => undefined;
  }
}

/** Everybody where no hops are listed: then only balancers may reach the port. */
function greetersOf({ trustedHops }: PortSettings): TrustsHop {
  return trustedHops.length === 0 ? () => true : createTrust(trustedHops);
}

/** Tells connections apart that are open at the same time. */
function nameOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

/** The files as options; tried out, so that what is wrong with them is said here. */
function readContext(tls: TlsListenSettings): SecureContextOptions {
  try {
    const options: SecureContextOptions = {
      cert: readFileSync(tls.certPath),
      key: readFileSync(tls.keyPath),
      ...(tls.clientCaPath === null ? {} : { ca: readFileSync(tls.clientCaPath) }),
    };
    createSecureContext(options);
    return options;
  } catch (cause) {
    const text = `cannot use the TLS files of the data port: ${messageOf(cause)}`;
    const hint = `Check ${tls.certPath} and ${tls.keyPath}: PEM, and of one pair.`;
    throw new CrossfadeError('tls.files', text, { hint, cause });
  }
}
