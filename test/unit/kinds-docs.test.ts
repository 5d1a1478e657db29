import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareAnswers } from '../../src/compare/compare.ts';
import type { Answer } from '../../src/model/exchange.ts';
import { DIVERGENCE_KINDS } from '../../src/model/pair.ts';
import { answer } from '../support/answers.ts';

const FOLDER = 'docs/kinds';

/** The answer of a fenced block: JSON, a text that stands so many times, or a whole message. */
function answerOf(language: string, text: string): Answer {
  const lines = /^text, (\d+) lines$/.exec(language);
  if (lines !== null) {
    const all = Array.from({ length: Number(lines[1]) }, (_, i) => text.replace('#', String(i)));
    return answer(`${all.join('\n')}\n`, ['content-type', 'text/plain']);
  }
  if (language === 'json') return answer(text);
  const [head = '', body = ''] = text.split('\n\n');
  const [start = '', ...fields] = head.split('\n');
  const headers = fields.flatMap((field) => {
    const colon = field.indexOf(': ');
    return [field.slice(0, colon), field.slice(colon + 2)];
  });
  return answer(body, headers, Number(start.split(' ')[1]));
}

function examplesIn(page: string): Answer[] {
  const blocks = page.matchAll(/^```([^\n]+)\n([\s\S]*?)\n```$/gm);
  return [...blocks].map(([, language, text]) => answerOf(language!, text!));
}

describe('the pages on kinds', () => {
  it('are one for each kind there is, and one index', () => {
    const pages = DIVERGENCE_KINDS.map((kind) => `${kind}.md`);
    expect(readdirSync(FOLDER).sort()).toEqual([...pages, 'README.md'].sort());
  });

  it('are listed in their index, in the order of the list', () => {
    const rows = readFileSync(`${FOLDER}/README.md`, 'utf8').matchAll(/^\| \[([\w-]+)\]\(/gm);
    expect([...rows].map(([, kind]) => kind)).toEqual([...DIVERGENCE_KINDS]);
  });

  it.each(DIVERGENCE_KINDS)('show two answers that differ by %s and by nothing else', (kind) => {
    const page = readFileSync(`${FOLDER}/${kind}.md`, 'utf8');
    expect(page.startsWith(`# ${kind}\n`)).toBe(true);
    const [legacy, candidate, ...more] = examplesIn(page);
    expect(more).toEqual([]);
    const comparison = compareAnswers(legacy!, candidate!, [], 0);
    const found = comparison.kind === 'mismatched' ? comparison.divergences : [];
    expect(found.map((each) => each.kind)).toEqual([kind]);
  });
});
