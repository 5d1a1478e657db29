import { describe, expect, it } from 'vitest';
import { changeOf, swappedChange } from '../../src/compare/value-change.ts';
import { DIVERGENCE_KINDS, type DivergenceKind } from '../../src/model/pair.ts';

type Case = readonly [
  kind: DivergenceKind,
  legacy: string | undefined,
  candidate: string | undefined,
  change: string,
];

const CASES: readonly Case[] = [
  ['status', '200', '500', '200 -> 500'],
  ['status', '404', '200', '404 -> 200'],
  ['missing', '"a"', undefined, 'string -> absent'],
  ['added', undefined, '[1]', 'absent -> list'],
  ['null-or-missing', 'null', undefined, 'null -> absent'],
  ['type', '12', '"12"', 'number -> string'],
  ['type', '0', 'null', '0 -> null'],
  ['type', '0.00', 'null', '0 -> null'],
  ['type', '{}', '[]', '{} -> []'],
  ['type', '{"a":1}', '""', 'object -> ""'],
  ['value', 'true', 'false', 'true -> false'],
  ['value', '1', '2', 'larger'],
  ['value', '0', '2', 'larger'],
  ['value', '-1', '-2.5', 'smaller'],
  ['value', '12345678901234567890123', '12345678901234567890124', 'larger'],
  ['value', '1e999', '1e998', 'changed'],
  ['value', '"abc"', '"abd"', 'changed'],
  ['value', '"abc"', '""', 'string -> ""'],
  ['value', '[1]', '[2]', 'changed'],
  ['value', '"2026-01-01T00:00:00Z"', '"2026-01-02T00:00:00Z"', 'later'],
  ['value', '"2026-01-01T00:00:00.5Z"', '"2026-01-01T00:00:00Z"', 'earlier'],
  ['header', 'no-store', 'max-age=60', 'changed'],
  ['header', undefined, 'no-store', 'absent -> text'],
  ['header', '3', '4', 'larger'],
  ['length', '3 items', '4 items; [3] is {"a":1}', 'longer'],
  ['length', '300 bytes', '20 bytes, SHA-256 00ff', 'shorter'],
  ['length', 'byte 7 of 120: "a"…', 'byte 7 of 12: "b"', 'shorter'],
  ['length', 'what', 'ever', 'changed'],
  ['truncated', '"a long text that goes on"', '"a long text that"', 'shorter'],
  ['truncated', '"a long text that"', `"${'a'.repeat(255)}…`, 'changed'],
  ['id-precision', '1099511627776044096', '1099511627776044000', 'rewritten'],
  ['id-precision', '1099511627776044096', '"1099511627776044000"', 'number -> string'],
  ['number-format', '0', '0.0', 'rewritten'],
  ['timestamp-format', '"2026-01-01T00:00:00Z"', '1767225600', 'string -> number'],
  ['fields-swapped', '{"a":1,"b":2}', '{"a":2,"b":1}', 'rewritten'],
];

describe('what happened to a value', () => {
  it.each(CASES)('%s: %s against %s is %s', (kind, legacy, candidate, change) => {
    expect(changeOf({ kind, legacy, candidate })).toBe(change);
  });

  it('is the mirrored change when the sides are swapped, whatever the values', () => {
    const texts = [...new Set(CASES.flatMap(([, legacy, candidate]) => [legacy, candidate]))];
    const found: string[] = [];
    for (const kind of DIVERGENCE_KINDS) {
      for (const a of texts) {
        for (const b of texts) {
          const change = changeOf({ kind, legacy: a, candidate: b });
          const swapped = changeOf({ kind, legacy: b, candidate: a });
          if (swappedChange(swapped) !== change) found.push(`${kind}: ${a} against ${b}`);
        }
      }
    }
    expect(found).toEqual([]);
  });

  it('has few words for the values of one place', () => {
    const numbers = Array.from({ length: 200 }, (_, i) => String((i * 7919) % 101));
    const changes = numbers.map((candidate, i) =>
      changeOf({ kind: 'value', legacy: numbers[(i * 31) % 200], candidate }),
    );
    expect(new Set(changes).size).toBeLessThanOrEqual(3);
  });
});
