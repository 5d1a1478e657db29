import { describe, expect, it } from 'vitest';
import { compareAnswers } from '../../src/compare/compare.ts';
import type { Answer } from '../../src/model/exchange.ts';
import { DIVERGENCE_KINDS, type DivergenceKind } from '../../src/model/pair.ts';
import type { Injection } from '../../src/selftest/edit.ts';
import { injectionsOf, usableBody } from '../../src/selftest/inject.ts';
import { SAMPLE_ANSWERS } from '../support/sample-answers.ts';
import { answer } from '../support/answers.ts';

function bugsOf(given: Answer): Injection[] {
  const body = usableBody(given);
  return typeof body === 'string' ? [] : injectionsOf(body);
}

/** What a comparison without rules says of the bug, what it only notes among it. */
function namesOf(given: Answer, bug: Injection): DivergenceKind[] {
  const comparison = compareAnswers(given, bug.make(), [], 0);
  const found = comparison.kind === 'mismatched' ? comparison.divergences : [];
  const noted = comparison.kind === 'matched' ? (comparison.noted ?? []) : [];
  return [...found, ...noted].map(({ kind }) => kind);
}

const SAMPLES = Object.entries(SAMPLE_ANSWERS);

describe('bugs put into answers', () => {
  it.each(SAMPLES)('are all named as what they are, in %s', (_name, given) => {
    const bugs = bugsOf(given);
    expect(bugs.length).toBeGreaterThan(4);
    const misnamed = bugs
      .map((bug) => ({ bug, names: namesOf(given, bug) }))
      .filter(({ bug, names }) => !names.includes(bug.kind))
      .map(({ bug, names }) => `${bug.kind} ${bug.path} (${bug.what}): ${names.join(', ')}`);
    expect(misnamed).toEqual([]);
  });

  it.each(DIVERGENCE_KINDS)('are of the kind %s in some sample', (kind) => {
    const bugs = SAMPLES.flatMap(([, given]) => bugsOf(given));
    expect(bugs.some((bug) => bug.kind === kind)).toBe(true);
  });

  it.each(SAMPLES)('leave the answer that was recorded as it is, in %s', (_name, given) => {
    const before = structuredClone({ ...given, body: Buffer.from(given.body).toString('hex') });
    for (const bug of bugsOf(given)) bug.make();
    expect({ ...given, body: Buffer.from(given.body).toString('hex') }).toEqual(before);
  });

  it('stand at every leaf of a JSON text', () => {
    const bugs = bugsOf(answer('{"a":{"b":[1,"x",null]},"c":true}'));
    const leaves = ['/a/b/0', '/a/b/1', '/a/b/2', '/c'];
    for (const kind of ['type', 'default-or-missing', 'value'] as const) {
      const places = new Set(bugs.filter((bug) => bug.kind === kind).map(({ path }) => path));
      const due = {
        type: leaves,
        'default-or-missing': ['/a/b/2'],
        value: ['/a/b/0', '/a/b/1', '/c'],
      };
      expect([...places]).toEqual(expect.arrayContaining(due[kind]));
    }
  });

  it('have no place in fields that are never compared', () => {
    const bugs = bugsOf(answer('{}', ['Date', 'x', 'Server', 'y', 'Content-Length', '2']));
    const paths = new Set(bugs.map(({ path }) => path));
    expect(paths).not.toContain('header:date');
    expect(paths).not.toContain('header:server');
    expect(paths).not.toContain('header:content-length');
  });

  it('tell the length of a body that they change', () => {
    const given = answer('{"a":1}', ['content-type', 'application/json', 'Content-Length', '7']);
    const bug = bugsOf(given).find(({ kind }) => kind === 'missing')!;
    expect(bug.make()).toMatchObject({
      headers: ['content-type', 'application/json', 'Content-Length', '2'],
      bodyBytes: 2,
    });
  });
});

describe('an answer', () => {
  const deep = '['.repeat(600) + ']'.repeat(600);
  it.each([
    ['unavailable', answer('{}', [], 503)],
    ['too-large', { ...answer('{}'), bodyBytes: 3, bodyHash: 'x' }],
    ['too-complex', answer(deep)],
    ['undecodable', answer('{}', ['content-encoding', 'gzip'])],
  ])('that is %s is left out', (reason, given) => {
    expect(usableBody(given)).toBe(reason);
  });
});
