import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../src/kit/linear-pattern.ts';

function fits(source: string, text: string): boolean {
  const compiled = compilePattern(source);
  return compiled.kind === 'compiled' && compiled.pattern.fits(text);
}

describe('a linear pattern', () => {
  it('fits a text as a whole', () => {
    expect(fits('[a-f]+', 'abc')).toBe(true);
    expect(fits('[a-f]+', 'abcx')).toBe(false);
    expect(fits('a|b', 'b')).toBe(true);
    expect(fits('(?i)a.c', 'AöC')).toBe(true);
    expect(fits('', '')).toBe(true);
  });

  it.each(['(a+)+$', '(a|aa)+', '(.*a){20}', '^(([a-z])+.)+$', '(a*)*b'])(
    'takes time in the length of the text, not in its powers: %s',
    (source) => {
      expect(typeof fits(source, 'a'.repeat(50_000))).toBe('boolean');
      expect(fits(source, `${'a'.repeat(50_000)}\n!`)).toBe(false);
    },
  );

  it.each([
    ['(?=a)b', 'invalid'],
    ['(a)\\1', 'invalid escape'],
    ['(a', 'missing'],
    ['a{2000}', 'repeat'],
    ['((a{100}){100}){100}', ''],
    ['a'.repeat(501), '501 characters'],
    ['\\w{500}\\d{500}x{100}', 'steps'],
  ])('refuses %s, and says why', (source, why) => {
    const compiled = compilePattern(source);
    expect(compiled).toMatchObject({ kind: 'refused' });
    if (compiled.kind === 'refused') expect(compiled.why).toContain(why);
  });
});
