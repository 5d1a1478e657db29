import { type Document, isNode, type LineCounter, type Node } from 'yaml';
import { CrossfadeError } from '../kit/errors.ts';
import { nearest } from '../kit/nearest.ts';

/** Where in the file: keys and indices from the root. */
export type Path = readonly (string | number)[];

/** One thing wrong with a configuration; line and column count from 1, null when not in a file. */
export interface Problem {
  readonly line: number | null;
  readonly column: number | null;
  /** `routes[0].match`; '' for the file as a whole. */
  readonly path: string;
  /** What was expected and what was found. */
  readonly message: string;
}

/** All problems of one configuration, in the order of the file. */
export class ConfigError extends CrossfadeError {
  readonly problems: readonly Problem[];

  constructor(source: string, problems: readonly Problem[]) {
    const lines = problems.map((problem) => describeProblem(source, problem));
    const text =
      lines.length === 1
        ? lines[0]!
        : `${source} has ${lines.length} problems\n${lines.map((line) => `  ${line}`).join('\n')}`;
    super('config-invalid', text);
    this.problems = problems;
  }
}

function describeProblem(source: string, problem: Problem): string {
  const place = problem.line === null ? '' : `:${problem.line}:${problem.column}`;
  return `${source}${place}: ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}`;
}

/** `routes[0].match`: a path the way a person reads it. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

/** `; did you mean "url"?`, or '' when nothing known is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

/** Collects every problem of one document and knows where each of them stands. */
export class Problems {
  readonly #source: string;
  readonly #document: Document;
  readonly #lines: LineCounter | null;
  readonly #found: { readonly offset: number; readonly problem: Problem }[] = [];

  /** `lines` is null where the document was not read from a text. */
  constructor(source: string, document: Document, lines: LineCounter | null) {
    this.#source = source;
    this.#document = document;
    this.#lines = lines;
  }

  /** A problem with the value at `path`; of what is missing, its nearest parent's place is told. */
  add(path: Path, message: string): void {
    this.#addAt(this.#offsetOf(path), path, message);
  }

  /** A problem with the last key of `path` rather than with its value. */
  addKey(path: Path, key: Node | null, message: string): void {
    this.#addAt(key?.range?.[0] ?? this.#offsetOf(path), path, message);
  }

  /** A problem at a character of the text. */
  addOffset(offset: number, message: string): void {
    this.#addAt(offset, [], message);
  }

  /** Throws a {@link ConfigError} with all problems, if there are any. */
  throwIfAny(): void {
    if (this.#found.length === 0) return;
    const inOrder = this.#found.toSorted((a, b) => a.offset - b.offset);
    throw new ConfigError(
      this.#source,
      inOrder.map((found) => found.problem),
    );
  }

  #addAt(offset: number, path: Path, message: string): void {
    const place = this.#lines?.linePos(offset);
    const problem = {
      line: place?.line ?? null,
      column: place?.col ?? null,
      path: formatPath(path),
      message,
    };
    this.#found.push({ offset, problem });
  }

  #offsetOf(path: Path): number {
    for (let length = path.length; length > 0; length -= 1) {
      const node: unknown = this.#document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return node.range[0];
    }
    return this.#document.contents?.range?.[0] ?? 0;
  }
}
