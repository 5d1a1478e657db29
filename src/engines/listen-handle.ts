/**
 * The data port as a socket that is bound here and accepted from elsewhere. The controller holds
 * it and never accepts; proxies do. So connections wait in its queue while a proxy that was
 * killed is replaced, and a new controller binds beside the proxies of a killed one.
 */
import { lookup } from 'node:dns/promises';
import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { CrossfadeError } from '../kit/errors.ts';
import type { ListenSettings } from '../model/settings.ts';

/** A bound socket; pass it to a child process, whose `server.listen(handle)` accepts from it. */
export interface ListenHandle {
  readonly port: number;
  /** What `child.send(message, sendable)` takes. */
  readonly sendable: net.Server;
  close(): void;
}

interface NativeHandle {
  /** 0, or the error of the bind that came before. */
  getsockname(out: { port?: number }): number;
  close(): void;
}

/** Node's own way to bind without accepting, as its cluster module does; it has no other. */
interface NetWithHandles {
  _createServerHandle(
    address: string,
    port: number,
    addressType: 4 | 6,
    fd: undefined,
    flags: number,
  ): NativeHandle | number;
}

/** libuv's UV_TCP_REUSEPORT. */
const REUSE_PORT = 2;

/**
 * Binds the data port. `isTakeover` says that proxies of an earlier, killed controller may still
 * hold it; without it a port in use is refused with `port-in-use` (exit 2).
 */
export async function bindListenHandle(
  listen: ListenSettings,
  isTakeover: boolean,
): Promise<ListenHandle> {
  const { address, family } = await resolveHost(listen.host);
  if (!isTakeover) assertFree(listen, address, family);
  const handle = bind(listen, address, family, process.platform === 'linux' ? REUSE_PORT : 0);
  const name: { port?: number } = {};
  handle.getsockname(name);
  return {
    port: name.port ?? listen.port,
    sendable: handle as unknown as net.Server,
    close: () => handle.close(),
  };
}

/** What else than a port in use keeps from listening, each with how to mend it. */
const OBSTACLES: Readonly<Record<string, readonly [cause: string, hint: string]>> = {
  EADDRINUSE: ['the port is in use', 'stop what holds the port, or choose another with `listen`'],
  EADDRNOTAVAIL: [
    'the address is none of this machine',
    'use one of its addresses, 127.0.0.1 for this machine alone, or 0.0.0.0 for all of them',
  ],
  EACCES: [
    'this user may not',
    'choose a port above 1023, or allow it (AmbientCapabilities=CAP_NET_BIND_SERVICE)',
  ],
};

/**
 * The error of a port that cannot be listened on (`port-in-use`, exit 2); `cause` is the system's
 * name of the error, or a sentence.
 */
export function portInUse(listen: ListenSettings, cause: string): CrossfadeError {
  const [why, hint] = OBSTACLES[cause] ?? [cause, OBSTACLES['EADDRINUSE']![1]];
  const text = `cannot listen on ${listen.host}:${listen.port}: ${why}`;
  return new CrossfadeError('port-in-use', text, { hint });
}

async function resolveHost(host: string): Promise<{ address: string; family: 4 | 6 }> {
  try {
    const found = await lookup(host);
    return { address: found.address, family: found.family === 6 ? 6 : 4 };
  } catch (error) {
    throw new CrossfadeError('listen-host-unknown', `cannot listen on ${host}: no such address`, {
      hint: 'use an address of this machine, such as 127.0.0.1',
      cause: error,
    });
  }
}

/** A shared bind would succeed beside a stranger's; one that is not shared tells. */
function assertFree(listen: ListenSettings, address: string, family: 4 | 6): void {
  // Bound and never listened on: a client that tries again just now must not reach it.
  const probe = bind(listen, address, family, 0);
  const code = probe.getsockname({});
  probe.close();
  if (code === 0) return;
  throw portInUse(listen, getSystemErrorName(code));
}

function bind(listen: ListenSettings, address: string, family: 4 | 6, flags: number): NativeHandle {
  const binding = net as unknown as NetWithHandles;
  const handle = binding._createServerHandle(address, listen.port, family, undefined, flags);
  if (typeof handle === 'number') throw portInUse(listen, getSystemErrorName(handle));
  return handle;
}
