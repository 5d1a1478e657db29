/**
 * Sends exact bytes over a connection of their own and reads what comes back. The proxy's own
 * clients would set right, or refuse, just what is to be found out here.
 */
import net from 'node:net';
import tls from 'node:tls';
import { codeOf, CrossfadeError, messageOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import {
  bodyLengthOf,
  isChunked,
  type RawAnswer,
  type RawHead,
  readHead,
  toAnswer,
} from './answer-reader.ts';

/** Where to connect to. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** Null for plain connections. */
  readonly tls: {
    readonly context: tls.SecureContext;
    /** Name asked for and checked; null for the host. */
    readonly serverName: string | null;
    readonly isVerified: boolean;
  } | null;
}

/** What became of the bytes: an answer, or why there is none. */
export type Heard =
  | { readonly kind: 'answered'; readonly answer: RawAnswer; readonly tookMs: number }
  | { readonly kind: 'silent'; readonly why: string; readonly tookMs: number };

/** How long an end keeps a connection on which nothing happens. */
export interface Silence {
  /** Until the end closed it; null: it had not after the longest wait. */
  readonly closedAfterMs: number | null;
  /** Seconds promised in `Keep-Alive: timeout`; null where nothing is promised. */
  readonly promisedSec: number | null;
}

/** Methods that ask without changing anything, by their registration; no other is ever sent. */
export const SAFE_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'REPORT',
  'SEARCH',
  'QUERY',
]);

const LAST_CHUNK = '0\r\n\r\n';

/** The sender; it counts what it sends. */
export class RawClient {
  readonly #timeoutMs: number;
  #sent = 0;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Requests sent so far, to all ends. */
  get sent(): number {
    return this.#sent;
  }

  /**
   * Sends `bytes` and answers with what came back. The connection is closed afterwards. Throws
   * `unsafe-method` for a request that could change something.
   */
  ask(to: Address, bytes: Buffer, wantsBody = true): Promise<Heard> {
    const method = safeMethodOf(bytes);
    this.#sent += 1;
    const startedMs = performance.now();
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let head: RawHead | null = null;
      let size = 0;
      let tail = '';
      const socket = open(to);
      const finish = (why: string): void => {
        clearTimeout(timer);
        socket.destroy();
        const tookMs = performance.now() - startedMs;
        const read = head ?? readHead(Buffer.concat(chunks));
        if (read === null || read === 'malformed') {
          resolve({ kind: 'silent', why: read === null ? why : 'no HTTP answer', tookMs });
        } else {
          resolve({ kind: 'answered', answer: toAnswer(read, Buffer.concat(chunks)), tookMs });
        }
      };
      const timer = setTimeout(() => finish('no answer in time'), this.#timeoutMs);
      socket.on('error', (error) => finish(codeOf(error) || messageOf(error)));
      socket.on('close', () => finish('the connection was closed'));
      socket.on('data', (chunk) => {
        chunks.push(chunk);
        size += chunk.length;
        if (head === null) {
          const read = readHead(Buffer.concat(chunks));
          if (read === 'malformed') finish('no HTTP answer');
          if (read === null || read === 'malformed') return;
          head = read;
        }
        const length = bodyLengthOf(head, method);
        tail = (tail + chunk.subarray(-LAST_CHUNK.length).toString('latin1')).slice(
          -LAST_CHUNK.length,
        );
        const isWhole =
          length === null ? isChunked(head) && tail === LAST_CHUNK : size - head.endsAt >= length;
        const isEnough = size > LIMITS.captureMaxBytes || isEventStream(head);
        if (isWhole || isEnough || !wantsBody) finish('');
      });
      socket.write(bytes);
    });
  }

  /**
   * How long the end keeps a connection that is silent after `bytes`: a whole request whose
   * answer is awaited, or (`isPart`) the beginning of one.
   */
  silence(to: Address, bytes: Buffer, isPart: boolean, maxMs: number): Promise<Silence> {
    safeMethodOf(bytes);
    this.#sent += 1;
    return new Promise((resolve) => {
      let promisedSec: number | null = null;
      let sinceMs = performance.now();
      let isQuiet = isPart;
      const socket = open(to);
      const finish = (closedAfterMs: number | null): void => {
        clearTimeout(timer);
        socket.destroy();
        resolve({ closedAfterMs, promisedSec });
      };
      // What closes only because the test ends must not look like the end's own limit.
      let timer = setTimeout(() => finish(null), maxMs + (isPart ? 0 : this.#timeoutMs));
      const closed = (): void => finish(Math.round(performance.now() - sinceMs));
      socket.on('error', closed);
      socket.on('close', closed);
      socket.on('data', (chunk) => {
        sinceMs = performance.now();
        const promised = /^keep-alive:.*timeout=(\d+)/im.exec(chunk.toString('latin1'));
        if (promised !== null) promisedSec = Number(promised[1]);
        if (isQuiet) return;
        isQuiet = true;
        clearTimeout(timer);
        timer = setTimeout(() => finish(null), maxMs);
      });
      socket.write(bytes);
    });
  }
}

function safeMethodOf(bytes: Buffer): string {
  const method = /^\s*([^ ]*) /.exec(bytes.toString('latin1', 0, 32))?.[1] ?? '';
  if (SAFE_METHODS.has(method)) return method;
  throw new CrossfadeError('unsafe-method', `preflight would have sent a ${method} request`);
}

function isEventStream(head: RawHead): boolean {
  return head.headers.some((field) => field.toLowerCase().startsWith('text/event-stream'));
}

function open(to: Address): net.Socket {
  const { host, port } = to;
  if (to.tls === null) return net.connect({ host, port, noDelay: true });
  const { context, serverName, isVerified } = to.tls;
  const name = serverName ?? (net.isIP(host) === 0 ? host : undefined);
  return tls.connect({
    host,
    port,
    secureContext: context,
    rejectUnauthorized: isVerified,
    ...(name === undefined ? {} : { servername: name }),
  });
}
