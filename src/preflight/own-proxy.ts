/** A proxy of preflight's own: as configured, on a port of its own, with the mirror off. */
import type { AddressInfo } from 'node:net';
import { systemClock } from '../kit/clock.ts';
import type { Settings } from '../model/settings.ts';
import { createProxy } from '../proxy/proxy.ts';
import { createSilentAnalyst } from '../proxy/analyst/silent-analyst.ts';
import { createWriteLog } from '../proxy/missed/write-log.ts';

export interface OwnProxy {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts it on loopback; legacy answers everything, the candidate gets nothing. */
export async function startOwnProxy(configured: Settings): Promise<OwnProxy> {
  const settings: Settings = {
    ...configured,
    listen: { host: '127.0.0.1', port: 0 },
    // How clients get to the port is no matter here: they are this process.
    port: { ...configured.port, tls: null, hasProxyProtocol: false },
    mirror: { ...configured.mirror, percent: 0 },
    record: null,
  };
  const proxy = createProxy({
    worker: 1,
    settings,
    assignment: {
      epoch: 1,
      revision: 1,
      canaryPercent: 0,
      salt: 'preflight',
      mirrorPercent: 0,
      mirrorRatePerSec: null,
      mirrorPause: 'preflight',
      mirrorBaselinePercent: 0,
      mirrorRevision: 0,
      comparePercent: 0,
      safeTarget: 0,
    },
    clock: systemClock,
    analyst: createSilentAnalyst(),
    writes: createWriteLog(() => undefined),
  });
  await new Promise<void>((resolve, reject) => {
    proxy.server.once('error', reject);
    proxy.server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = proxy.server.address() as AddressInfo;
  return {
    port,
    close: async () => {
      proxy.server.close();
      await proxy.close();
    },
  };
}
