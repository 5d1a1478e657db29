/** Which elements of two arrays belong together where a rule says that their order is free. */
import type { CompareRule } from '../model/settings.ts';
import type { ArrayAt, ElementPair } from './json-arrays.ts';
import { valueOf } from './json.ts';
import { TAPE } from './json-rows.ts';
import { childrenOf } from './json-tape.ts';
import { identityOf } from './rules.ts';

const { ABSENT } = TAPE;

export interface SetAlignment {
  readonly pairs: readonly ElementPair[];
  /** Something was in another place, or stood there another number of times. */
  readonly isUsed: boolean;
}

interface Elements {
  readonly rows: readonly number[];
  readonly identities: readonly string[];
  /** The first element of each identity. */
  readonly firsts: ReadonlyMap<string, number>;
}

/** Elements of the same identity belong together, those left over are missing or added. */
export function alignSets(legacy: ArrayAt, candidate: ArrayAt, rule: CompareRule): SetAlignment {
  const [a, b] = [elementsOf(legacy, rule), elementsOf(candidate, rule)];
  const isMultiset = rule.as === 'multiset';
  const places = placesOf(b.identities);
  const pairs: ElementPair[] = [];
  let isUsed = false;
  a.identities.forEach((identity, index) => {
    const own = places.get(identity)?.pop();
    const at = own ?? (isMultiset ? undefined : b.firsts.get(identity));
    isUsed ||= at !== undefined && at !== index;
    const row = at === undefined ? ABSENT : b.rows[at]!;
    pairs.push({ index, legacy: a.rows[index]!, candidate: row });
  });
  const left = [...places.values()].flat().sort((x, y) => x - y);
  for (const index of left) {
    const at = isMultiset ? undefined : a.firsts.get(b.identities[index]!);
    isUsed ||= at !== undefined;
    const row = at === undefined ? ABSENT : a.rows[at]!;
    pairs.push({ index, legacy: row, candidate: b.rows[index]! });
  }
  return { pairs, isUsed };
}

function elementsOf({ tape, row }: ArrayAt, rule: CompareRule): Elements {
  const rows = childrenOf(tape, row);
  const identities = rows.map((at) => identityOf(valueOf(tape, at), rule.by));
  const firsts = new Map<string, number>();
  identities.forEach((identity, index) => {
    if (!firsts.has(identity)) firsts.set(identity, index);
  });
  return { rows, identities, firsts };
}

/** Indexes of each identity, the first one last. */
function placesOf(identities: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  identities.forEach((identity, index) => {
    const indexes = places.get(identity);
    if (indexes === undefined) places.set(identity, [index]);
    else indexes.push(index);
  });
  for (const indexes of places.values()) indexes.reverse();
  return places;
}
