/**
 * `/v1/users/:user/*` as a matcher: a name takes one segment that is not empty, a last star takes
 * any rest. Made once, asked for every request: it allocates nothing but what `valueOf` answers.
 */
export class PathPattern {
  /** What stands before, between and after the names; one more than there are names. */
  readonly #literals: readonly string[];
  readonly #names: readonly string[];
  /** A last `*` takes any rest. */
  readonly #isOpen: boolean;

  constructor(pattern: string) {
    const literals = [''];
    const names: string[] = [];
    const segments = pattern.split('/');
    const isOpen = segments.at(-1) === '*';
    for (const [index, segment] of segments.entries()) {
      if (index > 0) literals[literals.length - 1] += '/';
      if (isOpen && index === segments.length - 1) break;
      if (segment.startsWith(':')) {
        names.push(segment.slice(1));
        literals.push('');
      } else literals[literals.length - 1] += segment;
    }
    this.#literals = literals;
    this.#names = names;
    this.#isOpen = isOpen;
  }

  /** Whether the path, without its query, is one of these. */
  matches(path: string): boolean {
    return this.#walk(path, -1) >= 0;
  }

  /** What the segment `:name` of a matching path is, as sent; '' where the path does not match. */
  valueOf(path: string, name: string): string {
    const wanted = this.#names.indexOf(name);
    if (wanted < 0) return '';
    const start = this.#walk(path, wanted);
    if (start < 0) return '';
    const end = path.indexOf('/', start);
    return end < 0 ? path.slice(start) : path.slice(start, end);
  }

  /** -1 where the path does not match; else where the wanted name begins, or its end for none. */
  #walk(path: string, wanted: number): number {
    const literals = this.#literals;
    if (!path.startsWith(literals[0]!)) return -1;
    let at = literals[0]!.length;
    let start = -1;
    for (let i = 1; i < literals.length; i += 1) {
      const slash = path.indexOf('/', at);
      const end = slash < 0 ? path.length : slash;
      if (end === at) return -1;
      if (i - 1 === wanted) start = at;
      if (!path.startsWith(literals[i]!, end)) return -1;
      at = end + literals[i]!.length;
    }
    if (!this.#isOpen && at !== path.length) return -1;
    return start < 0 ? at : start;
  }
}
