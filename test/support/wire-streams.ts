/**
 * Generated streams through the whole proxy, and whether it ever lost step: each request that a
 * side sees must be one that the reference allows, each answer must be that request's, and a
 * last request on the same connection must come back with its own mark.
 */
import { connect, type Socket } from 'node:net';
import { DEFAULT_PORT } from '../../src/config/defaults.ts';
import { startProxy, testSettings } from './proxy.ts';
import { until } from './sides.ts';
import { type GeneratedStream, generateStream } from './wire-generate.ts';
import { parseAnswer, type SeenRequest, valuesOf } from './wire-parse.ts';
import { markOf, ownFields, predict, type Prediction } from './wire-reference.ts';
import { bytesAlone } from './wire-stage.ts';
import { type RecordingSide, startRecordingSide, turn } from './wire.ts';

export interface StreamsOptions {
  readonly seed: number;
  readonly streams: number;
  /** Streams under way at once. */
  readonly width: number;
  /** 0 to 100: how many of their requests the shadow sees too. */
  readonly mirrorPercent: number;
  readonly onProgress?: (tally: Tally) => void;
  readonly onDesync?: (what: string) => void;
}

/** What a run came to; the identity of a stream is its seed. */
export interface Tally {
  streams: number;
  /** Streams to which nothing had been done. */
  good: number;
  /** Requests answered by a side. */
  forwarded: number;
  mirrored: number;
  /** Streams that the proxy refused at some point. */
  refused: number;
  /** Streams with something done to them that it refused though the reference did not. */
  stricter: number;
  /** Streams that ended with a 502 or 504: the machine was too busy to be tried on. */
  late: number;
  /** Any loss of step: the first few, in words. */
  readonly desyncs: string[];
  desyncCount: number;
}

/** Limits of the proxy's: a machine that is busy elsewhere may leave it waiting for seconds. */
const WAIT_MS = 60_000;
/** A client waits for so many ticks: when the whole machine stands still, none pass. */
const TICK_MS = 1000;
const TICKS_MAX = 60;
const DESYNCS_TOLD = 10;
const PROGRESS_STREAMS = 1000;
/** Marks are kept until a straggler of the shadow could not come any more. */
const GENERATION = 20_000;

/** Marks that a side may see: those of the latest streams. */
class Allowed {
  #recent = new Set<string>();
  #older = new Set<string>();

  add(mark: string): void {
    if (this.#recent.size >= GENERATION) {
      this.#older = this.#recent;
      this.#recent = new Set();
    }
    this.#recent.add(mark);
  }

  has(mark: string): boolean {
    return this.#recent.has(mark) || this.#older.has(mark);
  }
}

/** Runs `options.streams` streams and answers what they came to. */
export async function runStreams(options: StreamsOptions): Promise<Tally> {
  const run = new Run(options);
  return run.all();
}

