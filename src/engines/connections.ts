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

/** Clients of a proxy that no limit of files bounds. */
const CLIENTS_MAX = 1_000_000;

/** Both pools to both sides at their most, with a client for each live connection. */
function filesOf(live: number, shadow: number): number {
  return LIMITS.openFilesReserve + 2 * live + 2 * shadow + 2 * live;
}

/**
 * The most connections that fit into `openFilesMax`, null where nobody knows that: to each side,
 * and of clients. What does not fit is taken from the shadow down to a small number as soon as
 * live has no more than enough, and then from live.
 */
export function planConnections(openFilesMax: number | null): ConnectionsPlan {
  const { liveConnectionsEnough: enough, shadowConnectionsMax, connectionsMin: least } = LIMITS;
  const spare = (openFilesMax ?? CLIENTS_MAX) - LIMITS.openFilesReserve;
  const shadow = within(least, (spare - 4 * enough) / 2, shadowConnectionsMax);
  const live = within(least, (spare - 2 * shadow) / 4, LIMITS.liveConnectionsMax);
  const clients = within(least, spare - 2 * shadow - 2 * live, CLIENTS_MAX);
  const isEnough = live >= enough && shadow === shadowConnectionsMax;
  const warning =
    `a proxy may open ${openFilesMax} files: it keeps at most ${live} connections to each side ` +
    `for live traffic, ${shadow} for the shadow and ${clients} of clients; raise the limit to ` +
    `${filesOf(enough, shadowConnectionsMax)} or more (ulimit -n, LimitNOFILE=)`;
  return { connections: { live, shadow, clients }, warning: isEnough ? null : warning };
}

function within(least: number, wanted: number, most: number): number {
  return Math.min(most, Math.max(least, Math.floor(wanted)));
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
