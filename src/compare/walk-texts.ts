/** Values as a divergence shows them. */
import { LIMITS } from '../kit/limits.ts';
import { isScalar, type JsonScalar, jsonText, type JsonValue } from './json.ts';
import type { ArrayAt } from './json-arrays.ts';
import { TAPE } from './json-rows.ts';
import type { JsonTape } from './json-scan.ts';
import { childrenOf, countOf, isContainer, isEscaped, rowText, scalarOf } from './json-tape.ts';
import type { FieldDifference } from './kinds.ts';

const { ABSENT } = TAPE;

/** A key with all its values; undefined where there are none. */
export function repeatedText(
  tape: JsonTape,
  key: string,
  rows: readonly number[],
): string | undefined {
  if (rows.length === 0) return undefined;
  const name = JSON.stringify(key.slice(0, LIMITS.divergenceValueMax));
  const shown = rows.slice(0, LIMITS.divergencesPerPairMax);
  return shown.map((row) => `${name}:${rowText(tape, row, LIMITS.divergenceValueMax)}`).join(',');
}

/** Fields as an object, those that the side has. */
export function fieldsText(
  fields: readonly FieldDifference[],
  side: 'legacy' | 'candidate',
): string {
  const text = (value: JsonScalar): string => jsonText(value, LIMITS.divergenceValueMax / 4);
  const texts = fields.flatMap(({ key, [side]: value }) => {
    if (value === undefined) return [];
    return [`${JSON.stringify(key.slice(0, LIMITS.divergenceValueMax / 4))}:${text(value)}`];
  });
  return `{${texts.join(',')}}`;
}

/** JSON text of the value at a row, of which {@link outline} is known; undefined of none. */
export function valueText(
  tape: JsonTape,
  row: number,
  outlined: JsonValue | undefined,
): string | undefined {
  if (outlined === undefined) return undefined;
  if (!isScalar(outlined)) return rowText(tape, row, LIMITS.divergenceValueMax);
  const isPlain = typeof outlined === 'string' && !isEscaped(tape, row);
  return isPlain ? plainText(outlined) : jsonText(outlined, LIMITS.divergenceValueMax);
}

/** Of a string that is its own JSON text between quotes. */
function plainText(text: string): string {
  const isWhole = text.length + 2 <= LIMITS.divergenceValueMax;
  return isWhole ? `"${text}"` : `"${text.slice(0, LIMITS.divergenceValueMax - 1)}…`;
}

/** As much of a value as its kind is inferred from: of an object or array, whether it is empty. */
export function outline(tape: JsonTape, row: number): JsonValue | undefined {
  if (row === ABSENT) return undefined;
  if (!isContainer(tape, row)) return scalarOf(tape, row);
  return { kind: 'array', items: countOf(tape, row) === 0 ? [] : [null], hash: 0 };
}

/** How many elements an array has; of more than the other the one at `start` with it. */
export function lengthText({ tape, row }: ArrayAt, other: number, start: number): string {
  const count = countOf(tape, row);
  const items = `${count} ${count === 1 ? 'item' : 'items'}`;
  if (count < other) return items;
  const extra = rowText(tape, childrenOf(tape, row)[start]!, LIMITS.divergenceValueMax / 2);
  return `${items}; [${start}] is ${extra}`;
}
