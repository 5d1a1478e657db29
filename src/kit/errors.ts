/** What the process exits with, one meaning each. */
export const EXIT = {
  pass: 0,
  internal: 1,
  usage: 2,
  gateFailed: 3,
  inconclusive: 4,
  unreachable: 5,
} as const;

export interface CrossfadeErrorOptions {
  /** How to mend it, one sentence. */
  readonly hint?: string;
  readonly exitCode?: number;
  readonly cause?: unknown;
}

/**
 * An operator's or an environment's error: a stable code, one clear sentence that holds the
 * actual value, a hint, the exit code. Printed without a stack; anything else is a bug.
 */
export class CrossfadeError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(code: string, message: string, options: CrossfadeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CrossfadeError';
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? EXIT.usage;
  }
}

/** The message of anything thrown, for a log line or a cause. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system or library error (`ECONNREFUSED`, `UND_ERR_…`), '' when it has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
