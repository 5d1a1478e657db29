/** After a switch of protocols: bytes to and fro, nothing looked at, nothing mirrored. */
import { type Duplex, pipeline } from 'node:stream';
import { LIMITS } from '../kit/limits.ts';

/** Joins two connections until either ends, is silent for too long, or has lived too long. */
export function joinTunnel(client: Duplex, side: Duplex): void {
  let lastByteMs = performance.now();
  const startedMs = lastByteMs;
  const touch = (): void => {
    lastByteMs = performance.now();
  };
  client.on('data', touch);
  side.on('data', touch);
  const end = (): void => {
    clearInterval(watch);
    client.destroy();
    side.destroy();
  };
  const watch = setInterval(() => {
    const nowMs = performance.now();
    const isSilent = nowMs - lastByteMs > LIMITS.tunnelIdleMs;
    if (isSilent || nowMs - startedMs > LIMITS.tunnelMaxMs) end();
  }, LIMITS.tunnelCheckMs);
  watch.unref();
  let open = 2;
  const ended = (error: NodeJS.ErrnoException | null | undefined): void => {
    open -= 1;
    // One end may close its half and still listen; a broken half ends both.
    if (open === 0 || (error !== null && error !== undefined)) end();
  };
  pipeline(client, side, ended);
  pipeline(side, client, ended);
}
