import { CrossfadeError } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import { formatDuration, formatShare, parseDurationMs, parseSizeBytes } from '../kit/units.ts';
import { HEAP_KINDS, type HeapKind, type HeapSettings } from '../pauses/heaps.ts';
import { loadOf } from '../pauses/load.ts';
import {
  COST_MS_PER_MB,
  type ModelSettings,
  PUBLISHED,
  RUNTIMES,
  type RuntimeName,
} from '../pauses/settings.ts';

/** Options of `crossfade model` as they were typed. */
export interface ModelFlags {
  readonly runtime: string;
  readonly heap: string;
  readonly heaps: string;
  readonly users?: string;
  readonly growth?: string;
  readonly age: string;
  readonly cost?: string;
  readonly period: string;
  readonly rate: string;
  readonly service: string;
  readonly deviation?: string;
  readonly requests: string;
  readonly clients: string;
  readonly window: string;
  readonly seed: string;
  readonly seeds?: string;
  readonly asPublished?: boolean;
  readonly json?: boolean;
}

const SKEWED_USERS = 1000;

/** The settings that the options amount to. Throws `bad-option`, and `overloaded`. */
export function settingsOf(flags: ModelFlags): ModelSettings {
  const runtime = oneOf('--runtime', flags.runtime, RUNTIMES);
  const serviceMs = milliseconds('--service', flags.service, 0.001, 60_000);
  const settings = {
    runtime,
    heaps: heapsOf(flags),
    costMsPerMb: costOf(flags.cost, runtime),
    periodMs: duration('--period', flags.period, 1000),
    ratePerSec: decimal('--rate', flags.rate, 0.001, 1_000_000, 'requests a second'),
    serviceMs,
    deviationMs: deviationOf(flags.deviation, serviceMs),
    requests: whole('--requests', flags.requests, 1, LIMITS.modelRequestsMax),
    clients: whole('--clients', flags.clients, 1, LIMITS.modelClientsMax),
    windowMs: duration('--window', flags.window, 100),
  };
  refuseManyWindows(settings, flags.window);
  refuseOverload(settings);
  return settings;
}

/** The first seed, and how many runs; `usual` of them where nothing is said. */
export function seedsOf(flags: ModelFlags, usual: number): { seed: number; seeds: number } {
  const seed = whole('--seed', flags.seed, 0, 2 ** 31 - 1);
  const seeds = whole('--seeds', flags.seeds ?? String(usual), 1, LIMITS.modelSeedsMax);
  return { seed, seeds };
}

function heapsOf(flags: ModelFlags): HeapSettings {
  const kind = oneOf('--heaps', flags.heaps, HEAP_KINDS);
  const bytes = size('--heap', flags.heap);
  refuseForOtherHeaps(flags, kind);
  const usual = kind === 'skewed' ? SKEWED_USERS : 1;
  const users = whole('--users', flags.users ?? String(usual), 1, LIMITS.modelUsersMax);
  if (kind === 'skewed' && users < SKEWED_USERS) {
    throw new CrossfadeError('bad-option', `--users is '${users}' with skewed heaps`, {
      hint: `one in ${SKEWED_USERS} is large: there must be at least so many`,
    });
  }
  return {
    kind,
    bytes,
    users,
    growthBytesPerHour: flags.growth === undefined ? bytes : size('--growth', flags.growth),
    ageMs: duration('--age', flags.age, 0),
  };
}

function refuseForOtherHeaps({ growth, age }: ModelFlags, kind: HeapKind): void {
  if (kind === 'growing' || (growth === undefined && age === '0')) return;
  const option = growth === undefined ? '--age' : '--growth';
  throw new CrossfadeError('bad-option', `${option} is given, and the heaps are ${kind}`, {
    hint: 'say --heaps growing',
  });
}

function costOf(text: string | undefined, runtime: RuntimeName): number {
  if (text === undefined) return COST_MS_PER_MB[runtime];
  return decimal('--cost', text, 0, 1e6, 'milliseconds a megabyte');
}

function deviationOf(text: string | undefined, serviceMs: number): number {
  const { beam } = PUBLISHED;
  if (text === undefined) return (serviceMs * beam.deviationMs) / beam.serviceMs;
  return milliseconds('--deviation', text, 0, serviceMs / 3);
}

function refuseManyWindows(settings: ModelSettings, text: string): void {
  const lastsMs = (settings.requests / settings.ratePerSec) * 1000;
  const leastMs = lastsMs / LIMITS.modelWindowsMax;
  if (settings.windowMs >= leastMs) return;
  const least = formatDuration(Math.ceil(leastMs / 1000) * 1000);
  throw new CrossfadeError('bad-option', `--window is '${text}'`, {
    hint: `for a run of this length it must be ${least} or longer`,
  });
}

function refuseOverload(settings: ModelSettings): void {
  const { requestsRatio, collectionsRatio } = loadOf(settings);
  if (requestsRatio + collectionsRatio < 1) return;
  throw new CrossfadeError(
    'overloaded',
    `requests need ${formatShare(requestsRatio)} of the server and collections ` +
      `${formatShare(collectionsRatio)}: the queue would grow for ever`,
    { hint: 'lower --rate, --service, --heap or --users; percentiles need a queue that ends' },
  );
}

function oneOf<Name extends string>(option: string, text: string, names: readonly Name[]): Name {
  const known = names.find((name) => name === text);
  if (known !== undefined) return known;
  throw wrong(option, text, `one of ${names.join(', ')}`);
}

function whole(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw wrong(option, text, `a whole number from ${least} to ${most}`);
}

function decimal(option: string, text: string, least: number, most: number, of: string): number {
  const value = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw wrong(option, text, `${of} from ${least} to ${most}`);
}

function milliseconds(option: string, text: string, least: number, most: number): number {
  const [, number = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,9})?)(us|ms|s)$/.exec(text) ?? [];
  const value = number === '' ? Number.NaN : Number(number) * { us: 0.001, ms: 1, s: 1000 }[unit]!;
  if (value >= least && value <= most) return value;
  throw wrong(option, text, `a time such as 1.8ms, from ${least}ms to ${most}ms`);
}

function duration(option: string, text: string, leastMs: number): number {
  const value = parseDurationMs(text);
  if (value !== undefined && value >= leastMs && Number.isSafeInteger(value)) return value;
  throw wrong(option, text, `a duration such as 120s, ${leastMs}ms or longer`);
}

const DECIMAL_BYTES: Readonly<Record<string, number>> = { KB: 1e3, MB: 1e6, GB: 1e9 };

function size(option: string, text: string): number {
  const [, number, unit] = /^(\d{1,9}(?:\.\d{1,9})?)\s*([KMG]B)$/.exec(text) ?? [];
  const value =
    number === undefined ? parseSizeBytes(text) : Number(number) * DECIMAL_BYTES[unit ?? '']!;
  if (value !== undefined && value <= LIMITS.modelHeapMaxBytes) return value;
  throw wrong(option, text, 'a size such as 8MB, 64KiB or 2GB, at most 1000GB');
}

function wrong(option: string, text: string, due: string): CrossfadeError {
  return new CrossfadeError('bad-option', `${option} is '${text}'`, {
    hint: `it must be ${due}`,
  });
}
