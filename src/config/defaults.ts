import { LIMITS } from '../kit/limits.ts';
import type { AutoPauseSettings, PortSettings, UpstreamSettings } from '../model/settings.ts';
import type { FileStep } from './file-parts.ts';

/** What holds where a configuration says nothing: texts as a file would have them. */
export const DEFAULTS = {
  listen: '127.0.0.1:8080',
  control: '127.0.0.1:8081',
  sqlite: './crossfade.db',
  mirror: '100%',
  twin: '10%',
  reask: '0%',
  live: '30s',
  rescue: '1s',
  shadow: '10s',
  recordMaxSize: '1GiB',
} as const;

/** Two days at 1 %, as rare requests and daily peaks take days to be seen. */
export const DEFAULT_LADDER: readonly FileStep[] = [
  { percent: 0, hold: '1h' },
  { percent: 1, hold: '48h', peaks: 3 },
  { percent: 10, hold: '24h' },
  { percent: 50, hold: '24h', approve: true },
  { percent: 100, hold: '24h' },
];

export const DEFAULT_GATES: readonly string[] = [
  'mismatch.rate < 0.001%',
  'errors.excess < 0.01%',
  'latency.p99.ratio < 1.05',
  'latency.p99.9.ratio < 1.10',
  'coverage > 99%',
  'candidate.spikes = none',
];

/** Defaults too where both sides tell their metrics; else they could never be decided. */
export const DEFAULT_METRICS_GATES: readonly string[] = ['memory.ratio < 1.0', 'cpu.ratio < 1.0'];

/** A mirrored read doubles the load on what both sides share: legacy must not feel it. */
export const DEFAULT_AUTO_PAUSE: AutoPauseSettings = { p99Ratio: 1.5, errorsExcessRatio: 0.001 };

/** The data port where a configuration says nothing of it. */
export const DEFAULT_PORT: PortSettings = {
  tls: null,
  hasProxyProtocol: false,
  trustedHops: [],
  headMaxBytes: LIMITS.headerMaxBytes,
  bodyMaxBytes: null,
  headTimeoutMs: 60_000,
  bodyIdleTimeoutMs: 60_000,
  keepAliveMs: LIMITS.keepAliveMs,
  answerHeadMaxBytes: 2 * LIMITS.headerMaxBytes,
};

/** A side where a configuration says no more than its URL. */
export const DEFAULT_UPSTREAM: Omit<UpstreamSettings, 'url' | 'metricsUrl'> = {
  host: 'preserve',
  setHeaders: [],
  removeHeaders: [],
  tls: { caPath: null, certPath: null, keyPath: null, serverName: null, isVerified: true },
  isTrusted: true,
  stripHeaders: [],
  stripQuery: [],
};