class Run {
  readonly #options: StreamsOptions;
  readonly #allowed = new Allowed();
  /** Of the streams under way. */
  readonly #awaited = new Set<string>();
  /** What damage has left of two requests at once was the same: they cannot be counted apart. */
  readonly #shared = new Set<string>();
  readonly #clients = new Set<StreamClient>();
  /** How often the live side has seen each mark, until its stream has been looked at. */
  readonly #seen = new Map<string, number>();
  readonly #tally: Tally = {
    streams: 0,
    good: 0,
    forwarded: 0,
    mirrored: 0,
    refused: 0,
    stricter: 0,
    late: 0,
    desyncs: [],
    desyncCount: 0,
  };
  #port = 0;
  #next = 0;

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  async all(): Promise<Tally> {
    const legacy = await startRecordingSide();
    const candidate = await startRecordingSide();
    const { mirrorPercent, width } = this.#options;
    const settings = testSettings(legacy.url, candidate.url, {
      key: null,
      port: { ...DEFAULT_PORT, headTimeoutMs: WAIT_MS },
      liveTimeoutMs: WAIT_MS,
      mirror: { percent: mirrorPercent, maxRatePerSec: null, routes: null, autoPause: null },
    });
    const proxy = await startProxy(settings, 0, {
      fullness: () => 0,
      analyst: bytesAlone(),
    });
    this.#port = proxy.port;
    this.#record(legacy, true);
    this.#record(candidate, false);
    const ticks = setInterval(() => {
      for (const client of this.#clients) client.tick();
    }, TICK_MS);
    await Promise.all(Array.from({ length: width }, () => this.#lane()));
    clearInterval(ticks);
    await until(() => proxy.traffic().inFlight === 0);
    this.#tally.mirrored = proxy.traffic().mirrored;
    for (const side of [legacy, candidate]) {
      for (const why of side.malformed) this.#desync(`a side got ${why}`);
    }
    for (const each of [proxy, legacy, candidate]) await each.close();
    return this.#tally;
  }

  #record(side: RecordingSide, isLive: boolean): void {
    side.answer = (request, socket) => {
      side.seen.length = 0;
      side.partial.length = 0;
      const mark = markOfSeen(request);
      if (!this.#allowed.has(mark)) {
        this.#desync(`${isLive ? 'live' : 'shadow'} saw ${request.method} ${request.target}`);
      }
      if (isLive) this.#seen.set(mark, (this.#seen.get(mark) ?? 0) + 1);
      const body = request.method === 'HEAD' ? '' : mark;
      const head = `HTTP/1.1 200 OK\r\nX-Mark: ${mark}\r\nContent-Length: ${mark.length}\r\n\r\n`;
      socket.write(head + body, 'latin1');
    };
  }

  async #lane(): Promise<void> {
    const { seed, streams, onProgress } = this.#options;
    while (this.#next < streams) {
      const streamSeed = seed + this.#next;
      this.#next += 1;
      await this.#stream(streamSeed);
      this.#tally.streams += 1;
      if (this.#tally.streams % PROGRESS_STREAMS === 0) onProgress?.(this.#tally);
    }
  }

  async #stream(seed: number): Promise<void> {
    const stream = generateStream(seed);
    const canary = `GET /canary/${seed} HTTP/1.1\r\nHost: h\r\n\r\n`;
    const prediction = predict(stream.text);
    const { requests, end } = prediction;
    const last = { mark: markOf('GET', `/canary/${seed}`, '', ''), isHead: false };
    const expected = end === 'open' ? [...requests, last] : requests;
    for (const { mark } of expected) this.#expect(mark);
    const client = new StreamClient(this.#port, expected);
    this.#clients.add(client);
    await client.send(stream, end === 'open' ? canary : '', end === 'open');
    await client.whenOver();
    this.#clients.delete(client);
    this.#judge(seed, stream, prediction, client);
    const answered = client.marks.length;
    // A request whose answer came too late may have been delivered, and those behind it too.
    const judged = client.isLate ? answered : expected.length;
    for (const [i, { mark }] of expected.entries()) {
      const count = this.#seen.get(mark) ?? 0;
      this.#seen.delete(mark);
      const wanted = i < answered ? 1 : 0;
      const isOwn = !this.#shared.has(mark);
      if (count !== wanted && i < judged && isOwn) {
        this.#desync(`seed ${seed}: request ${i} delivered ${count} times, answered ${wanted}`);
      }
      this.#awaited.delete(mark);
    }
  }

  #expect(mark: string): void {
    this.#allowed.add(mark);
    if (this.#awaited.has(mark)) this.#shared.add(mark);
    this.#awaited.add(mark);
  }

  #judge(
    seed: number,
    stream: GeneratedStream,
    { requests, end }: Prediction,
    client: StreamClient,
  ): void {
    const tally = this.#tally;
    const { complaint } = client;
    if (complaint !== '') this.#desync(`seed ${seed}: ${complaint}`);
    tally.forwarded += client.marks.length;
    if (stream.isGood) tally.good += 1;
    if (client.isLate) {
      tally.late += 1;
      return;
    }
    if (client.isRefused) tally.refused += 1;
    const wanted = requests.length + (end === 'open' ? 1 : 0);
    if (client.marks.length === wanted && !(client.isRefused && end === 'open')) return;
    if (stream.isGood) this.#desync(`seed ${seed}: ${client.marks.length} of ${wanted} answered`);
    else if (client.isRefused) tally.stricter += 1;
    else this.#desync(`seed ${seed}: ${client.marks.length} of ${wanted} answered, none refused`);
  }

  #desync(what: string): void {
    this.#tally.desyncCount += 1;
    this.#options.onDesync?.(what);
    if (this.#tally.desyncs.length < DESYNCS_TOLD) this.#tally.desyncs.push(what);
  }
}

