import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { assert } from '../kit/assert.ts';
import { parseDurationMs, parseSizeBytes } from '../kit/units.ts';
import type {
  GateSettings,
  LadderStep,
  ListenSettings,
  RecordSettings,
  RouteSettings,
  Settings,
} from '../model/settings.ts';
import { isLoopback, parseListen } from './addresses.ts';
import { settleRules } from './compare-rules.ts';
import { settlePort } from './port.ts';
import { DEFAULT_GATES, DEFAULT_LADDER, DEFAULT_METRICS_GATES, DEFAULTS } from './defaults.ts';
import type { FileParts } from './file-parts.ts';
import { settleGates } from './gates.ts';
import { settleMirror } from './mirror.ts';
import { settleNoise } from './noise.ts';
import type { Problems } from './problems.ts';
import { acceptedRoutes, settleKeys, settleRoutes } from './routes.ts';
import { settleSecret } from './secrets.ts';
import { refuseLoops, settleSide } from './sides.ts';
import { settleState } from './state.ts';
import { parsed, settleDuration, type Surroundings } from './surroundings.ts';

/**
 * The settings that a file's parts amount to, with defaults for what it leaves out. Adds what
 * the schema cannot say to the problems and throws if there are any.
 */
export function settle(parts: FileParts, around: Surroundings): Settings {
  const { folder, problems } = around;
  const listen = settleListen(parts.listen ?? DEFAULTS.listen, ['listen'], problems);
  const control = settleControl(parts.control?.listen, problems);
  const legacy = settleSide('legacy', parts.legacy, around);
  const candidate = settleSide('candidate', parts.candidate, around);
  const mirrorsWrites = parts.routes?.some((route) => route?.writes === 'mirror') === true;
  const ends = { listen, control, legacy, candidate, mirrorsWrites };
  refuseLoops(ends, problems);
  const compare = settleRules(parts.compare ?? [], ['compare'], { folder, problems });
  const routes = settleRoutes(parts.routes, { isKeyGiven: parts.isKeyGiven, compare, around });
  const ladder = settleLadder(parts.ladder ?? DEFAULT_LADDER, problems);
  const settled = {
    port: settlePort(parts, around),
    workers: settleWorkers(parts.workers, routes, problems),
    key: parts.key === undefined ? null : settleKeys(parts.key, ['key'], problems),
    state: settleState(parts, ladder, problems),
    cookies: parts.cookies ?? 'shared',
    routes,
    unproven: acceptedRoutes(parts.routes),
    compare,
    ladder,
    gates: allGates(parts, routes, problems),
    mirror: settleMirror(parts, problems),
    ...settleNoise(parts, ends, around),
    ...settleDeadlines(parts, problems),
    record: settleRecord(parts.record, folder),
    overrideSecret: settleOverrides(parts.overrides, around),
    storePath: settleStorePath(parts.store, folder),
  };
  problems.throwIfAny();
  assert(listen !== null && control !== null, 'a refused address was not reported');
  assert(legacy !== null && candidate !== null, 'a refused upstream was not reported');
  return { listen, control, legacy, candidate, ...settled };
}

/** Path of the SQLite file. */
export function settleStorePath(store: FileParts['store'], folder: string): string {
  return resolve(folder, store?.sqlite ?? DEFAULTS.sqlite);
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

type Deadlines = Pick<
  Settings,
  'liveTimeoutMs' | 'shadowTimeoutMs' | 'rescueAfterMs' | 'isRescueOn'
>;

function settleDeadlines({ timeouts, rescue = {} }: FileParts, problems: Problems): Deadlines {
  const { live = DEFAULTS.live, shadow = DEFAULTS.shadow } = timeouts ?? {};
  const isRescueOn = typeof rescue !== 'string';
  const after = isRescueOn ? rescue.after : undefined;
  const settled = {
    liveTimeoutMs: settleDuration(live, ['timeouts', 'live'], problems),
    shadowTimeoutMs: settleDuration(shadow, ['timeouts', 'shadow'], problems),
    rescueAfterMs: settleDuration(after ?? DEFAULTS.rescue, ['rescue', 'after'], problems),
    isRescueOn,
  };
  if (isRescueOn && settled.rescueAfterMs >= settled.liveTimeoutMs) {
    problems.add(
      after === undefined ? ['timeouts', 'live'] : ['rescue', 'after'],
      `expected the rescue before the live deadline, found ${settled.rescueAfterMs} ms and ` +
        `${settled.liveTimeoutMs} ms`,
    );
  }
  return settled;
}

const SECRET_MIN_LENGTH = 16;

function settleOverrides(given: FileParts['overrides'], around: Surroundings): string | null {
  if (given === undefined) return null;
  const at = ['overrides', 'secret'];
  const secret = settleSecret(given.secret, at, around);
  if (secret !== null && secret.length < SECRET_MIN_LENGTH) {
    const message = `expected at least ${SECRET_MIN_LENGTH} characters, found ${secret.length}`;
    around.problems.add(at, message);
  }
  return secret;
}

function settleRecord(file: FileParts['record'], folder: string): RecordSettings | null {
  if (file === undefined) return null;
  const maxBytes = parsed(parseSizeBytes(file.maxSize ?? DEFAULTS.recordMaxSize));
  return { path: resolve(folder, file.file), maxBytes };
}
