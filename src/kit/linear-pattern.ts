/**
 * Regular expressions that cannot hang: RE2's syntax, without look-around and back-references,
 * matched in time linear in the text whatever pattern and text are.
 */
import { RE2JS } from 're2js';
import { messageOf } from './errors.ts';
import { LIMITS } from './limits.ts';

export interface LinearPattern {
  /** True when the whole text fits, from its first to its last character. */
  fits(text: string): boolean;
}

export type PatternCompile =
  | { readonly kind: 'compiled'; readonly pattern: LinearPattern }
  /** `why` completes "expected a regular expression of RE2, found …: ". */
  | { readonly kind: 'refused'; readonly why: string };

/** Never throws. Refuses what the engine cannot run, and what would take it too many steps. */
export function compilePattern(source: string): PatternCompile {
  if (source.length > LIMITS.patternMaxChars) {
    return refused(`it has ${source.length} characters, at most ${LIMITS.patternMaxChars} go`);
  }
  try {
    const compiled = RE2JS.compile(source);
    const steps = compiled.programSize();
    if (steps > LIMITS.patternStepsMax) {
      return refused(`it takes ${steps} steps, at most ${LIMITS.patternStepsMax} go`);
    }
    return { kind: 'compiled', pattern: { fits: (text) => compiled.testExact(text) } };
  } catch (error) {
    return refused(messageOf(error).replace(/^error parsing regexp: /, ''));
  }
}

function refused(why: string): PatternCompile {
  return { kind: 'refused', why };
}
