import { LIMITS } from '../kit/limits.ts';

/** Lines of one side that stand for lines of the other; the ends are not among them. */
export interface Hunk {
  readonly legacyStart: number;
  readonly legacyEnd: number;
  readonly candidateStart: number;
  readonly candidateEnd: number;
}

/** Comparisons of lines that are spent on two texts. */
const STEPS_MAX = 4_000_000;

/**
 * The fewest lines that have to go or to come, as hunks in order; where several ways are as short,
 * the same one whichever side is the legacy. Beyond the limit of edits the
 * lines are laid side by side by their numbers where there are as many of them; else null: too
 * little in common. Time: as many steps as lines times edits, and never more than a bound.
 * Source: Myers, An O(ND) Difference Algorithm and Its Variations, 1986.
 */
export function diffLines(legacy: readonly string[], candidate: readonly string[]): Hunk[] | null {
  const [n, m] = [legacy.length, candidate.length];
  if (n + m > LIMITS.bodyPartsMax) return null;
  const whole = { legacyStart: 0, legacyEnd: n, candidateStart: 0, candidateEnd: m };
  if (n === 0 || m === 0) return n + m === 0 ? [] : [whole];
  if (isBehind(legacy, candidate)) return diffLines(candidate, legacy)?.map(swapped) ?? null;
  const [a, b] = numbered(legacy, candidate);
  const traces = search(a, b);
  if (traces !== null) return hunksOf(traces, n, m);
  return n === m ? inPlace(a, b) : null;
}

/** An order of all texts: by length, then by the first lines that differ. */
function isBehind(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return a.length > b.length;
  const at = a.findIndex((line, index) => line !== b[index]);
  return at >= 0 && a[at]! > b[at]!;
}

function swapped({ legacyStart, legacyEnd, candidateStart, candidateEnd }: Hunk): Hunk {
  return {
    legacyStart: candidateStart,
    legacyEnd: candidateEnd,
    candidateStart: legacyStart,
    candidateEnd: legacyEnd,
  };
}

/** The same number for the same line. */
function numbered(
  legacy: readonly string[],
  candidate: readonly string[],
): readonly [Int32Array, Int32Array] {
  const numbers = new Map<string, number>();
  const numberOf = (line: string): number => {
    const known = numbers.get(line) ?? numbers.size;
    numbers.set(line, known);
    return known;
  };
  return [Int32Array.from(legacy, numberOf), Int32Array.from(candidate, numberOf)];
}

/** How far each diagonal had come before each edit; null beyond the limits. */
function search(a: Int32Array, b: Int32Array): Int32Array[] | null {
  const [n, m] = [a.length, b.length];
  const most = Math.min(n + m, LIMITS.textEditsMax);
  const offset = most + 1;
  const far = new Int32Array(2 * offset + 1);
  const traces: Int32Array[] = [];
  let steps = 0;
  for (let edits = 0; edits <= most; edits += 1) {
    traces.push(far.slice(offset - edits - 1, offset + edits + 2));
    for (let k = -edits; k <= edits; k += 2) {
      const isDown = k === -edits || (k !== edits && far[offset + k - 1]! < far[offset + k + 1]!);
      let x = isDown ? far[offset + k + 1]! : far[offset + k - 1]! + 1;
      let y = x - k;
      const from = x;
      while (x < n && y < m && a[x] === b[y]) {
        x += 1;
        y += 1;
      }
      far[offset + k] = x;
      if (x === n && y === m) return traces;
      steps += x - from + 1;
    }
    if (steps > STEPS_MAX) return null;
  }
  return null;
}

/** Back along the way that was found. */
function hunksOf(traces: readonly Int32Array[], n: number, m: number): Hunk[] {
  const hunks: Hunk[] = [];
  let [x, y] = [n, m];
  for (let edits = traces.length - 1; edits > 0; edits -= 1) {
    const trace = traces[edits]!;
    // The middle of a trace is diagonal 0.
    const farOn = (diagonal: number): number => trace[diagonal + edits + 1]!;
    const k = x - y;
    const isDown = k === -edits || (k !== edits && farOn(k - 1) < farOn(k + 1));
    const before = isDown ? k + 1 : k - 1;
    const fromX = farOn(before);
    const fromY = fromX - before;
    // The edit itself; what stands behind it is the same on both sides.
    const toX = isDown ? fromX : fromX + 1;
    const toY = isDown ? fromY + 1 : fromY;
    hunks.push({ legacyStart: fromX, legacyEnd: toX, candidateStart: fromY, candidateEnd: toY });
    [x, y] = [fromX, fromY];
  }
  return joined(hunks.reverse());
}

/** Hunks that touch are one. */
function joined(hunks: readonly Hunk[]): Hunk[] {
  const result: Hunk[] = [];
  for (const hunk of hunks) {
    const last = result.at(-1);
    const isNext =
      last?.legacyEnd === hunk.legacyStart && last.candidateEnd === hunk.candidateStart;
    if (last === undefined || !isNext) result.push(hunk);
    else {
      const { legacyEnd, candidateEnd } = hunk;
      result[result.length - 1] = { ...last, legacyEnd, candidateEnd };
    }
  }
  return result;
}

function inPlace(a: Int32Array, b: Int32Array): Hunk[] {
  const hunks: Hunk[] = [];
  for (let at = 0; at < a.length; at += 1) {
    if (a[at] === b[at]) continue;
    const end = at + 1;
    hunks.push({ legacyStart: at, legacyEnd: end, candidateStart: at, candidateEnd: end });
  }
  return hunks;
}
