import { fileURLToPath } from 'node:url';

/**
 * Path of a module beside the caller, to be run as a process or thread of its own: `.ts` when
 * the sources run directly, `.js` when they were built. `name` is relative, without extension.
 */
export function entryPath(callerUrl: string, name: string): string {
  const extension = callerUrl.endsWith('.ts') ? '.ts' : '.js';
  return fileURLToPath(new URL(`${name}${extension}`, callerUrl));
}
