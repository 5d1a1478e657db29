/**
 * Compares texts by their lines. In: two texts that differ. Out: the lines that were changed,
 * left out or added, each at its number; one word where they have too little in common.
 */
import { LIMITS } from '../kit/limits.ts';
import type { DivergenceKind } from '../model/pair.ts';
import { diffLines, type Hunk } from './diff-lines.ts';
import type { DivergenceList } from './divergences.ts';
import { differenceAt, differenceOfBytes } from './excerpt.ts';
import { childOf, pointerOf, ROOT, type RuleSet } from './rules.ts';
import { kindOfStrings } from './string-kinds.ts';
import { firstDifference } from './bytes.ts';

export interface TextInput {
  /** UTF-8, and not the same. */
  readonly legacy: Uint8Array;
  readonly candidate: Uint8Array;
  readonly rules: RuleSet | null;
  readonly divergences: DivergenceList;
}

const LINE_BREAK = 0x0a;

/** Adds what differs: a line is known by its index, as an element of an array is. */
export function compareLines(input: TextInput): void {
  const { legacy, candidate } = input;
  if (!legacy.includes(LINE_BREAK) && !candidate.includes(LINE_BREAK)) {
    compareOneLine(input);
    return;
  }
  const middle = findMiddle(legacy, candidate);
  const hunks = diffLines(middle.legacy, middle.candidate);
  if (hunks === null) {
    const text = (bytes: Uint8Array): string => `${bytes.length} bytes, ${linesIn(bytes)} lines`;
    report(input, 'body', 'too-different', text(legacy), text(candidate));
    return;
  }
  for (const hunk of hunks) {
    if (input.divergences.isFull) return;
    addHunk(input, middle, hunk);
  }
}

function report(
  { rules, divergences }: TextInput,
  path: string,
  kind: DivergenceKind,
  legacy: string | undefined,
  candidate: string | undefined,
): void {
  if (rules?.excusesAt(path, kind) === true) return;
  divergences.add(path, kind, legacy, candidate);
}

/** The whole text is one value: told by its bytes. */
function compareOneLine(input: TextInput): void {
  const { legacy, candidate, rules } = input;
  const [a, b] = [Buffer.from(legacy).toString('utf8'), Buffer.from(candidate).toString('utf8')];
  if (rules?.isExcused(ROOT, a, b) === true) return;
  const kind = a === '' || b === '' ? 'value' : kindOfStrings(a, b);
  const difference =
    kind === 'value' ? differenceOfBytes(legacy, candidate) : differenceAt(kind, legacy, candidate);
  if (difference === null) return;
  report(input, 'body', difference.kind, difference.legacy, difference.candidate);
}

/** What stands between the lines that both begin and end with. */
interface Middle {
  readonly legacy: readonly string[];
  readonly candidate: readonly string[];
  /** Lines before it. */
  readonly before: number;
  /** There are lines behind it. */
  readonly hasRest: boolean;
}

function findMiddle(a: Uint8Array, b: Uint8Array): Middle {
  const start = lineStart(a, firstDifference(a, b));
  let [i, j] = [a.length, b.length];
  // From here on both are the same, from the start of a line on.
  let [restA, restB] = [i, j];
  while (i > start && j > start && a[i - 1] === b[j - 1]) {
    i -= 1;
    j -= 1;
    if (a[i] === LINE_BREAK && i + 1 < a.length) [restA, restB] = [i + 1, j + 1];
  }
  return {
    legacy: linesOf(a.subarray(start, restA)),
    candidate: linesOf(b.subarray(start, restB)),
    before: linesIn(a.subarray(0, start)),
    hasRest: restA < a.length,
  };
}

function lineStart(bytes: Uint8Array, at: number): number {
  return at === 0 ? 0 : bytes.lastIndexOf(LINE_BREAK, at - 1) + 1;
}

function linesIn(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_BREAK); at >= 0; at = bytes.indexOf(LINE_BREAK, at + 1)) {
    count += 1;
  }
  return bytes.length > 0 && bytes.at(-1) !== LINE_BREAK ? count + 1 : count;
}

/** Each with its line break, so that a last line without one is another line. */
function linesOf(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function addHunk(input: TextInput, middle: Middle, hunk: Hunk): void {
  const { legacyStart, legacyEnd, candidateStart, candidateEnd } = hunk;
  const isLast =
    !middle.hasRest &&
    legacyEnd === middle.legacy.length &&
    candidateEnd === middle.candidate.length;
  const [ofLegacy, ofCandidate] = [legacyEnd - legacyStart, candidateEnd - candidateStart];
  const paired = Math.min(ofLegacy, ofCandidate);
  for (let at = 0; at < paired; at += 1) {
    const index = middle.before + legacyStart + at;
    addLine(input, index, middle.legacy[legacyStart + at], middle.candidate[candidateStart + at]);
  }
  const isCut = isLast && paired === 0 && middle.before + Math.min(legacyStart, candidateStart) > 0;
  if (isCut) {
    addCut(input, middle, hunk);
    return;
  }
  for (let at = paired; at < Math.max(ofLegacy, ofCandidate); at += 1) {
    if (input.divergences.isFull) return;
    const start = ofLegacy > ofCandidate ? legacyStart : candidateStart;
    const a = at < ofLegacy ? middle.legacy[legacyStart + at] : undefined;
    const b = at < ofCandidate ? middle.candidate[candidateStart + at] : undefined;
    addLine(input, middle.before + start + at, a, b);
  }
}

/** One side ends where the other goes on. */
function addCut(input: TextInput, middle: Middle, hunk: Hunk): void {
  const text = (lines: readonly string[], start: number, end: number): string => {
    const number = middle.before + start + 1;
    if (end === start) return `ends before line ${number}`;
    return shown(number - 1, lines[start]!);
  };
  const legacy = text(middle.legacy, hunk.legacyStart, hunk.legacyEnd);
  const candidate = text(middle.candidate, hunk.candidateStart, hunk.candidateEnd);
  report(input, 'body', 'truncated', legacy, candidate);
}

function addLine(
  input: TextInput,
  index: number,
  legacy: string | undefined,
  candidate: string | undefined,
): void {
  const path = childOf(ROOT, String(index));
  if (input.rules?.isExcused(path, plain(legacy), plain(candidate)) === true) return;
  const [a, b] = [legacy, candidate].map((line) => line && shown(index, line));
  report(input, pointerOf(path), kindOf(legacy, candidate), a, b);
}

/** Line breaks of another kind are white space, and so is a missing one at the end. */
function kindOf(legacy: string | undefined, candidate: string | undefined): DivergenceKind {
  const [a, b] = [plain(legacy), plain(candidate)];
  if (a === undefined) return 'added';
  if (b === undefined) return 'missing';
  return a === b ? 'white-space' : kindOfStrings(a, b);
}

function plain(line: string | undefined): string | undefined {
  return line?.replace(/\r?\n$/, '');
}

function shown(index: number, line: string): string {
  return `line ${index + 1}: ${JSON.stringify(line.slice(0, LIMITS.divergenceValueMax))}`;
}
