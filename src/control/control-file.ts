/** control.json beside the store: where the controller in charge is, and the token to it. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CrossfadeError, codeOf } from '../kit/errors.ts';

/** What control.json holds. */
export interface ControlPoint {
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
  readonly token: string;
  readonly pid: number;
  /** Grows with each start of a controller on this store. */
  readonly epoch: number;
  /** Name of the store's file in the same folder. */
  readonly store: string;
}

/** Where the control.json of a store is: in the same folder. */
export function controlPathOf(storePath: string): string {
  return join(dirname(storePath), 'control.json');
}

/** Replaces control.json at once: a reader sees the old one or the new one. Mode 0600. */
export function writeControlPoint(path: string, point: ControlPoint): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, `${JSON.stringify(point)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
}

/** The control point at `path`; null when there is none that can be read. */
export function readControlPoint(path: string): ControlPoint | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // Absent, or not ours: there is no controller to be found by it.
    return null;
  }
  return isControlPoint(parsed) ? parsed : null;
}

/** A control point, and the store that its run is on, links followed. */
export interface FoundControl {
  readonly point: ControlPoint;
  readonly store: string;
}

/** The control points beside the store at this path, and beside the file that it is a link to. */
export function controlPointsOf(storePath: string): readonly FoundControl[] {
  const places = new Set([storePath, realPathOf(storePath)].map(controlPathOf));
  return [...places].flatMap((place) => {
    const point = readControlPoint(place);
    if (point === null) return [];
    return [{ point, store: realPathOf(join(dirname(place), point.store)) }];
  });
}

/** Links followed where the file is there, the path itself where it is not. */
export function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

/** Removes control.json unless another controller has written its own since. */
export function removeControlPoint(path: string, token: string): void {
  if (readControlPoint(path)?.token === token) rmSync(path, { force: true });
}

/**
 * Whether an earlier run on this store was killed, so that its proxies may still hold the port.
 * Throws `folder-in-use` while a run on another store has its control.json in the same folder.
 */
export function isLeftBehind(storePath: string): boolean {
  const point = readControlPoint(controlPathOf(storePath));
  if (point === null) return false;
  if (point.store === basename(storePath)) return true;
  if (!isAlive(point.pid)) return false;
  throw new CrossfadeError(
    'folder-in-use',
    `the run of process ${point.pid}, on ${point.store}, has its control.json in this folder`,
    { hint: 'give each run a folder of its own, with `store`' },
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function isControlPoint(value: unknown): value is ControlPoint {
  if (typeof value !== 'object' || value === null) return false;
  const { address, token, pid, epoch, store } = value as Partial<
    Record<keyof ControlPoint, unknown>
  >;
  return (
    typeof address === 'string' &&
    typeof token === 'string' &&
    typeof pid === 'number' &&
    typeof epoch === 'number' &&
    typeof store === 'string'
  );
}
