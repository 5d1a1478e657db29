/**
 * The load of the isolation trial: requests on kept connections, at a fixed rate whatever comes
 * back (latency from the intended start), or as fast as they are answered. In: blocks to run.
 * Out: latencies and what failed. Connections outlive a block: opening them all anew at the start
 * of each would be the slowest hundredth of it, whatever the shadow does.
 */
import { connect, type Socket } from 'node:net';
import { monotonicUs } from '../src/kit/clock.ts';
import { LatencyHistogram } from '../src/measure/latency.ts';
import { ANSWER_BODY } from './isolation-side.ts';

export interface ToLoad {
  readonly port: number;
  readonly connections: number;
  /** Requests a second; null: as fast as they are answered. */
  readonly ratePerSec: number | null;
  readonly ms: number;
}

export interface LoadResult {
  readonly sent: number;
  readonly answered: number;
  /** Anything but the whole and right answer in time. */
  readonly failed: number;
  /** Those of the failed that got something else, or their connection closed. */
  readonly errors: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly perSec: number;
}

const GIVE_UP_MS = 10_000;
const HEAD_END = Buffer.from('\r\n\r\n');

class Client {
  /** Who is told of its answers. */
  load: Load | null = null;
  readonly port: number;
  #socket: Socket;
  #chunks: Buffer[] = [];
  #intendedUs = -1;
  #isClosed = false;

  constructor(port: number) {
    this.port = port;
    this.#socket = this.#open();
  }

  get isBusy(): boolean {
    return this.#intendedUs >= 0;
  }

  send(intendedUs: number, key: number): void {
    this.#intendedUs = intendedUs;
    this.#socket.write(`GET /u/${key}/x HTTP/1.1\r\nHost: bench\r\n\r\n`);
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #open(): Socket {
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#isClosed) return;
      this.#chunks = [];
      this.#socket = this.#open();
      if (this.isBusy) this.#ended(false);
    });
    return socket;
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) return;
    const head = bytes.toString('latin1', 0, end);
    const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
    const body = bytes.subarray(end + HEAD_END.length);
    if (body.length < length) return;
    this.#chunks = [];
    this.#ended(head.startsWith('HTTP/1.1 200 ') && body.equals(ANSWER_BODY));
  }

  #ended(isRight: boolean): void {
    const intendedUs = this.#intendedUs;
    this.#intendedUs = -1;
    this.load?.ended(this, intendedUs, isRight);
  }
}

let clients: readonly Client[] = [];

/** Those of the block before, where they fit. */
function clientsFor({ port, connections }: ToLoad): readonly Client[] {
  if (clients.length === connections && clients[0]?.port === port) return clients;
  for (const client of clients) client.close();
  clients = Array.from({ length: connections }, () => new Client(port));
  return clients;
}

class Load {
  readonly #options: ToLoad;
  readonly #latencies = new LatencyHistogram(3);
  #free: Client[];
  #endUs = 0;
  #sent = 0;
  #failed = 0;

  constructor(options: ToLoad) {
    this.#options = options;
    this.#free = [...clientsFor(options)];
    for (const client of this.#free) client.load = this;
  }

  ended(client: Client, intendedUs: number, isRight: boolean): void {
    const nowUs = monotonicUs();
    if (isRight) this.#latencies.record(nowUs - intendedUs);
    else this.#failed += 1;
    if (this.#options.ratePerSec === null && nowUs < this.#endUs) this.#send(client, nowUs);
    else this.#free.push(client);
  }

  async run(): Promise<LoadResult> {
    const { ratePerSec, ms } = this.#options;
    const startUs = monotonicUs();
    const endUs = startUs + ms * 1000;
    const waiting: number[] = [];
    let due = 0;
    this.#endUs = endUs;
    if (ratePerSec === null) for (const client of this.#free.splice(0)) this.#send(client, startUs);
    for (let nowUs = startUs; nowUs < endUs; nowUs = monotonicUs()) {
      const rate = ratePerSec ?? 0;
      for (; startUs + (due * 1e6) / rate <= nowUs; due += 1) {
        waiting.push(Math.round(startUs + (due * 1e6) / rate));
      }
      this.#sendDue(waiting);
      // A core of its own is not there for it: what is due within a millisecond goes together.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const lastUs = monotonicUs() + GIVE_UP_MS * 1000;
    while (this.#latencies.count + this.#failed < this.#sent + waiting.length) {
      if (monotonicUs() > lastUs) break;
      this.#sendDue(waiting);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    clients = clients.map((client) => (client.isBusy ? replaced(client) : client));
    const sent = this.#sent + waiting.length;
    const answered = this.#latencies.count;
    return {
      sent,
      answered,
      failed: sent - answered,
      errors: this.#failed,
      p50Us: this.#latencies.quantileUs(0.5),
      p99Us: this.#latencies.quantileUs(0.99),
      p999Us: this.#latencies.quantileUs(0.999),
      perSec: answered / (ms / 1000),
    };
  }

  /** Those whose time has come, oldest first, as far as connections are free. */
  #sendDue(waiting: number[]): void {
    const count = Math.min(waiting.length, this.#free.length);
    const free = this.#free.splice(this.#free.length - count, count);
    const due = waiting.splice(0, count);
    for (const [i, client] of free.entries()) this.#send(client, due[i]!);
  }

  #send(client: Client, intendedUs: number): void {
    this.#sent += 1;
    client.send(intendedUs, this.#sent % 10_000);
  }
}

/** For one whose answer was given up. */
function replaced(client: Client): Client {
  client.close();
  return new Client(client.port);
}

process.on('message', (options: ToLoad) => {
  void new Load(options).run().then((result) => process.send?.(result));
});
process.on('disconnect', () => process.exit());
