/** What happened between the two values of a divergence, told from their texts alone. */
import type { ValueChange, ValueClass } from '../model/cluster.ts';
import type { Divergence, DivergenceKind } from '../model/pair.ts';
import { type Moment, parseMoment } from './timestamps.ts';

/** Kinds that say what happened: which of the two is larger or earlier is chance. */
const TELLING: ReadonlySet<DivergenceKind> = new Set<DivergenceKind>([
  'header-order',
  'header-format',
  'generated',
  'id-precision',
  'id-order',
  'number-format',
  'number-precision',
  'negative-zero',
  'timestamp-precision',
  'timestamp-format',
  'clock-edge',
  'fields-swapped',
  'array-order',
  'key-order',
  'duplicate-key',
  'encoding',
  'normal-form',
  'letter-case',
  'white-space',
  'too-different',
]);

/** One of few, so that one cause has one; with the sides swapped it is {@link swappedChange}. */
export function changeOf({ kind, legacy, candidate }: Omit<Divergence, 'path'>): ValueChange {
  if (kind === 'status') return `${statusOf(legacy)} -> ${statusOf(candidate)}`;
  if (TELLING.has(kind)) {
    const [a, b] = [typeOf(classOf(legacy)), typeOf(classOf(candidate))];
    return a === b ? 'rewritten' : `${a} -> ${b}`;
  }
  if (kind === 'length' || kind === 'truncated') return lengthChange(legacy, candidate);
  const [a, b] = [classOf(legacy), classOf(candidate)];
  if (typeOf(a) === 'number' && typeOf(b) === 'number') return numberChange(legacy!, candidate!);
  if (a !== b) return `${a} -> ${b}`;
  return a === 'string' || a === 'text' ? textChange(legacy!, candidate!) : 'changed';
}

const OPPOSITES: Readonly<Partial<Record<ValueChange, ValueChange>>> = {
  larger: 'smaller',
  smaller: 'larger',
  later: 'earlier',
  earlier: 'later',
  longer: 'shorter',
  shorter: 'longer',
};

/** The change seen from the other side. */
export function swappedChange(change: ValueChange): ValueChange {
  const classes = change.split(' -> ');
  if (classes.length === 2) return `${classes[1]!} -> ${classes[0]!}`;
  return OPPOSITES[change] ?? change;
}

const WORDS: ReadonlySet<string> = new Set(['null', 'true', 'false', '""', '[]', '{}']);
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?…?$/;

/** The class of a value by its text; undefined is no value. */
export function classOf(text: string | undefined): ValueClass {
  if (text === undefined) return 'absent';
  if (WORDS.has(text)) return text as ValueClass;
  if (NUMBER.test(text)) return /^-?[0.]+(?:[eE]|$)/.test(text) ? '0' : 'number';
  if (text.startsWith('"')) return 'string';
  if (text.startsWith('[')) return 'list';
  return text.startsWith('{') ? 'object' : 'text';
}

/** Where a zero is a number like any other. */
function typeOf(valueClass: ValueClass): ValueClass {
  return valueClass === '0' ? 'number' : valueClass;
}

function statusOf(text: string | undefined): string {
  return text !== undefined && /^\d{3}$/.test(text) ? text : 'none';
}

function numberChange(legacy: string, candidate: string): ValueChange {
  const order = compareNumbers(legacy, candidate);
  return order === 0 ? 'changed' : order < 0 ? 'larger' : 'smaller';
}

const INTEGER = /^-?\d+$/;

function compareNumbers(a: string, b: string): number {
  if (a.endsWith('…') || b.endsWith('…')) return 0;
  if (!INTEGER.test(a) || !INTEGER.test(b)) return Math.sign(Number(a) - Number(b)) || 0;
  const [first, second] = [BigInt(a), BigInt(b)];
  return first === second ? 0 : first < second ? -1 : 1;
}

function textChange(legacy: string, candidate: string): ValueChange {
  const [a, b] = [momentOf(legacy), momentOf(candidate)];
  if (a === undefined || b === undefined) return 'changed';
  const order = compareMoments(a, b);
  return order === 0 ? 'rewritten' : order < 0 ? 'later' : 'earlier';
}

function momentOf(text: string): Moment | undefined {
  return parseMoment(text.startsWith('"') ? text.slice(1, -1) : text);
}

function compareMoments(a: Moment, b: Moment): number {
  if (a.seconds !== b.seconds) return a.seconds - b.seconds;
  return Number(`0.${a.fraction}0`) - Number(`0.${b.fraction}0`);
}

/** `3 items`, `120 bytes`, `byte 7 of 120: …`. */
const LENGTH = /^(?:byte \d+ of )?(\d+)(?: items?| bytes?|:)/;

function lengthChange(legacy = '', candidate = ''): ValueChange {
  const [a, b] = [lengthOf(legacy), lengthOf(candidate)];
  if (a === undefined || b === undefined || a === b) return 'changed';
  return a < b ? 'longer' : 'shorter';
}

function lengthOf(text: string): number | undefined {
  if (text === '' || text === 'empty') return 0;
  const told = LENGTH.exec(text)?.[1];
  if (told !== undefined) return Number(told);
  return text.endsWith('…') ? undefined : text.length;
}
