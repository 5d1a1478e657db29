/**
 * The data port as a socket that is bound here and accepted from elsewhere. The controller holds
 * it and never accepts; proxies do. So connections wait in its queue while a proxy that was
 * killed is replaced, and a new controller binds beside the proxies of a killed one.
 */
import { lookup } from 'node:dns/promises';
import net, { createServer } from 'node:net';
import { codeOf, CrossfadeError, messageOf } from '../kit/errors.ts';
import type { ListenSettings } from '../model/settings.ts';

/** A bound socket; pass it to a child process, whose `server.listen(handle)` accepts from it. */
export interface ListenHandle {
  readonly port: number;
  /** What `child.send(message, sendable)` takes. */
  readonly sendable: net.Server;
  close(): void;
}

interface NativeHandle {
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
  if (!isTakeover) await assertFree(listen);
  const canShare = process.platform === 'linux';
  const handle = (net as unknown as NetWithHandles)._createServerHandle(
    address,
    listen.port,
    family,
    undefined,
    canShare ? REUSE_PORT : 0,
  );
  if (typeof handle === 'number') throw portInUse(listen, `error ${handle}`);
  const name: { port?: number } = {};
  handle.getsockname(name);
  return {
    port: name.port ?? listen.port,
    sendable: handle as unknown as net.Server,
    close: () => handle.close(),
  };
}

/** The error of a port that cannot be listened on (`port-in-use`, exit 2). */
export function portInUse(listen: ListenSettings, cause: string): CrossfadeError {
  return new CrossfadeError(
    'port-in-use',
    `cannot listen on ${listen.host}:${listen.port}: ${cause}`,
    { hint: 'stop what holds the port, or choose another with `listen`' },
  );
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

/** A shared bind would succeed beside a stranger's; an exclusive one tells. */
function assertFree(listen: ListenSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => {
      const isUsed = codeOf(error) === 'EADDRINUSE';
      reject(portInUse(listen, isUsed ? 'the port is in use' : messageOf(error)));
    });
    probe.listen(listen.port, listen.host, () => probe.close(() => resolve()));
  });
}
