import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines } from '../../src/compare/diff-lines.ts';

/** Few lines, so that many ways from one text to the other are as short. */
const lines = fc.array(fc.constantFrom('a\n', 'b\n', 'c\r\n', '\n', 'd'), { maxLength: 12 });
const RUNS = { seed: 20_260_115, numRuns: 20_000 };

describe('the hunks of two texts', () => {
  it('make the one of the other', () => {
    fc.assert(
      fc.property(lines, lines, (legacy, candidate) => {
        const made = [...legacy];
        for (const hunk of diffLines(legacy, candidate)!.toReversed()) {
          const { legacyStart, legacyEnd, candidateStart, candidateEnd } = hunk;
          const put = candidate.slice(candidateStart, candidateEnd);
          made.splice(legacyStart, legacyEnd - legacyStart, ...put);
        }
        expect(made).toEqual(candidate);
      }),
      RUNS,
    );
  });

  it('are the same the other way round', () => {
    fc.assert(
      fc.property(lines, lines, (legacy, candidate) => {
        const back = diffLines(candidate, legacy)!.map((hunk) => ({
          legacyStart: hunk.candidateStart,
          legacyEnd: hunk.candidateEnd,
          candidateStart: hunk.legacyStart,
          candidateEnd: hunk.legacyEnd,
        }));
        expect(diffLines(legacy, candidate)).toEqual(back);
      }),
      RUNS,
    );
  });
});
