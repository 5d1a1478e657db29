import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { assert } from '../kit/assert.ts';
import { parseDurationMs, parseShare, parseSizeBytes } from '../kit/units.ts';
import type {
  GateSettings,
  LadderStep,
  ListenSettings,
  RecordSettings,
  RouteSettings,
  Settings,
  UpstreamSettings,
} from '../model/settings.ts';
import { isLoopback, isSameServer } from './addresses.ts';
import { parseListen, parseMetricsUrl, parseUpstreamUrl } from './addresses.ts';
import {
  DEFAULT_GATES,
  DEFAULT_LADDER,
  DEFAULT_METRICS_GATES,
  DEFAULT_PORT,
  DEFAULT_UPSTREAM,
  DEFAULTS,
} from './defaults.ts';
import type { FileParts, FileTimeouts } from './file-parts.ts';
import { settleGates } from './gates.ts';
import type { Problems } from './problems.ts';
import { settleKey, settleRoutes } from './routes.ts';

/**
 * The settings that a file's parts amount to, with defaults for what it leaves out, paths
 * against `folder`. Adds what the schema cannot say to `problems` and throws if there are any.
 */
export function settle(parts: FileParts, folder: string, problems: Problems): Settings {
  const listen = settleListen(parts.listen ?? DEFAULTS.listen, ['listen'], problems);
  const control = settleControl(parts.control?.listen, problems);
  const legacy = settleUpstream(parts, 'legacy', problems);
  const candidate = settleUpstream(parts, 'candidate', problems);
  refuseLoops({ listen, control, legacy, candidate }, problems);
  const key = parts.key === undefined ? null : [settleKey(parts.key, ['key'], problems)];
  const routes = settleRoutes(parts.routes, parts.isKeyGiven, problems);
  const ladder = settleLadder(parts.ladder ?? DEFAULT_LADDER, problems);
  const gates = allGates(parts, routes, problems);
  const workers = settleWorkers(parts.workers, routes, problems);
  const timeouts = settleTimeouts(parts.timeouts ?? {}, problems);
  problems.throwIfAny();
  assert(listen !== null && control !== null, 'a refused address was not reported');
  assert(legacy !== null && candidate !== null, 'a refused upstream was not reported');
  return {
    listen,
    workers,
    legacy,
    candidate,
    key,
    routes,
    ladder,
    gates,
    mirror: {
      percent: 100 * parsed(parseShare(parts.mirror ?? DEFAULTS.mirror)),
      maxRatePerSec: null,
      routes: null,
      autoPause: null,
    },
    port: DEFAULT_PORT,
    state: null,
    cookies: 'shared',
    isRescueOn: true,
    overrideSecret: null,
    ...timeouts,
    record: settleRecord(parts.record, folder),
    storePath: resolve(folder, parts.store?.sqlite ?? DEFAULTS.sqlite),
    control,
  };
}

function parsed(value: number | undefined): number {
  assert(value !== undefined, 'the schema let a text through that cannot be parsed');
  return value;
}

function settleListen(text: string, at: string[], problems: Problems): ListenSettings | null {
  return parseListen(text, (message) => problems.add(at, message));
}

function settleControl(text: string | undefined, problems: Problems): ListenSettings | null {
  const at = ['control', 'listen'];
  const control = settleListen(text ?? DEFAULTS.control, at, problems);
  if (control !== null && !isLoopback(control.host)) {
    problems.add(at, `expected a loopback address such as 127.0.0.1, found "${control.host}"`);
  }
  return control;
}

function settleUpstream(
  parts: FileParts,
  side: 'legacy' | 'candidate',
  problems: Problems,
): UpstreamSettings | null {
  const file = parts[side];
  if (file === undefined) return null;
  const url = parseUpstreamUrl(file.url, (message) => problems.add([side, 'url'], message));
  const metricsUrl =
    file.metrics === undefined
      ? null
      : parseMetricsUrl(file.metrics, (message) => problems.add([side, 'metrics'], message));
  return url === null ? null : { ...DEFAULT_UPSTREAM, url, metricsUrl };
}

interface Ends {
  readonly listen: ListenSettings | null;
  readonly control: ListenSettings | null;
  readonly legacy: UpstreamSettings | null;
  readonly candidate: UpstreamSettings | null;
}

