import { describe, expect, it } from 'vitest';
import {
  findPartners,
  type Partners,
  type PartnersOptions,
} from '../../src/offline/compare/partners.ts';
import type { RecordedPair } from '../../src/recording/format.ts';
import { answer } from '../support/answers.ts';

interface Given {
  readonly method?: string;
  readonly target?: string;
  readonly keys?: readonly string[];
  readonly body?: string | null;
  /** Marks the record. */
  readonly is: string;
}

function recordOf({
  method = 'GET',
  target = '/a',
  keys = [],
  body = null,
  is,
}: Given): RecordedPair {
  const bytes = body === null ? null : Buffer.from(body);
  return {
    route: 'GET other',
    keys,
    liveSide: 'legacy',
    atUs: 0,
    request: { method, target, headers: [], body: bytes },
    legacy: { outcome: 'answered', answer: answer(is), latencyUs: 1, serviceUs: 1 },
    candidate: null,
  };
}

async function* stream(given: readonly Given[]): AsyncGenerator<RecordedPair> {
  for (const each of given) yield recordOf(each);
}

function textOf(part: Extract<Partners, { kind: 'partners' }>['a']): string {
  return Buffer.from(part.exchange!.answer!.body).toString();
}

/** `a1+b1` for partners, `a2!` for one alone, `a2?` for one given up. */
async function partnersOf(
  a: readonly Given[],
  b: readonly Given[],
  options: Partial<PartnersOptions> = {},
): Promise<string[]> {
  const found: string[] = [];
  const given: PartnersOptions = {
    areKeysAlike: true,
    waitingMaxBytes: 1_000_000,
    answerOf: ({ legacy }) => legacy,
    ...options,
  };
  for await (const each of findPartners(stream(a), stream(b), given)) {
    if (each.kind === 'partners') found.push(`${textOf(each.a)}+${textOf(each.b)}`);
    else found.push(`${textOf(each.answer)}${each.isGivenUp ? '?' : '!'}`);
  }
  return found.sort();
}

describe('partners', () => {
  it('are requests of the same method, target, keys and body', async () => {
    const a = [
      { is: 'a1', method: 'GET' },
      { is: 'a2', method: 'POST' },
      { is: 'a3', target: '/b' },
      { is: 'a4', keys: ['u'] },
      { is: 'a5', body: 'x' },
    ];
    const b = [...a].reverse().map((each) => ({ ...each, is: each.is.replace('a', 'b') }));
    expect(await partnersOf(a, b)).toEqual(a.map(({ is }) => `${is}+${is.replace('a', 'b')}`));
  });

  it('are the n-th of their kind in each, in whatever order others come between', async () => {
    const a = [{ is: 'a1' }, { is: 'a2' }, { is: 'a3', target: '/b' }];
    const b = [{ is: 'b3', target: '/b' }, { is: 'b1' }, { is: 'b2' }];
    expect(await partnersOf(a, b)).toEqual(['a1+b1', 'a2+b2', 'a3+b3']);
  });

  it('leave nothing out: what has none is told of, of either recording', async () => {
    const a = [{ is: 'a1' }, { is: 'a2' }, { is: 'a3', target: '/only-a' }];
    const b = [{ is: 'b1' }, { is: 'b4', target: '/only-b' }];
    expect(await partnersOf(a, b)).toEqual(['a1+b1', 'a2!', 'a3!', 'b4!']);
    expect(await partnersOf([], b)).toEqual(['b1!', 'b4!']);
  });

  it('are found without keys where the recordings do not find keys alike', async () => {
    const a = [{ is: 'a1', keys: ['u'] }];
    const b = [{ is: 'b1', keys: [] }];
    expect(await partnersOf(a, b)).toEqual(['a1!', 'b1!']);
    expect(await partnersOf(a, b, { areKeysAlike: false })).toEqual(['a1+b1']);
  });

  it('are found whatever tokens stand for their credentials', async () => {
    const a = [{ is: 'a1', target: '/a?access_token=one&page=2' }];
    const b = [{ is: 'b1', target: '/a?access_token=two&page=2' }];
    expect(await partnersOf(a, b)).toEqual(['a1+b1']);
    const other = [{ is: 'b1', target: '/a?access_token=one&page=3' }];
    expect(await partnersOf(a, other)).toEqual(['a1!', 'b1!']);
  });

  it('are waited for within a bound: the longest waiting are given up, and told of', async () => {
    const a = Array.from({ length: 10 }, (_, i) => ({ is: `a${i}`, target: `/a/${i}` }));
    const b = [...a].reverse().map(({ is, target }) => ({ is: is.replace('a', 'b'), target }));
    const found = await partnersOf(a, b, { waitingMaxBytes: 3000 });
    expect(found).toContain('a0?');
    expect(found).toContain('b9?');
    const told = found.flatMap((each) => each.replaceAll(/[?!]/g, '').split('+'));
    expect(told.sort()).toEqual([...a, ...b].map(({ is }) => is).sort());
  });
});
