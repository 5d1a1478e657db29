/** What a recording says of itself, read back with distrust: it may come from anywhere. */
import { assert } from '../kit/assert.ts';
import {
  type CompareRule,
  type KeySource,
  RULE_FORMS,
  type RouteSettings,
} from '../model/settings.ts';
import { isTexts, parseObject } from './frame.ts';
import type { RecordingDescription } from './format.ts';

/** Of a recording that does not say. */
export const EMPTY_DESCRIPTION: RecordingDescription = {
  startedAtMs: 0,
  origin: '',
  key: null,
  routes: [],
};

/** The description as the JSON bytes that stand in a recording. */
/**
 * The payload of a description block: always one that {@link decodeDescription} takes. Without
 * maps: a recording names no code that whoever reads it should run.
 */
export function encodeDescription(description: RecordingDescription): Buffer {
  const routes = description.routes.map((route) => ({
    ...route,
    compare: route.compare.filter(({ as }) => as !== 'map'),
  }));
  const json = Buffer.from(JSON.stringify({ ...description, routes }), 'utf8');
  assert(decodeDescription(json) !== undefined, 'a recording describes itself unreadably');
  return json;
}

/** The description, or undefined when anything in it is not what it should be. */
export function decodeDescription(json: Buffer): RecordingDescription | undefined {
  const value = parseObject(json);
  if (value === undefined) return undefined;
  const { startedAtMs, origin, key, routes } = value;
  if (typeof startedAtMs !== 'number' || typeof origin !== 'string') return undefined;
  if (key !== null && !isKeySources(key)) return undefined;
  if (!Array.isArray(routes) || !routes.every(isRoute)) return undefined;
  return { startedAtMs, origin, key, routes };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Only what the route matcher can turn into an expression. */
function isPattern(value: unknown): value is string {
  if (!isText(value) || !value.startsWith('/')) return false;
  const names = value.split('/').filter((segment) => segment.startsWith(':'));
  return (
    names.every((name) => /^:[A-Za-z_]\w*$/.test(name)) && new Set(names).size === names.length
  );
}

function isKeySource(value: unknown): value is KeySource {
  if (!isObject(value)) return false;
  switch (value['from']) {
    case 'path':
      return isPattern(value['pattern']) && isText(value['name']);
    case 'header':
    case 'query':
    case 'cookie':
      return isText(value['name']);
    case 'body':
      return isText(value['path']);
    case 'jwt':
      return ['header', 'cookie'].includes(String(value['in'])) && isText(value['claim']);
    default:
      return false;
  }
}

function isKeySources(value: unknown): value is readonly KeySource[] {
  return Array.isArray(value) && value.every(isKeySource);
}

function isRoute(value: unknown): value is RouteSettings {
  if (!isObject(value)) return false;
  const { match, method, pattern, safe, writes, isIdempotent, isVerifying, keys, compare } = value;
  const isNamed = isText(match) && isText(method) && isPattern(pattern);
  const isSwitched = typeof safe === 'boolean' && (writes === 'never' || writes === 'mirror');
  const isDeclared = typeof isIdempotent === 'boolean' && typeof isVerifying === 'boolean';
  const isKeyed = keys === null || isKeySources(keys);
  if (!isNamed || !isSwitched || !isDeclared || !isKeyed) return false;
  return Array.isArray(compare) && compare.every(isRule);
}

const RULES: ReadonlySet<unknown> = new Set(RULE_FORMS.filter((form) => form !== 'map'));

function isRule(value: unknown): value is CompareRule {
  if (!isObject(value) || !RULES.has(value['as'])) return false;
  const texts = [value['path'], value['reason'], value['owner'], value['until']];
  const { route = '', pattern = '', kinds = [], withinMs = 0, isRelative = false, map } = value;
  const areOthers = [route, pattern].every(isText) && isTexts(kinds) && map === undefined;
  const areNumbers = [value['tolerance'], withinMs].every((each) => typeof each === 'number');
  if (!areOthers || !areNumbers || typeof isRelative !== 'boolean') return false;
  return texts.every(isText) && isTexts(value['by']);
}
