/** control.json beside the store: where the controller in charge is, and the token to it. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** What control.json holds. */
export interface ControlPoint {
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
  readonly token: string;
  readonly pid: number;
  /** Grows with each start of a controller on this store. */
  readonly epoch: number;
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

/** Removes control.json unless another controller has written its own since. */
export function removeControlPoint(path: string, token: string): void {
  if (readControlPoint(path)?.token === token) rmSync(path, { force: true });
}

function isControlPoint(value: unknown): value is ControlPoint {
  if (typeof value !== 'object' || value === null) return false;
  const { address, token, pid, epoch } = value as Partial<Record<keyof ControlPoint, unknown>>;
  return (
    typeof address === 'string' &&
    typeof token === 'string' &&
    typeof pid === 'number' &&
    typeof epoch === 'number'
  );
}
