/** Looks through two answers of legacy to one request for arrays whose order it does not keep. */
import { LIMITS } from '../../kit/limits.ts';
import type { Answer } from '../../model/exchange.ts';
import type { CompareRule } from '../../model/settings.ts';
import { decodeBody } from '../decode.ts';
import { templateOf } from '../divergences.ts';
import { hashOf, isScalar, type JsonArray, type JsonValue, parseJson } from '../json.ts';
import { alignItems, type ArrayTally, chooseBy, newArrayTally, observe } from './array-tally.ts';
import type { RouteTallies } from './route-tallies.ts';

interface Frame {
  readonly path: string;
  readonly legacy: JsonValue;
  readonly again: JsonValue;
}

/**
 * True when an array is known from now on by other fields than before, or for the first time:
 * then the pair has to be compared anew. Linear in what the two bodies hold.
 */
export function studyArrays(
  legacy: Answer,
  again: Answer,
  tallies: RouteTallies,
  rules: readonly CompareRule[],
): boolean {
  const [a, b] = [bodyOf(legacy), bodyOf(again)];
  if (a === undefined || b === undefined) return false;
  let isChanged = false;
  const stack: Frame[] = [{ path: '', legacy: a, again: b }];
  for (let frame = stack.pop(); frame !== undefined; frame = stack.pop()) {
    const { path, legacy, again } = frame;
    if (isScalar(legacy) || isScalar(again) || hashOf(legacy) === hashOf(again)) continue;
    if (legacy.kind === 'object' && again.kind === 'object') {
      for (const [key, value] of legacy.members) {
        const other = again.members.get(key);
        const below = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        if (other !== undefined) stack.push({ path: below, legacy: value, again: other });
      }
    } else if (legacy.kind === 'array' && again.kind === 'array') {
      const array = arrayAt(templateOf(path), tallies, rules);
      if (array !== undefined && studyOne(array, legacy, again, tallies)) isChanged = true;
      for (const [item, other] of pairsOf(array, legacy, again)) {
        stack.push({ path: `${path}/0`, legacy: item, again: other });
      }
    }
  }
  return isChanged;
}

function studyOne(
  array: ArrayTally,
  legacy: JsonArray,
  again: JsonArray,
  tallies: RouteTallies,
): boolean {
  const count = legacy.items.length;
  if (count !== again.items.length || count < 2 || count > LIMITS.noiseArrayItemsMax) return false;
  const pairs = tallies.state.noisePairs + 1;
  // Once a pair, however many arrays of one have this path: they are moved by one cause.
  if (array.changes >= LIMITS.noiseArrayChangesMax || array.seenAt === pairs) return false;
  array.seenAt = pairs;
  observe(array, legacy, again);
  const by = chooseBy(array, (moved) => tallies.isProvedFrequent(moved, pairs, array.rank));
  if (by === null || by.join('\n') === array.by?.join('\n')) return false;
  array.by = by;
  array.changes += 1;
  tallies.forgetBelow(array);
  return true;
}

function arrayAt(
  path: string,
  tallies: RouteTallies,
  rules: readonly CompareRule[],
): ArrayTally | undefined {
  const { arrays } = tallies.state;
  const known = arrays.get(path);
  if (known !== undefined) return known;
  if (arrays.size >= LIMITS.noiseArraysPerRoute) return undefined;
  // Somebody has said already how it is to be compared.
  if (rules.some((rule) => isList(rule) && fitsTemplate(rule.path, path))) return undefined;
  const array = newArrayTally(path, tallies.takeRank());
  arrays.set(path, array);
  return array;
}

function isList({ as }: CompareRule): boolean {
  return as === 'set' || as === 'multiset';
}

/** Whether a rule's path may be about an array: wild segments on either side fit any. */
function fitsTemplate(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.includes('**')) return true;
  return (
    wanted.length === given.length &&
    wanted.every((each, i) => each === given[i] || each === '*' || given[i] === '*')
  );
}

/** Elements that are held against each other: by their places while the order counts. */
function pairsOf(
  array: ArrayTally | undefined,
  legacy: JsonArray,
  again: JsonArray,
): (readonly [JsonValue, JsonValue])[] {
  const most = LIMITS.noiseArrayItemsMax;
  if (legacy.items.length > most || again.items.length > most) return [];
  const by = array?.by ?? null;
  if (by !== null) return alignItems(legacy, again, by);
  if (legacy.items.length !== again.items.length) return [];
  return legacy.items.map((item, i) => [item, again.items[i]!] as const);
}

function bodyOf({ headers, body, bodyBytes }: Answer): JsonValue | undefined {
  if (body.length === 0 || body.length !== bodyBytes) return undefined;
  const decoded = decodeBody(headers, body);
  if (decoded.kind !== 'decoded') return undefined;
  const { buffer, byteOffset, length } = decoded.bytes;
  const parsed = parseJson(Buffer.from(buffer, byteOffset, length).toString('utf8'));
  return parsed.kind === 'parsed' ? parsed.value : undefined;
}