function markOfSeen({ method, target, headers, body }: SeenRequest): string {
  return markOf(method, target, ownFields(headers), body.toString('latin1'));
}

/** A refusal has a body even where the request, which nobody has read, was HEAD. */
function parseNext(bytes: Buffer, isHead: boolean): ReturnType<typeof parseAnswer> {
  const found = parseAnswer(bytes, 0, isHead, false);
  if (!isHead || found.kind !== 'message') return found;
  const isRefusal = valuesOf(found.message.headers, 'crossfade-error').length > 0;
  return isRefusal ? parseAnswer(bytes, 0, false, false) : found;
}

/** One connection that carries one stream. */
class StreamClient {
  /** The marks of the answers, in order. */
  readonly marks: string[] = [];
  /** The last answer was the proxy's own. */
  isRefused = false;
  /** It told of a side that did not answer. */
  isLate = false;
  readonly #socket: Socket;
  readonly #expected: Prediction['requests'];
  #received: Buffer = Buffer.alloc(0);
  #problem = '';
  #isAwaited = false;
  #ticks = 0;
  #isEnded = false;
  #isDone = false;
  #onOver: (() => void) | null = null;

  constructor(port: number, expected: Prediction['requests']) {
    this.#expected = expected;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    this.#socket.on('data', (bytes) => {
      this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
      this.#take();
    });
    this.#socket.on('end', () => this.#end());
    this.#socket.on('close', () => this.#end());
    // A reset is seen by the close.
    this.#socket.on('error', () => undefined);
  }

  async send({ text, cuts }: GeneratedStream, canary: string, staysOpen: boolean): Promise<void> {
    const bytes = Buffer.from(text + canary, 'latin1');
    this.#isAwaited = staysOpen;
    let from = 0;
    for (const cut of cuts) {
      if (this.#isEnded) return;
      this.#socket.write(bytes.subarray(from, cut));
      from = cut;
      await turn();
    }
    if (this.#isEnded) return;
    if (staysOpen) this.#socket.write(bytes.subarray(from));
    else this.#socket.end(bytes.subarray(from));
  }

  /** Everything has come, or nothing has for too long. */
  whenOver(): Promise<void> {
    if (this.#isDone) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onOver = resolve;
    });
  }

  tick(): void {
    this.#ticks += 1;
    if (this.#ticks <= TICKS_MAX || this.#isDone) return;
    this.#problem = `nothing more after ${this.marks.length} answers`;
    this.#over();
  }

  /** What is wrong with the answers; '' for nothing. */
  get complaint(): string {
    return this.#problem;
  }

  #take(): void {
    for (;;) {
      const next = this.#expected[this.marks.length];
      const found = parseNext(this.#received, next?.isHead === true);
      if (found.kind === 'malformed') this.#problem = found.why;
      if (found.kind !== 'message') return;
      this.#received = this.#received.subarray(found.end);
      const { status, headers, body } = found.message;
      if (status < 200) continue;
      const [mark] = valuesOf(headers, 'x-mark');
      if (this.isRefused) this.#problem = 'an answer behind a refusal';
      else if (mark === undefined) {
        this.isRefused = true;
        this.isLate = status === 502 || status === 504;
        if (this.isLate) {
          this.#over();
          return;
        }
      } else {
        if (next?.mark !== mark || (!next.isHead && body.toString() !== mark)) {
          this.#problem = `answer ${this.marks.length} is another request’s`;
        }
        this.marks.push(mark);
      }
      if (this.#isAwaited && this.marks.length === this.#expected.length) this.#over();
    }
  }

  #end(): void {
    this.#isEnded = true;
    if (this.#received.length > 0 && this.#problem === '') this.#problem = 'a cut answer';
    this.#over();
  }

  #over(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#socket.resetAndDestroy();
    this.#onOver?.();
  }
}
