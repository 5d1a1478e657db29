import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CrossfadeError, codeOf, EXIT } from '../src/kit/errors.ts';
import { requireJars, requireJava } from './java.ts';
import { type NodeSettings, prepareNode } from './node-files.ts';

const READY_MAX_MS = 180_000;
const STOP_MAX_MS = 30_000;
const POLL_MS = 100;

/** The node's log, rewritten at each start. */
export function logPath(node: NodeSettings): string {
  return join(node.folder, 'log');
}

function pidPath(node: NodeSettings): string {
  return join(node.folder, 'pid');
}

/** True when something accepts connections there. */
export function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const answer = (isOpen: boolean) => (): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', answer(true)).once('error', answer(false));
    socket.setTimeout(2000, answer(false));
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return '';
    throw error;
  }
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** The process that runs the node or is starting it; null when none does. */
export function runningPid(node: NodeSettings): number | null {
  const pid = Number.parseInt(readText(pidPath(node)), 10);
  if (!(pid > 0) || !isProcess(pid)) return null;
  if (process.platform !== 'linux') return pid;
  // The number may belong to another program by now, or to a dead child nobody has waited for.
  return /cassandra/i.test(readText(`/proc/${pid}/cmdline`)) ? pid : null;
}

/**
 * Starts the node unless one runs in its folder or its ports are taken: a second process would
 * delete the commit log of the first. Not yet ready when this resolves; see `waitUntilReady`.
 */
export async function startNode(
  node: NodeSettings,
  say: (sentence: string) => void,
): Promise<ChildProcess> {
  refuseRunning(node);
  for (const port of [node.port, node.storagePort]) {
    if (!(await isListening(node.host, port))) continue;
    throw new CrossfadeError('port-in-use', `${node.host}:${port} is in use by another program.`, {
      hint: 'Stop it, or choose other ports with --port and --storage-port.',
    });
  }
  const java = requireJava();
  const jars = requireJars(say);
  mkdirSync(node.folder, { recursive: true });
  claimFolder(node);
  try {
    return spawnJava(node, java, prepareNode(node, jars));
  } catch (error) {
    rmSync(pidPath(node), { force: true });
    throw error;
  }
}

function refuseRunning(node: NodeSettings): void {
  const pid = runningPid(node);
  if (pid === null) return;
  const sentence = `Cassandra already runs on ${node.host}:${node.port} (process ${pid}).`;
  throw new CrossfadeError('cassandra-running', sentence, {
    hint: 'npm run cassandra -- stop',
  });
}

// Exclusive creation settles two starters at once: the other one finds the file.
function claimFolder(node: NodeSettings): void {
  refuseRunning(node);
  rmSync(pidPath(node), { force: true });
  try {
    writeFileSync(pidPath(node), `${process.pid}\n`, { flag: 'wx' });
  } catch (error) {
    refuseRunning(node);
    throw error;
  }
}

function spawnJava(node: NodeSettings, java: string, args: readonly string[]): ChildProcess {
  const log = openSync(logPath(node), 'w', 0o600);
  try {
    // A session of its own: Ctrl-C in the terminal is ours to pass on, once.
    const child = spawn(java, args, { stdio: ['ignore', log, log], detached: true });
    if (child.pid === undefined) throw new Error(`${java} could not be started`);
    writeFileSync(pidPath(node), `${child.pid}\n`);
    return child;
  } finally {
    closeSync(log);
  }
}

/** Resolves when clients can connect; throws when the node ends first or takes too long. */
export async function waitUntilReady(node: NodeSettings, child: ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + READY_MAX_MS;
  // The CQL port opens last, so that a connection means ready.
  while (!(await isListening(node.host, node.port))) {
    if (child.exitCode !== null || child.signalCode !== null) throw ended(node, 'ended');
    if (performance.now() > deadlineMs) throw ended(node, 'is still not ready');
    await sleep(POLL_MS);
  }
}

function ended(node: NodeSettings, what: string): CrossfadeError {
  const lines = readText(logPath(node)).split('\n');
  const reason = lines.findLast((line) => /ERROR|Exception|Error:/.test(line)) ?? '';
  const sentence = `Cassandra ${what} while starting${reason === '' ? '' : `: ${reason.trim()}`}`;
  return new CrossfadeError('cassandra-failed', sentence, {
    hint: `The whole log is ${logPath(node)}.`,
    exitCode: EXIT.internal,
  });
}

/** Stops the node, whoever started it, and waits until it is gone; false when none ran. */
export async function stopNode(node: NodeSettings): Promise<boolean> {
  const pid = runningPid(node);
  if (pid !== null) {
    process.kill(pid, 'SIGTERM');
    const deadlineMs = performance.now() + STOP_MAX_MS;
    let isForced = false;
    while (runningPid(node) === pid) {
      if (!isForced && performance.now() > deadlineMs) {
        process.kill(pid, 'SIGKILL');
        isForced = true;
      }
      await sleep(POLL_MS);
    }
  }
  // Another starter may own the file by now.
  if (runningPid(node) === null) rmSync(pidPath(node), { force: true });
  return pid !== null;
}
