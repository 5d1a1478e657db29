import { assert } from '../kit/assert.ts';
import { parseDurationMs, parseShare, parseSizeBytes } from '../kit/units.ts';
import type { Path, Problems } from './problems.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What settling a file needs besides its parts. */
export interface Surroundings {
  /** Relative paths are against it. */
  readonly folder: string;
  readonly env: Environment;
  readonly problems: Problems;
}

const DAY_MS = 86_400_000;

/** A value that the schema has already found to be there. */
export function parsed<T>(value: T | undefined): T {
  assert(value !== undefined, 'the schema let a text through that cannot be parsed');
  return value;
}

/** Milliseconds, above 0 and up to a day; reports what is not. */
export function settleDuration(text: string, at: Path, problems: Problems): number {
  const ms = parsed(parseDurationMs(text));
  if (ms <= 0 || ms > DAY_MS) problems.add(at, `expected above 0 and up to 24h, found "${text}"`);
  return ms;
}

/** Bytes between two bounds, both written as sizes and allowed; reports what is not. */
export function settleSize(
  text: string,
  at: Path,
  problems: Problems,
  [least, most]: readonly [string, string],
): number {
  const bytes = parsed(parseSizeBytes(text));
  if (bytes < parsed(parseSizeBytes(least)) || bytes > parsed(parseSizeBytes(most))) {
    problems.add(at, `expected from ${least} to ${most}, found "${text}"`);
  }
  return bytes;
}

/** A share as a ratio, 0 to 1; reports what is above 100 %. */
export function settleShare(text: string, at: Path, problems: Problems): number {
  const ratio = parsed(parseShare(text.replaceAll(/\s/g, '')));
  if (ratio > 1) problems.add(at, `expected at most 100%, found "${text}"`);
  return Number(ratio.toPrecision(12));
}
