/**
 * How many connections a proxy may hold, given how many files its process may open: every one
 * is a file, a client's as well as one to a side. Live comes first: the shadow gives way.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { LIMITS } from '../kit/limits.ts';
import type { ConnectionLimits } from '../proxy/messages.ts';

export interface ConnectionsPlan {
  readonly connections: ConnectionLimits;
  /** What an operator should know, with the numbers; null where the limit is high enough. */
  readonly warning: string | null;
}

/** Both pools to both sides at their most, with a client for each live connection. */
function filesOf({ live, shadow }: ConnectionLimits): number {
  return LIMITS.openFilesReserve + 2 * live + 2 * shadow + 2 * live;
}

/**
 * The most connections to each side that fit into `openFilesMax`, null where nobody knows that.
 * What does not fit is taken from the shadow down to a small number, and then from live.
 */
export function planConnections(openFilesMax: number | null): ConnectionsPlan {
  const full = { live: LIMITS.liveConnectionsMax, shadow: LIMITS.shadowConnectionsMax };
  if (openFilesMax === null || openFilesMax >= filesOf(full)) {
    return { connections: full, warning: null };
  }
  const least = LIMITS.connectionsMin;
  const spare = openFilesMax - LIMITS.openFilesReserve;
  const shadow = Math.max(least, Math.floor((spare - 4 * full.live) / 2));
  const live = Math.min(full.live, Math.max(least, Math.floor((spare - 2 * shadow) / 4)));
  const warning =
    `a proxy may open ${openFilesMax} files: it keeps at most ${live} connections to each side ` +
    `for live traffic and ${shadow} for the shadow, not ${full.live} and ${full.shadow}; raise ` +
    `the limit to ${filesOf(full)} or more (ulimit -n, LimitNOFILE=)`;
  return { connections: { live, shadow }, warning };
}

/**
 * How many files a process started from here may open: the soft limit, which Node raises to the
 * hard one as it starts. Null where the system does not say, or sets none.
 */
export function readOpenFilesMax(): number | null {
  try {
    const text =
      process.platform === 'linux'
        ? readFileSync('/proc/self/limits', 'utf8')
        : `Max open files ${execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' })}`;
    return openFilesIn(text);
  } catch {
    // A system that does not tell: its own errors will, when there are no more files.
    return null;
  }
}

/** The soft limit in the text of /proc/PID/limits; null for `unlimited`, or where it is not. */
export function openFilesIn(text: string): number | null {
  const found = /^Max open files\s+(\d+)/m.exec(text);
  return found === null ? null : Number(found[1]);
}
