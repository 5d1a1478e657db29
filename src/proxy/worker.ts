/**
 * The proxy process: serves on a socket that the controller holds, obeys its assignments, sends
 * it one summary a second. When it loses the controller it goes on: 30 s on the last assignment,
 * then on the safe target, until a new controller is in charge; then it drains and ends.
 */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock } from '../kit/clock.ts';
import { codeOf, messageOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import type { TaintedKey } from '../model/window.ts';
import { createAnalyst } from './analyst.ts';
import { ToldJournal } from './journal-port.ts';
import type { FromProxy, ToProxy } from './messages.ts';
import { createProxy, type Proxy } from './proxy.ts';
import { ORPHAN_TAINT_PREFIX } from './taint.ts';
import { createWriteLog } from './write-log.ts';

const SUMMARY_PERIOD_MS = 1000;
const ORPHAN_CHECK_MS = 200;

type Start = Extract<ToProxy, { kind: 'start' }>;

/** False when there is nobody to tell. */
function tell(message: FromProxy): boolean {
  // A controller that has gone is noticed by `disconnect`; what could not be told is kept.
  if (!process.connected) return false;
  process.send!(message, () => undefined);
  return true;
}

function begin(start: Start, handle: unknown): void {
  const { settings } = start;
  const writes = createWriteLog((write) => void tell({ kind: 'writing', write }));
  const journal = new ToldJournal((seq, write) => tell({ kind: 'missed', seq, write }));
  const analyst = createAnalyst({
    routes: settings.routes,
    record: settings.record,
    key: settings.key,
    redactKey: randomBytes(32),
  });
  const { worker, assignment } = start;
  const proxy = createProxy({
    worker,
    settings,
    assignment,
    clock: systemClock,
    analyst,
    writes,
    journal,
  });
  proxy.tainted.restore(start.tainted);
  proxy.tainted.held.kept(start.held);
  let isEnding = false;

  const summarize = (): void => {
    const endedWrites = writes.takeEnded();
    if (!process.connected) return;
    tell({ kind: 'summary', summary: proxy.summarize(), endedWrites });
  };
  const stopSummaries = onTheSecond(summarize);

  const end = async (): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    await proxy.drain(LIMITS.drainMaxMs);
    stopSummaries();
    if (process.connected) summarize();
    else await leaveTaints(start.controlPath, [...proxy.tainted.all(), ...journal.unkept()]);
    await proxy.close();
    if (process.connected) process.disconnect();
    process.exitCode = 0;
    setTimeout(() => process.exit(), 1000).unref();
  };

  process.on('message', (message: ToProxy) => {
    if (message.kind === 'assign' && proxy.assign(message.assignment)) {
      const { epoch, revision, mirrorRevision } = message.assignment;
      tell({ kind: 'applied', epoch, revision, mirrorRevision });
    } else if (message.kind === 'drain') void end();
    else hearOfMissed(message, proxy, journal);
  });
  process.on('disconnect', () => {
    if (!isEnding) serveAsOrphan(start, proxy, end);
  });
  process.on('SIGTERM', () => {
    if (!process.connected) void end();
  });
  proxy.server.once('error', (error) => {
    tell({ kind: 'listen-failed', code: codeOf(error), message: error.message });
  });
  proxy.server.listen(handle as object, () => tell({ kind: 'ready' }));
}

/**
 * Calls `run` as each second of the wall clock ends, so that those of several proxies are the
 * same ones; the answer stops it.
 */
function onTheSecond(run: () => void): () => void {
  let timer: NodeJS.Timeout;
  const next = (): void => {
    timer = setTimeout(
      () => {
        run();
        next();
      },
      SUMMARY_PERIOD_MS - (Date.now() % SUMMARY_PERIOD_MS),
    );
  };
  next();
  return () => clearTimeout(timer);
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

/** All of them: what was told last may not have been written down before the end. */
async function leaveTaints(controlPath: string, keys: readonly TaintedKey[]): Promise<void> {
  if (keys.length === 0) return;
  const path = join(dirname(controlPath), `${ORPHAN_TAINT_PREFIX}${process.pid}.json`);
  try {
    await writeFile(path, JSON.stringify(keys), { mode: 0o600 });
  } catch (error) {
    process.stderr.write(
      `crossfade: ${keys.length} keys whose shadow missed a write could not be handed over ` +
        `(${messageOf(error)}); their pairs may mismatch\n`,
    );
  }
}

process.once('message', (message: ToProxy, handle: unknown) => {
  if (message.kind === 'start') begin(message, handle);
});
// Signals reach a whole group at once; while there is a controller, it decides when a proxy ends.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
