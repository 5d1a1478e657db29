/**
 * The ways of a trial: each a proxy of one worker in front of the same two sides, on a port of its
 * own and a core that is kept for it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, findControl } from '../src/control/client.ts';
import type { Status } from '../src/model/rollout.ts';
import { treeOf } from './cpu-time.ts';
import { fillTemplates, findCommand, opens, type Peer, type Place, versionOf } from './peers.ts';
import type { Pinning } from './pinning.ts';
import { endsWithTrial } from './trial-child.ts';

export interface Sides {
  readonly legacy: number;
  readonly candidate: number;
}

interface Way {
  readonly id: string;
  readonly name: string;
  readonly port: number;
  readonly isMirroring: boolean;
  readonly version: string | null;
  /** Command and arguments; none for the way that has no proxy. */
  readonly command: readonly string[];
  readonly folder: string;
  readonly isListeningIn?: boolean | undefined;
  readonly isFresh?: boolean | undefined;
  /** Whether it is Crossfade, which counts for itself. */
  readonly isOurs?: boolean;
}

const ENDS_WITHIN_MS = 5000;
const LISTENS_IN_AFTER_MS = 1000;
const CLOSING = { headers: { connection: 'close' } };
const MAIN = join(import.meta.dirname, '../src/cli/main.ts');

/** A way of the trial, begun and ended as often as it is wanted. */
export class Arm {
  readonly way: Way;
  #child: ChildProcess | null = null;

  constructor(way: Way) {
    this.way = way;
  }

  /** Starts its proxy unless it runs. Throws with what it said when it does not start. */
  async begin(): Promise<void> {
    const { command, folder, name } = this.way;
    if (this.#child !== null || command.length === 0) return;
    const log = join(folder, 'stderr.log');
    // What tells of every request is not kept.
    const stderr = this.way.isFresh === true ? null : openSync(log, 'w');
    // One core, as the others have: Go takes all there are.
    const env = { ...process.env, GOMAXPROCS: '1' };
    const stdio = ['ignore', 'ignore', stderr ?? 'ignore'] as const;
    const child = endsWithTrial(spawn(command[0]!, command.slice(1), { stdio: [...stdio], env }));
    this.#child = child;
    if (stderr !== null) closeSync(stderr);
    await once(child, 'spawn');
    try {
      if (this.way.isListeningIn === true) await sleep(LISTENS_IN_AFTER_MS);
      else await this.#serves(child);
      if (child.exitCode !== null) throw new Error(`${name} ended as it began`);
    } catch (error) {
      const said = stderr === null ? '' : readFileSync(log, 'utf8');
      throw new Error(`${command.join(' ')}\n${said}`, { cause: error });
    }
  }

  /** Between rounds: ends a proxy that is started anew for each. */
  async rest(): Promise<void> {
    if (this.way.isFresh === true) await this.end();
  }

  /** Ends its proxy, and waits until it has. */
  async end(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill();
    const late = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN_MS);
    await ended;
    clearTimeout(late);
  }

  /** Its processes; none where there is no proxy. */
  pids(): readonly number[] {
    return this.#child === null ? [] : treeOf(this.#child.pid!);
  }

  /** Resolves once it is as it should be: some listen before they know where to send. */
  async #serves(child: ChildProcess): Promise<void> {
    const { name, port, isOurs } = this.way;
    await opens(port, () => child.exitCode !== null, name);
    const isReady = async (): Promise<boolean> =>
      isOurs === true
        ? (await this.status()).traffic.received >= 0
        : (await fetch(`http://127.0.0.1:${port}/`, CLOSING)).ok;
    while (child.exitCode === null && !(await isReady().catch(() => false))) await sleep(50);
  }

  /** Crossfade's own account. */
  async status(): Promise<Status> {
    return await call<Status>(findControl(this.way.folder), 'GET', '/v1/status');
  }
}

/** Makes arms in front of two sides. */
export class ArmStarter {
  readonly #folder: string;
  readonly #sides: Sides;
  readonly #pinning: Pinning;
  #nextPort: number;

  constructor(folder: string, sides: Sides, pinning: Pinning, firstPort: number) {
    this.#folder = folder;
    this.#sides = sides;
    this.#pinning = pinning;
    this.#nextPort = firstPort;
  }

  /** Legacy itself. */
  direct(): Arm {
    const port = this.#sides.legacy;
    return new Arm({
      id: 'direct',
      name: 'direct',
      port,
      isMirroring: false,
      version: null,
      command: [],
      folder: this.#folder,
    });
  }

  /** A peer; null where it is not installed. */
  peer(peer: Peer): Arm | null {
    const { id, name, isMirroring, isListeningIn, isFresh } = peer;
    const command = findCommand(peer);
    if (command === null) return null;
    const place = this.#place(id);
    const { folder } = place;
    fillTemplates(folder, peer.files, wordsOf(place));
    return new Arm({
      id,
      name,
      isMirroring,
      isListeningIn,
      isFresh,
      folder,
      version: versionOf(peer, command),
      port: isListeningIn === true ? place.legacy : place.port,
      command: [...this.#pinning.prefix, command, ...peer.args(place)],
    });
  }

  /** Crossfade with one worker: mirroring and comparing everything, or nothing. */
  crossfade(isMirroring: boolean): Arm {
    const id = isMirroring ? 'crossfade-mirror' : 'crossfade';
    const place = this.#place(id);
    const { folder, port } = place;
    const percent = isMirroring ? '100%' : '0%';
    fillTemplates(folder, ['crossfade.yaml'], { ...wordsOf(place), PERCENT: percent });
    const run = [process.execPath, MAIN, 'run', '-c', `${folder}/crossfade.yaml`, '--quiet'];
    return new Arm({
      id,
      port,
      isMirroring,
      folder,
      version: null,
      isOurs: true,
      name: isMirroring ? 'Crossfade, mirror + compare' : 'Crossfade, alone',
      command: [...this.#pinning.prefix, ...run],
    });
  }

  #place(id: string): Place {
    this.#nextPort += 1;
    return { ...this.#sides, port: this.#nextPort, folder: join(this.#folder, id) };
  }
}

/** The peers among these and their versions, each once. */
export function versionsOf(arms: readonly Arm[]): string {
  const peers = arms.map(({ way }) => way).filter(({ version }) => version !== null);
  const versions = peers.map(({ name, version }) => `${name.split(',')[0]} ${version}`);
  return [...new Set(versions)].join(', ');
}

function wordsOf({ port, legacy, candidate }: Place): Readonly<Record<string, string>> {
  return { PORT: String(port), LEGACY: String(legacy), CANDIDATE: String(candidate) };
}
