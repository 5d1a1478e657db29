/**
 * The proxy process: serves on a socket that the controller holds, obeys its assignments, sends
 * it one summary a second. When it loses the controller it goes on: 30 s on the last assignment,
 * then on the safe target, until a new controller is in charge; then it drains and ends. A bug
 * ends it at once, loudly: another takes its place.
 */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock } from '../kit/clock.ts';
import { CrossfadeError, EXIT, messageOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import type { Assignment } from '../model/assignment.ts';
import type { TaintedKey } from '../model/window.ts';
import { type Analyst, createAnalyst } from './analyst/analyst.ts';
import { ToldJournal } from './missed/journal-port.ts';
import type { FromProxy, ToProxy } from './messages.ts';
import { createProxy, type Proxy } from './proxy.ts';
import { createSilentAnalyst } from './analyst/silent-analyst.ts';
import { ORPHAN_TAINT_PREFIX } from './missed/taint.ts';
import { takeQueue } from './take-queue.ts';
import { createWriteLog, type WriteLog } from './missed/write-log.ts';

const SUMMARY_PERIOD_MS = 1000;
const WRITTEN_PERIOD_MS = 50;
const LASTING_PERIOD_MS = 250;
const ORPHAN_CHECK_MS = 200;

type Start = Extract<ToProxy, { kind: 'start' }>;

/** A proxy from its start to its end. */
class ProxyLife {
  readonly #start: Start;
  readonly #writes: WriteLog = createWriteLog((write) => void tell({ kind: 'writing', write }));
  readonly #journal = new ToldJournal((seq, write) => tell({ kind: 'missed', seq, write }));
  readonly #proxy: Proxy;
  #isEnding = false;
  #closing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(start: Start) {
    this.#start = start;
    const { worker, settings, connections, isSafeMode } = start;
    this.#proxy = createProxy({
      worker,
      settings,
      assignment: this.#obeyed(start.assignment),
      clock: systemClock,
      analyst: analystFor(start),
      writes: this.#writes,
      journal: this.#journal,
      connections,
      isBypass: isSafeMode,
    });
    this.#proxy.tainted.restore(start.tainted);
    this.#proxy.tainted.held.kept(start.held);
  }

  serve(handle: unknown): void {
    const { server } = this.#proxy;
    let isServing = false;
    server.on('error', ({ message }) => {
      if (!isServing) tell({ kind: 'failed', cause: 'listen', message, hint: '' });
      else process.stderr.write(`crossfade: proxy ${process.pid} cannot accept: ${message}\n`);
    });
    server.listen(handle as object, LIMITS.listenBacklog, () => {
      isServing = true;
      tell({ kind: 'ready' });
    });
    this.#summarizeOnTheSecond();
    setInterval(() => this.#tellLasting(), LASTING_PERIOD_MS).unref();
  }

  hear(message: ToProxy): void {
    if (message.kind === 'assign') {
      if (!this.#proxy.assign(this.#obeyed(message.assignment))) return;
      const { epoch, revision, mirrorRevision } = message.assignment;
      tell({ kind: 'applied', epoch, revision, mirrorRevision });
    } else if (message.kind === 'close') void this.#takeQueue();
    else if (message.kind === 'drain') void this.end(message.maxMs);
    else hearOfMissed(message, this.#proxy, this.#journal);
  }

  /** The controller has gone. */
  orphaned(): void {
    if (!this.#isEnding)
      serveAsOrphan(this.#start, this.#proxy, () => this.#endAlone(LIMITS.longDrainMaxMs));
  }

  /** Somebody wants this one process to end: with a controller, once another serves. */
  terminated(): void {
    if (process.connected) tell({ kind: 'replace' });
    else void this.#endAlone(LIMITS.drainMaxMs);
  }

  /** Takes no more connections, finishes what is under way, hands over what it knows. */
  async end(maxMs: number): Promise<void> {
    if (this.#isEnding) {
      this.#proxy.hasten(maxMs);
      return;
    }
    this.#isEnding = true;
    await this.#closing;
    const tellWritten = (): void => {
      tell({ kind: 'written', ids: this.#writes.takeEnded() });
    };
    tellWritten();
    const telling = setInterval(tellWritten, WRITTEN_PERIOD_MS);
    const drained = this.#proxy.drain(maxMs, () => this.#lingers());
    tell({ kind: 'closed' });
    await drained;
    clearInterval(telling);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (process.connected) this.#summarize();
    else await this.#leaveTaints();
    await this.#proxy.close();
    if (process.connected) process.disconnect();
    process.exitCode = EXIT.pass;
    setTimeout(() => process.exit(), 1000).unref();
  }

  /** Only clients are left, with long answers: what is known is another's from here on. */
  #lingers(): void {
    if (!tell({ kind: 'lingers' })) void this.#leaveTaints();
  }

  /** All of them: what was told last may not have been written down before the end. */
  async #leaveTaints(): Promise<void> {
    const keys = [...this.#proxy.tainted.all(), ...this.#journal.unkept()];
    await leaveTaints(dirname(this.#start.controlPath), keys);
  }

  /** Nobody else may be left to take connections. */
  async #endAlone(maxMs: number): Promise<void> {
    await this.#takeQueue();
    await this.end(maxMs);
  }

  /** Closes the port, once it has taken what waits there. */
  #takeQueue(): Promise<void> {
    const { server } = this.#proxy;
    this.#closing ??= takeQueue(server, LIMITS.queueTakenMaxMs).then(() => {
      server.close();
      tell({ kind: 'closed' });
      return undefined;
    });
    return this.#closing;
  }

  /** What this proxy makes of an assignment: in safe mode it serves and does no more. */
  #obeyed(assignment: Assignment): Assignment {
    if (!this.#start.isSafeMode) return assignment;
    return { ...assignment, mirrorPercent: 0, comparePercent: 0 };
  }

  #summarize(): void {
    const endedWrites = this.#writes.takeEnded();
    if (!process.connected) return;
    tell({ kind: 'summary', summary: this.#proxy.summarize(), endedWrites });
  }

  #tellLasting(): void {
    const ids = this.#writes.takeLasting(LIMITS.openWriteLastsMs);
    if (ids.length > 0) tell({ kind: 'lasting', ids });
  }

  /** Seconds begin with the wall clock's, so that those of several proxies are the same ones. */
  #summarizeOnTheSecond(): void {
    const summarize = (): void => {
      if (this.#timer === null) return;
      this.#summarize();
      this.#summarizeOnTheSecond();
    };
    // Once all that was due has run: what a stall of this process held up, and what watches for it.
    const onTheSecond = (): void => void setImmediate(summarize);
    const leftMs = SUMMARY_PERIOD_MS - (Date.now() % SUMMARY_PERIOD_MS);
    this.#timer = setTimeout(onTheSecond, leftMs);
  }
}

/** False when there is nobody to tell. `then` is called when the message has left, or cannot. */
function tell(message: FromProxy, then: () => void = () => undefined): boolean {
  // A controller that has gone is noticed by `disconnect`; what could not be told is kept.
  if (!process.connected) {
    then();
    return false;
  }
  process.send!(message, then);
  return true;
}

/** What the controller says of tainted keys and of writes that a side missed. */
function hearOfMissed(message: ToProxy, { tainted, replayer }: Proxy, journal: ToldJournal): void {
  switch (message.kind) {
    case 'taint':
      tainted.restore(message.keys);
      break;
    case 'lift':
      tainted.lift(message.keys);
      break;
    case 'held':
      tainted.held.kept(message.keys);
      break;
    case 'released':
      tainted.held.released(message.keys, message.seenSeq);
      break;
    case 'kept':
      journal.kept(message.seq);
      break;
    case 'replay': {
      const { id, write } = message;
      replayer.replay(write, (end) => tell({ kind: 'replayed', id, end }));
      break;
    }
  }
}

function analystFor({ settings, isSafeMode }: Start): Analyst {
  if (isSafeMode) return createSilentAnalyst();
  const { routes, compare, record, key, twin, noise, workers } = settings;
  const isLearning = (twin === null ? noise.reaskRatio : noise.twinRatio) > 0;
  const redactKey = randomBytes(32);
  const noiseWorkers = isLearning ? { noiseWorkers: workers } : {};
  return createAnalyst({ routes, compare, record, key, redactKey, ...noiseWorkers });
}

/** Without a controller: hold, then the safe target; drain once a new controller is there. */
function serveAsOrphan(start: Start, proxy: Proxy, end: () => Promise<void>): void {
  const ownEpoch = proxy.assignment.epoch;
  setTimeout(() => {
    const { safeTarget } = proxy.assignment;
    proxy.assign({ ...proxy.assignment, canaryPercent: safeTarget });
    process.stderr.write(
      `crossfade: proxy ${process.pid} has had no controller for ${LIMITS.orphanHoldMs} ms: ` +
        `serving at the safe target, ${safeTarget} %; start \`crossfade run\` to take over\n`,
    );
  }, LIMITS.orphanHoldMs).unref();
  const check = setInterval(() => {
    void readEpoch(start.controlPath).then((epoch) => {
      if (epoch <= ownEpoch) return undefined;
      clearInterval(check);
      return end();
    });
  }, ORPHAN_CHECK_MS);
}

/** The epoch of the controller named in `control.json`; 0 when there is none to read. */
async function readEpoch(path: string): Promise<number> {
  try {
    const control: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof control !== 'object' || control === null || !('epoch' in control)) return 0;
    return typeof control.epoch === 'number' ? control.epoch : 0;
  } catch {
    // Missing or half-written: no controller is in charge yet; the next look will tell.
    return 0;
  }
}

async function leaveTaints(folder: string, keys: readonly TaintedKey[]): Promise<void> {
  if (keys.length === 0) return;
  const path = join(folder, `${ORPHAN_TAINT_PREFIX}${process.pid}.json`);
  try {
    await writeFile(path, JSON.stringify(keys), { mode: 0o600 });
  } catch (error) {
    process.stderr.write(
      `crossfade: ${keys.length} keys whose shadow missed a write could not be handed over ` +
        `(${messageOf(error)}); their pairs may mismatch\n`,
    );
  }
}

/** A proxy that cannot be put together says why before it ends. */
function begin(start: Start, handle: unknown): ProxyLife | null {
  try {
    const life = new ProxyLife(start);
    life.serve(handle);
    return life;
  } catch (error) {
    const isOurs = !(error instanceof CrossfadeError);
    const cause = isOurs ? 'bug' : 'settings';
    const hint = isOurs ? '' : (error.hint ?? '');
    const end = (): void => (isOurs ? endByBug(error) : process.exit(EXIT.usage));
    tell({ kind: 'failed', cause, message: messageOf(error), hint }, end);
    return null;
  }
}

/** Nothing that is known holds after a bug: the sooner another process serves, the better. */
function endByBug(error: unknown): void {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`crossfade: proxy ${process.pid} ends, by a bug of crossfade: ${stack}\n`);
  process.exit(EXIT.internal);
}

let life: ProxyLife | null = null;
process.on('uncaughtException', endByBug);
process.on('message', (message: ToProxy, handle: unknown) => {
  if (message.kind === 'start') life = begin(message, handle);
  else life?.hear(message);
});
process.on('disconnect', () => life?.orphaned());
process.on('SIGTERM', () => life?.terminated());
// Signals reach a whole group at once; while there is a controller, it decides what they mean.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
