/** Values as a divergence shows them. */
import { LIMITS } from '../kit/limits.ts';
import { type JsonScalar, jsonText } from './json.ts';
import type { JsonTape } from './json-scan.ts';
import { rowText } from './json-tape.ts';
import type { FieldDifference } from './kinds.ts';

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

/** JSON text of a value; undefined of none. */
export function scalarText(value: JsonScalar | undefined): string | undefined {
  return value === undefined ? undefined : jsonText(value, LIMITS.divergenceValueMax);
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
