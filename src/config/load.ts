import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { Document, LineCounter, parseDocument } from 'yaml';
import { codeOf, CrossfadeError, messageOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import type { Settings } from '../model/settings.ts';
import { checkDocument } from './check.ts';
import { Problems } from './problems.ts';
import { CONFIG_SCHEMA, partsOf } from './schema.ts';
import { settle } from './settle.ts';

/**
 * The settings of a YAML (or JSON) file, frozen all through; relative paths in it are against
 * its own folder. Throws a ConfigError with every problem, or `config-unreadable`.
 */
export function loadSettings(path: string): Settings {
  return parseSettings(readText(path), basename(path), dirname(resolve(path)));
}

/** As {@link loadSettings}, for a text: `source` names it in messages. */
export function parseSettings(text: string, source: string, folder: string): Settings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = new Problems(source, document, lines);
  for (const error of [...document.errors, ...document.warnings]) {
    problems.addOffset(error.pos[0], `not valid YAML: ${error.message}`);
  }
  // A key given twice leaves a tree that can still be checked; any other error may not.
  if (document.errors.some((error) => error.code !== 'DUPLICATE_KEY')) problems.throwIfAny();
  return settingsOf(document, folder, problems);
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
  return settingsOf(document, process.cwd(), new Problems('the options', document, null));
}

function settingsOf(document: Document, folder: string, problems: Problems): Settings {
  checkDocument(document, CONFIG_SCHEMA, problems);
  return deepFreeze(settle(partsOf(fieldsOf(document, problems)), folder, problems));
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
    const why = codeOf(error) === 'ENOENT' ? 'there is no such file' : messageOf(error);
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
