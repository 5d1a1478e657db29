/** Both ends of the wire for tests, byte by byte: a raw client and raw sides. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { parseAnswer, parseRequest, type SeenAnswer, type SeenRequest } from './wire-parse.ts';

/** One turn of the event loop: what was written has been read by then, in this process. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** How the bytes of a message are cut into segments. */
export type Cut = 'whole' | 'bytes' | { readonly at: number };

/** Input longer than this is sent one byte a segment only near its ends. */
const FINE_MAX_BYTES = 1200;
const COARSE_BYTES = 1009;

/** The segments of `bytes`. */
export function segmentsOf(bytes: Buffer, cut: Cut): Buffer[] {
  if (cut === 'whole') return [bytes];
  if (typeof cut === 'object') return [bytes.subarray(0, cut.at), bytes.subarray(cut.at)];
  const segments: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const isNearEnd = at < FINE_MAX_BYTES / 2 || at >= bytes.length - FINE_MAX_BYTES / 2;
    const upTo = isNearEnd
      ? at + 1
      : Math.min(at + COARSE_BYTES, bytes.length - FINE_MAX_BYTES / 2);
    segments.push(bytes.subarray(at, upTo));
    at = upTo;
  }
  return segments;
}

/** A connection to the proxy: what was sent is exactly what was given. */
export class RawClient {
  readonly socket: Socket;
  isClosed = false;
  /** The proxy has closed its half. */
  isEnded = false;
  wasReset = false;
  /** When false, `received` stays as it is and the socket must be read otherwise. */
  received: Buffer = Buffer.alloc(0);
  #wake: (() => void) | null = null;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.socket.on('data', (bytes) => {
      this.received = this.received.length === 0 ? bytes : Buffer.concat([this.received, bytes]);
      this.#wake?.();
    });
    this.socket.on('end', () => {
      this.isEnded = true;
      this.#wake?.();
    });
    this.socket.on('error', () => {
      this.wasReset = true;
    });
    this.socket.on('close', () => {
      this.isClosed = true;
      this.#wake?.();
    });
  }

  /** Sends each segment by itself; stops when the proxy has closed. */
  async send(bytes: string | Buffer, cut: Cut = 'whole'): Promise<void> {
    const all = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    for (const segment of segmentsOf(all, cut)) {
      if (this.isEnded || this.isClosed) return;
      await this.#write(segment);
      if (cut !== 'whole') await turn();
    }
  }

  #write(segment: Buffer): Promise<void> {
    return new Promise((resolve) => void this.socket.write(segment, () => resolve()));
  }

  /** Every message that has come so far, and what is left behind the last of them. */
  answers(toHead: readonly boolean[] = []): { answers: SeenAnswer[]; rest: string } {
    const answers: SeenAnswer[] = [];
    let finals = 0;
    for (let at = 0; ; ) {
      const isOver = (this.isEnded || this.isClosed) && !this.wasReset;
      const isToHead = toHead[finals] === true;
      const found = parseAnswer(this.received, at, isToHead, isOver);
      if (found.kind !== 'message') return { answers, rest: this.received.toString('latin1', at) };
      if (found.message.status >= 200) finals += 1;
      answers.push(found.message);
      at = found.end;
    }
  }

  /** True as soon as `condition` holds; false when it does not within `maxMs`. */
  async when(condition: () => boolean, maxMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + maxMs;
    while (!condition()) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
    return true;
  }

  /** Closed by the proxy within `maxMs`. */
  whenClosed(maxMs: number): Promise<boolean> {
    return this.when(() => this.isEnded || this.isClosed, maxMs);
  }

  /** Breaks the connection off with a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A raw side: what it was sent, and sockets to answer on. */
export interface RawSide {
  readonly url: string;
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  readonly connectionCount: number;
  close(): Promise<void>;
}

/** A side that does with each connection what `accept` says. */
export async function startRawSide(accept: (socket: Socket) => void): Promise<RawSide> {
  const sockets = new Set<Socket>();
  let connectionCount = 0;
  const server: Server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    connectionCount += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    accept(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    sockets,
    get connectionCount() {
      return connectionCount;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** A side that records every whole request, in order, and answers it by itself. */
export interface RecordingSide extends RawSide {
  readonly seen: SeenRequest[];
  /** Heads or parts of requests that never became whole. */
  readonly partial: string[];
  /** Why a connection's bytes were no canonical HTTP. */
  readonly malformed: string[];
  /** Requests begun and not whole, on connections that are open. */
  readonly pendingCount: number;
  answer: (request: SeenRequest, socket: Socket) => void;
}

/** What a recording side says to a request: its own method and target, so that ids can be told. */
export function echo(request: SeenRequest, socket: Socket): void {
  const text = `${request.method} ${request.target}`;
  const body = request.method === 'HEAD' ? '' : text;
  const head = `HTTP/1.1 200 OK\r\nX-Echo: ${text}\r\nContent-Length: ${text.length}\r\n\r\n`;
  socket.write(head + body, 'latin1');
}

/** A recording side on a port of its own. */
export async function startRecordingSide(
  answer: RecordingSide['answer'] = echo,
): Promise<RecordingSide> {
  const seen: SeenRequest[] = [];
  const partial: string[] = [];
  const malformed: string[] = [];
  const pendingOf = new Map<Socket, Buffer>();
  const side = await startRawSide((socket) => {
    socket.on('data', (bytes) => {
      const earlier = pendingOf.get(socket);
      const pending = earlier === undefined ? bytes : Buffer.concat([earlier, bytes]);
      const rest = pending.subarray(takeRequests(pending, socket));
      if (rest.length > 0) pendingOf.set(socket, rest);
      else pendingOf.delete(socket);
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      const pending = pendingOf.get(socket);
      if (pending !== undefined) partial.push(pending.toString('latin1'));
      pendingOf.delete(socket);
    });
  });
  /** Answers how many bytes were whole requests. */
  function takeRequests(bytes: Buffer, socket: Socket): number {
    for (let at = 0; ; ) {
      if (at === bytes.length) return at;
      const found = parseRequest(bytes, at);
      if (found.kind === 'malformed') {
        malformed.push(`${found.why}: ${bytes.toString('latin1', at)}`);
        socket.destroy();
      }
      if (found.kind !== 'message') return at;
      seen.push(found.message);
      recording.answer(found.message, socket);
      at = found.end;
    }
  }
  const recording: RecordingSide = {
    url: side.url,
    port: side.port,
    sockets: side.sockets,
    get connectionCount() {
      return side.connectionCount;
    },
    close: () => side.close(),
    seen,
    partial,
    malformed,
    get pendingCount() {
      return pendingOf.size;
    },
    answer,
  };
  return recording;
}
