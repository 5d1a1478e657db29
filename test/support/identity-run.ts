/**
 * Load through a proxy whose two sides break in every way, switched at random: for the promise
 * that every request is accounted for, and none is carried out twice.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createRandom, type Random } from '../../src/kit/random.ts';
import type { TrafficCounts } from '../../src/model/window.ts';
import { identities, startProxy, testRoute, testSettings } from './proxy.ts';
import { until } from './sides.ts';

export interface IdentityOptions {
  readonly requests: number;
  readonly connections: number;
  readonly seed: number;
  readonly onProgress?: (done: number) => void;
}

export interface IdentityResult {
  readonly traffic: TrafficCounts;
  /** Times that one of the identities did not hold, of `looks`. */
  readonly violations: number;
  readonly looks: number;
  readonly sent: number;
  /** Writes that the live side was sent more than once. */
  readonly liveWritesTwice: number;
  /** Copies of writes that no route declares. */
  readonly undeclaredCopies: number;
  /** Writes that one side was sent at all. */
  readonly writesSeen: number;
  readonly faultsSeen: Readonly<Record<string, number>>;
}

const FAULTS = ['slow', 'refuse', 'hang', 'cut', 'error', 'garbage', 'none'] as const;
type Fault = (typeof FAULTS)[number];

/** Requests a side answers in one way before the next is drawn; mostly it is well. */
const FAULT_LASTS = 100;
const FAULTY_SHARE = 0.2;

const BODY = '{"same":true}';
const OK = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`);
const ERROR = Buffer.from('HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n');
const CUT = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this');
const GARBAGE = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok');

/** One side: answers as its fault of the moment says, and remembers every write it was sent. */
class FaultySide {
  readonly writes = new Map<string, number>();
  readonly shadowed = new Set<string>();
  readonly faultsSeen: Partial<Record<Fault, number>> = {};
  readonly #random: Random;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#serve(socket));
  #fault: Fault = 'none';
  #left = FAULT_LASTS;

  constructor(seed: number) {
    this.#random = createRandom(seed);
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  heal(): void {
    this.#fault = 'none';
    this.#left = Infinity;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      for (;;) {
        const headEnd = text.indexOf('\r\n\r\n');
        if (headEnd < 0) return;
        const head = text.slice(0, headEnd);
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (text.length < headEnd + 4 + length) return;
        text = text.slice(headEnd + 4 + length);
        this.#answer(socket, head);
      }
    });
  }

  #answer(socket: Socket, head: string): void {
    const [method, target] = head.split(' ', 2) as [string, string];
    if (method === 'POST') {
      this.writes.set(target, (this.writes.get(target) ?? 0) + 1);
      if (/crossfade-role: shadow/i.test(head)) this.shadowed.add(target);
    }
    this.#left -= 1;
    if (this.#left <= 0) {
      this.#left = FAULT_LASTS;
      const isFaulty = this.#random.next() < FAULTY_SHARE;
      const drawn = FAULTS[Math.floor(this.#random.next() * (FAULTS.length - 1))]!;
      this.#fault = isFaulty ? drawn : 'none';
    }
    this.faultsSeen[this.#fault] = (this.faultsSeen[this.#fault] ?? 0) + 1;
    switch (this.#fault) {
      case 'none':
        socket.write(OK);
        break;
      case 'slow':
        setTimeout(() => socket.write(OK), 20);
        break;
      case 'refuse':
        socket.resetAndDestroy();
        break;
      case 'hang':
        break;
      case 'cut':
        socket.end(CUT);
        break;
      case 'error':
        socket.write(ERROR);
        break;
      case 'garbage':
        socket.end(GARBAGE);
        break;
    }
  }
}

const ROUTES = [
  testRoute('GET /u/:user/x'),
  testRoute('POST /u/:user/declared', { writes: 'mirror' }),
];

/** Sends the requests over kept connections, and looks at the counts all the while. */
export async function runIdentity(options: IdentityOptions): Promise<IdentityResult> {
  const random = createRandom(options.seed);
  const sides = [new FaultySide(options.seed + 1), new FaultySide(options.seed + 2)] as const;
  const [legacy, candidate] = sides;
  const proxy = await startProxy(
    testSettings(await legacy.start(), await candidate.start(), {
      routes: ROUTES,
      liveTimeoutMs: 250,
      rescueAfterMs: 150,
      shadowTimeoutMs: 200,
    }),
    50,
  );
  let sent = 0;
  let looks = 0;
  let violations = 0;
  const look = (): TrafficCounts => {
    const traffic = proxy.traffic();
    looks += 1;
    if (identities(traffic).some(([left, right]) => left !== right)) violations += 1;
    if (traffic.inFlight < 0) violations += 1;
    return traffic;
  };
  const next = (): string | null => {
    if (sent >= options.requests) return null;
    sent += 1;
    if (sent % 1000 === 0) look();
    if (sent % 50_000 === 0) options.onProgress?.(sent);
    const user = Math.floor(random.next() * 500);
    const draw = random.next();
    const id = `?id=${sent}`;
    if (draw < 0.7) return `GET /u/${user}/x${id} HTTP/1.1\r\nHost: h\r\n\r\n`;
    const path = draw < 0.85 ? 'declared' : 'undeclared';
    const body = 'content-length: 4\r\n\r\nbody';
    return `POST /u/${user}/${path}${id} HTTP/1.1\r\nHost: h\r\n${body}`;
  };
  await Promise.all(Array.from({ length: options.connections }, () => sendAll(proxy.port, next)));
  for (const side of sides) side.heal();
  await until(() => look().inFlight === 0);
  const traffic = look();
  await proxy.close();
  for (const side of sides) side.close();
  return { traffic, violations, looks, sent, ...deliveries(legacy, candidate) };
}

function deliveries(legacy: FaultySide, candidate: FaultySide) {
  let liveWritesTwice = 0;
  let undeclaredCopies = 0;
  for (const side of [legacy, candidate]) {
    const other = side === legacy ? candidate : legacy;
    for (const [target, count] of side.writes) {
      // One delivery in each role is right; a second in the same role is not.
      if (count > 1) liveWritesTwice += 1;
      if (target.includes('/undeclared') && other.writes.has(target)) undeclaredCopies += 1;
      if (target.includes('/undeclared') && side.shadowed.has(target)) undeclaredCopies += 1;
    }
  }
  const faultsSeen: Record<string, number> = {};
  for (const { faultsSeen: seen } of [legacy, candidate]) {
    for (const [fault, count] of Object.entries(seen)) {
      faultsSeen[fault] = (faultsSeen[fault] ?? 0) + count;
    }
  }
  const writesSeen = legacy.writes.size + candidate.writes.size;
  return { liveWritesTwice, undeclaredCopies, writesSeen, faultsSeen };
}

/** One request after the other on kept connections, a new one wherever the last was closed. */
async function sendAll(port: number, next: () => string | null): Promise<void> {
  for (;;) {
    const isDone = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      let isEmpty = false;
      let text = '';
      const sendNext = (): void => {
        const request = next();
        isEmpty = request === null;
        if (request === null) socket.destroy();
        else socket.write(request);
      };
      socket.on('connect', sendNext);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => resolve(isEmpty));
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        const headEnd = text.indexOf('\r\n\r\n');
        if (headEnd < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
        if (text.length < headEnd + 4 + length) return;
        text = '';
        sendNext();
      });
    });
    if (isDone) return;
  }
}
