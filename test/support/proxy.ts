import type { AddressInfo } from 'node:net';
import { DEFAULT_PORT, DEFAULT_UPSTREAM } from '../../src/config/defaults.ts';
import { systemClock } from '../../src/kit/clock.ts';
import type { Assignment } from '../../src/model/assignment.ts';
import type { KeySource, RouteSettings, Settings } from '../../src/model/settings.ts';
import type { TrafficCounts } from '../../src/model/window.ts';
import { createAnalyst } from '../../src/proxy/analyst/analyst.ts';
import { createProxy, type Proxy, type ProxyParts } from '../../src/proxy/proxy.ts';
import { createWriteLog } from '../../src/proxy/missed/write-log.ts';

export interface RunningProxy {
  readonly proxy: Proxy;
  readonly url: string;
  readonly port: number;
  /** Totals so far. */
  traffic(): TrafficCounts;
  assign(canaryPercent: number, over?: Partial<Assignment>): void;
  close(): Promise<void>;
}

export function testRoute(match: string, changes: Partial<RouteSettings> = {}): RouteSettings {
  const [method = '', pattern = ''] = match.split(' ');
  return {
    match,
    method,
    pattern,
    safe: false,
    writes: 'never',
    isIdempotent: false,
    isVerifying: false,
    keys: null,
    compare: [],
    ...changes,
  };
}

export const USER_KEY: readonly KeySource[] = [
  { from: 'path', pattern: '/u/:user/*', name: 'user' },
];

export function testSettings(
  legacy: string,
  candidate: string,
  changes: Partial<Settings> = {},
): Settings {
  return {
    listen: { host: '127.0.0.1', port: 0 },
    workers: 1,
    port: DEFAULT_PORT,
    legacy: { ...DEFAULT_UPSTREAM, url: legacy, metricsUrl: null },
    candidate: { ...DEFAULT_UPSTREAM, url: candidate, metricsUrl: null },
    twin: null,
    noise: { twinRatio: 0, reaskRatio: 0 },
    key: USER_KEY,
    state: 'separate',
    cookies: 'shared',
    routes: [],
    compare: [],
    ladder: [],
    gates: [],
    mirror: { percent: 100, maxRatePerSec: null, routes: null, autoPause: null },
    liveTimeoutMs: 10_000,
    rescueAfterMs: 10_000,
    isRescueOn: true,
    overrideSecret: null,
    shadowTimeoutMs: 10_000,
    record: null,
    storePath: 'unused.db',
    control: { host: '127.0.0.1', port: 0 },
    ...changes,
  };
}

/** A proxy in this process on a port of its own, without a controller. */
export async function startProxy(
  settings: Settings,
  canaryPercent = 0,
  over: Partial<ProxyParts> = {},
): Promise<RunningProxy> {
  let assignment: Assignment = {
    epoch: 1,
    revision: 1,
    canaryPercent,
    salt: 'test',
    mirrorPercent: settings.mirror.percent,
    mirrorRatePerSec: settings.mirror.maxRatePerSec,
    mirrorPause: '',
    mirrorBaselinePercent: 0,
    mirrorRevision: 0,
    comparePercent: 100,
    safeTarget: 0,
  };
  const { routes, compare, record } = settings;
  const analyst =
    over.analyst ?? createAnalyst({ routes, compare, record, redactKey: Buffer.alloc(32) });
  const writes = createWriteLog(() => undefined);
  const proxy = createProxy({
    worker: 1,
    settings,
    assignment,
    clock: systemClock,
    writes,
    ...over,
    analyst,
  });
  await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.server.address() as AddressInfo;
  return {
    proxy,
    url: `http://127.0.0.1:${port}`,
    port,
    traffic: () => proxy.summarize().traffic,
    assign(canaryPercent, changes = {}) {
      const revision = assignment.revision + 1;
      assignment = { ...assignment, revision, canaryPercent, ...changes };
      proxy.assign(assignment);
    },
    async close() {
      proxy.server.close();
      await proxy.close();
    },
  };
}

/** The identities of the traffic counts, as `[left, right]` pairs that must be equal. */
export function identities(traffic: TrafficCounts): readonly (readonly [number, number])[] {
  const sum = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((total, count) => total + count, 0);
  return [
    [traffic.received, traffic.mirrored + sum(traffic.skipped) + sum(traffic.dropped)],
    [traffic.mirrored, traffic.compared + sum(traffic.notComparable) + traffic.inFlight],
    [traffic.compared, traffic.matched + traffic.mismatched + traffic.ignored],
  ];
}
