import { isatty } from 'node:tty';
import { CrossfadeError, EXIT, messageOf } from '../kit/errors.ts';
import { ConfigError } from '../config/problems.ts';

/** Whether text for this descriptor may be coloured: a terminal, but for NO_COLOR, FORCE_COLOR. */
export function hasColor(descriptor = 1): boolean {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0';
  return isatty(descriptor);
}

/** One value as JSON on stdout, on lines of its own, indented for reading. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** One line (or several) on stdout. */
export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/**
 * Tells on stderr why a command ended and answers the exit code. An operator's error is a
 * sentence and a hint, as JSON when asked for; anything else is a bug and shows its stack.
 */
export function reportError(error: unknown, isJson: boolean): number {
  const exitCode = error instanceof CrossfadeError ? error.exitCode : EXIT.internal;
  process.stderr.write(`${isJson ? asJson(error) : asText(error)}\n`);
  return exitCode;
}

function asJson(error: unknown): string {
  if (!(error instanceof CrossfadeError)) {
    return JSON.stringify({ error: { code: 'internal', message: messageOf(error) } });
  }
  const { code, message, hint } = error;
  const problems = error instanceof ConfigError ? error.problems : undefined;
  return JSON.stringify({ error: { code, message, hint, problems } });
}

function asText(error: unknown): string {
  if (error instanceof CrossfadeError) {
    const hint = error.hint === undefined ? '' : `\n  hint: ${error.hint}`;
    return `crossfade: ${error.message}${hint}`;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `crossfade: this is a bug: ${messageOf(error)}\n${stack}`;
}
