import { enableCompileCache } from 'node:module';
import { isAbsolute, join } from 'node:path';

/**
 * Folder for compiled code, of the user's own cache (XDG_CACHE_HOME, or .cache at home); null
 * where there is none. Never a folder that others may write to: what is in it is run.
 */
export function compileCacheFolder(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | null {
  const { XDG_CACHE_HOME: configured = '', NODE_DISABLE_COMPILE_CACHE: off } = environment;
  if (off !== undefined) return null;
  if (isAbsolute(configured)) return join(configured, 'crossfade');
  const home = environment.HOME ?? '';
  return isAbsolute(home) && home !== '/' ? join(home, '.cache', 'crossfade') : null;
}

/** From here on modules that were compiled before load in a third of the time. */
export function useCompileCache(): void {
  const folder = compileCacheFolder();
  if (folder !== null) enableCompileCache(folder);
}

/** The environment of a process that is to start as quickly. */
export function withCompileCache(): NodeJS.ProcessEnv {
  const folder = compileCacheFolder();
  return folder === null ? process.env : { ...process.env, NODE_COMPILE_CACHE: folder };
}
