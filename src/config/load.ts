import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { Document, LineCounter, parseDocument, type YAMLError } from 'yaml';
import { codeOf, CrossfadeError, messageOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import type { Settings } from '../model/settings.ts';
import { checkDocument, checkPart } from './check.ts';
import { Problems } from './problems.ts';
import { CONFIG_SCHEMA, partsOf, storeOf } from './schema.ts';
import { settle, settleStorePath } from './settle.ts';
import type { Environment, Surroundings } from './surroundings.ts';

/**
 * The settings of a YAML (or JSON) file, frozen all through; relative paths in it are against
 * its own folder. Throws a ConfigError with every problem, or `config-unreadable`.
 */
export function loadSettings(path: string): Settings {
  return parseSettings(readText(path), basename(path), dirname(resolve(path)));
}

/** As {@link loadSettings}, for a text: `source` names it in messages. */
export function parseSettings(
  text: string,
  source: string,
  folder: string,
  env: Environment = process.env,
): Settings {
  const { document, problems } = parseText(text, source);
  return settingsOf(document, { folder, env, problems });
}

/**
 * Path of the store that a file names, whatever else is in the file: the way back has to be found
 * where a certificate cannot be read, or a variable is not set. Throws a ConfigError where the
 * file is no YAML or its `store` is wrong, or `config-unreadable`.
 */
export function loadStorePath(path: string): string {
  const { document, problems } = parseText(readText(path), basename(path));
  const fields = fieldsOf(document, problems);
  const { store } = CONFIG_SCHEMA.properties!;
  if (fields['store'] !== undefined) checkPart(document, 'store', store!, problems);
  problems.throwIfAny();
  return settleStorePath(storeOf(fields), dirname(resolve(path)));
}

function parseText(text: string, source: string): { document: Document; problems: Problems } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = new Problems(source, document, lines);
  for (const error of [...document.errors, ...document.warnings]) {
    problems.addOffset(error.pos[0], yamlMessage(error, text));
  }
  // A key given twice leaves a tree that can still be checked; any other error may not.
  if (document.errors.some((error) => error.code !== 'DUPLICATE_KEY')) problems.throwIfAny();
  return { document, problems };
}

function yamlMessage({ code, message, pos }: YAMLError, text: string): string {
  if (code !== 'DUPLICATE_KEY') return `not valid YAML: ${message}`;
  const key = /^("[^"\n]*"|'[^'\n]*'|[^\s:,{}]*)/.exec(text.slice(pos[0]))?.[0] ?? '';
  return `expected each key once, found "${key.replaceAll(/^["']|["']$/g, '')}" again`;
}

/** What the command line can say in place of a file. */
export interface UrlOptions {
  readonly legacy: string;
  readonly candidate: string;
  readonly legacyMetrics?: string | undefined;
  readonly candidateMetrics?: string | undefined;
  /** HOST:PORT. */
  readonly listen?: string | undefined;
  /** HOST:PORT of the control API. */
  readonly control?: string | undefined;
  readonly workers?: number | undefined;
  /** SQLite file. */
  readonly store?: string | undefined;
  /** File to record to. */
  readonly record?: string | undefined;
}

/** Settings without a file: the defaults, and no key, hence no canary. Paths against the cwd. */
export function settingsFromUrls(options: UrlOptions): Settings {
  const { legacyMetrics, candidateMetrics, listen, control, workers, store, record } = options;
  const file = {
    ...(listen === undefined ? {} : { listen }),
    ...(workers === undefined ? {} : { workers }),
    legacy: { url: options.legacy, ...(legacyMetrics && { metrics: legacyMetrics }) },
    candidate: { url: options.candidate, ...(candidateMetrics && { metrics: candidateMetrics }) },
    ...(record === undefined ? {} : { record: { file: record } }),
    ...(store === undefined ? {} : { store: { sqlite: store } }),
    ...(control === undefined ? {} : { control: { listen: control } }),
  };
  const document = new Document(file);
  const problems = new Problems('the options', document, null);
  return settingsOf(document, { folder: process.cwd(), env: process.env, problems });
}

function settingsOf(document: Document, around: Surroundings): Settings {
  const { problems } = around;
  checkDocument(document, CONFIG_SCHEMA, problems);
  return deepFreeze(settle(partsOf(fieldsOf(document, problems)), around));
}

function fieldsOf(document: Document, problems: Problems): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = document.toJS();
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch (error) {
    problems.add([], `not valid YAML: ${messageOf(error)}`);
  }
  return {};
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'its permissions forbid it',
};

function readText(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > LIMITS.configMaxBytes) {
      throw new CrossfadeError(
        'config-too-large',
        `${path} has ${size} bytes; a configuration has at most ${LIMITS.configMaxBytes}`,
      );
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    if (error instanceof CrossfadeError) throw error;
    const code = codeOf(error) ?? '';
    const why = UNREADABLE[code] ?? messageOf(error);
    throw new CrossfadeError('config-unreadable', `cannot read ${path}: ${why}`, { cause: error });
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
