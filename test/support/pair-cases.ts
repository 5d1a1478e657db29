import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { parse } from 'yaml';
import type { Answer } from '../../src/model/exchange.ts';
import type { Comparison } from '../../src/model/pair.ts';
import type { CompareRule } from '../../src/model/settings.ts';
import { answer, rule } from './answers.ts';

/** An answer as a file of fixtures/pairs writes it. */
interface WrittenAnswer {
  readonly status?: number;
  readonly type?: string;
  readonly headers?: readonly string[];
  readonly trailers?: readonly string[];
  readonly body?: string;
  readonly hex?: string;
  readonly gzip?: string;
  readonly br?: string;
  readonly zstd?: string;
}

interface WrittenCase {
  readonly name: string;
  readonly legacy: string | WrittenAnswer;
  readonly candidate: string | WrittenAnswer;
  readonly expect: readonly string[] | string;
  readonly noted?: readonly string[];
  readonly rules?: readonly ({ as: CompareRule['as']; path: string } & Partial<CompareRule>)[];
}

interface Group {
  readonly note: string;
  readonly type: string;
  readonly cases: readonly WrittenCase[];
}

export interface PairCase {
  /** Group and name. */
  readonly title: string;
  readonly legacy: Answer;
  readonly candidate: Answer;
  readonly rules: readonly CompareRule[];
  /** `KIND PATH` of each divergence, or the verdict in a word. */
  readonly expected: readonly string[] | string;
  readonly noted: readonly string[];
}

const FOLDER = 'fixtures/pairs';

/** All cases of fixtures/pairs. */
export function readPairCases(): PairCase[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));
  return files.sort().flatMap((file) => {
    const { cases, type } = parse(readFileSync(join(FOLDER, file), 'utf8')) as Group;
    return cases.map((each) => ({
      title: `${file.replace('.yaml', '')}: ${each.name}`,
      legacy: readAnswer(each.legacy, type),
      candidate: readAnswer(each.candidate, type),
      rules: (each.rules ?? []).map(({ as, path, ...more }) => rule(as, path, more)),
      expected: each.expect,
      noted: each.noted ?? [],
    }));
  });
}

const PACKINGS = { gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync } as const;

function readAnswer(written: string | WrittenAnswer, groupType: string): Answer {
  const given = typeof written === 'string' ? { body: written } : written;
  const { status = 200, type = groupType, headers = [], trailers = [], hex } = given;
  const fields = [...(type === '' ? [] : [`content-type: ${type}`]), ...headers];
  let body = hex === undefined ? Buffer.from(given.body ?? '') : Buffer.from(hex, 'hex');
  for (const [coding, pack] of Object.entries(PACKINGS)) {
    const text = given[coding as keyof typeof PACKINGS];
    if (text === undefined) continue;
    body = pack(text);
    fields.push(`content-encoding: ${coding}`);
  }
  return { ...answer(body, fields.flatMap(asField), status), trailers: trailers.flatMap(asField) };
}

function asField(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

/** What a comparison says, in the words of a case. */
export function wordsOf(comparison: Comparison): readonly string[] | string {
  switch (comparison.kind) {
    case 'matched':
      return [];
    case 'mismatched':
      return comparison.divergences.map(({ kind, path }) => `${kind} ${path}`);
    case 'ignored':
      return 'ignored';
    case 'not-comparable':
      return `not-comparable ${comparison.reason}`;
  }
}