/** A proxy that forwards to itself never answers; a side compared with itself never differs. */
function refuseLoops(ends: Ends, problems: Problems): void {
  const { legacy, candidate, listen, control } = ends;
  if (legacy !== null && legacy.url === candidate?.url) {
    const message = `expected another server than legacy's, found the same "${legacy.url}"`;
    problems.add(['candidate', 'url'], message);
  }
  for (const side of ['legacy', 'candidate'] as const) {
    const url = ends[side]?.url;
    if (url === undefined) continue;
    for (const [name, own] of Object.entries({ listen, 'control.listen': control })) {
      if (own === null || !isSameServer(own, url)) continue;
      problems.add([side, 'url'], `expected another server than our own ${name}, found "${url}"`);
    }
  }
  if (listen !== null && control !== null && listen.port === control.port && listen.port !== 0) {
    const message = `expected another port than listen, found ${control.port} again`;
    problems.add(['control', 'listen'], message);
  }
}

function settleLadder(files: NonNullable<FileParts['ladder']>, problems: Problems): LadderStep[] {
  let below = -1;
  return files.flatMap((file, index) => {
    if (file === undefined) return [];
    const { percent, hold, peaks = 0, approve = false } = file;
    const at = ['ladder', index, 'percent'];
    if (index === 0 && percent !== 0) {
      problems.add(at, `expected the first step to be 0, the shadow phase, found ${percent}`);
    } else if (percent <= below) {
      problems.add(at, `expected more than the step before (${below}), found ${percent}`);
    }
    below = percent;
    return [{ percent, holdMs: parsed(parseDurationMs(hold)), peaks, approve }];
  });
}

function allGates(
  parts: FileParts,
  routes: readonly RouteSettings[],
  problems: Problems,
): GateSettings[] {
  const { legacy, candidate } = parts;
  const hasMetrics = legacy?.metrics !== undefined && candidate?.metrics !== undefined;
  const usual = hasMetrics ? [...DEFAULT_GATES, ...DEFAULT_METRICS_GATES] : DEFAULT_GATES;
  // What is reported already is not held against the gates as well.
  const areRoutesKnown = parts.routes?.includes(undefined) !== true;
  return settleGates(parts.gates ?? usual, problems, {
    routes: areRoutesKnown ? routes.map((route) => route.match) : null,
    hasMetrics: hasMetrics || legacy === undefined || candidate === undefined,
  });
}

/** Two workers would each keep their own order: mirrored writes of a key need one. */
function settleWorkers(
  workers: number | undefined,
  routes: readonly RouteSettings[],
  problems: Problems,
): number {
  const writing = routes.find((route) => route.writes === 'mirror');
  if (writing === undefined) return workers ?? availableParallelism();
  if (workers !== undefined && workers > 1) {
    problems.add(
      ['workers'],
      `expected 1, found ${workers}: "${writing.match}" mirrors writes, and a key's writes ` +
        'stay in order only within one worker',
    );
  }
  return 1;
}

function settleTimeouts(
  files: FileTimeouts,
  problems: Problems,
): Pick<Settings, 'liveTimeoutMs' | 'rescueAfterMs' | 'shadowTimeoutMs'> {
  const read = (name: 'live' | 'rescue' | 'shadow'): number => {
    const ms = parsed(parseDurationMs(files[name] ?? DEFAULTS[name]));
    const isUsable = ms > 0 && ms <= 86_400_000;
    if (!isUsable) {
      problems.add(['timeouts', name], `expected above 0 and up to 24h, found "${files[name]}"`);
    }
    return ms;
  };
  const settled = {
    liveTimeoutMs: read('live'),
    rescueAfterMs: read('rescue'),
    shadowTimeoutMs: read('shadow'),
  };
  if (settled.rescueAfterMs >= settled.liveTimeoutMs) {
    problems.add(
      ['timeouts', files.rescue === undefined ? 'live' : 'rescue'],
      `expected rescue before the live deadline, found ${settled.rescueAfterMs} ms and ` +
        `${settled.liveTimeoutMs} ms`,
    );
  }
  return settled;
}

function settleRecord(file: FileParts['record'], folder: string): RecordSettings | null {
  if (file === undefined) return null;
  const maxBytes = parsed(parseSizeBytes(file.maxSize ?? DEFAULTS.recordMaxSize));
  return { path: resolve(folder, file.file), maxBytes };
}
