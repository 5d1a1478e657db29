/**
 * Names that stand for many: a segment that is an id, and every segment of a level that has
 * proved to have too many of them, become one marker. `/users/7/posts` and `/users/8/posts` are
 * `/users/:n/posts` at once, `/users/ada` and a hundred others once there are too many.
 *
 *     /users  ─┬─ ada ─── posts                 /users ── :n ─┬─ posts
 *              ├─ bob ─── likes      becomes                  └─ likes
 *              └─ … one too many
 */
import { LIMITS } from '../kit/limits.ts';

interface Level {
  readonly children: Map<string, Level>;
  /** All that stood or will stand here is the marker. */
  isFolded: boolean;
}

export interface PathTreeOptions {
  readonly marker: string;
  /** Different segments of one level that stay apart. */
  readonly childrenMax: number;
  /** One that names one of many whatever stands beside it. */
  readonly isOneOfMany: (segment: string) => boolean;
  /** Levels of the whole tree; beyond it whatever is new is the marker. */
  readonly levelsMax?: number;
}

/** Behind a marker: the level is folded, which other trees are to know. Of private use. */
const FOLDED = '\u{e000}';

/** A template as people see it: all markers alike. */
export function shownTemplate(template: string): string {
  return template.replaceAll(FOLDED, '');
}

/** Paths seen so far, in bounded memory; paths of different roots have nothing in common. */
export class PathTree {
  readonly #options: PathTreeOptions;
  readonly #levelsMax: number;
  readonly #roots = new Map<string, Level>();
  #levels = 0;
  #folds = 0;

  constructor(options: PathTreeOptions) {
    this.#options = options;
    this.#levelsMax = options.levelsMax ?? LIMITS.templateLevelsMax;
  }

  /** Grows when paths placed before would be placed otherwise now. */
  get folds(): number {
    return this.#folds;
  }

  /**
   * The path's template. A template placed again, or a path of it, is the same template; one of
   * another tree folds here what was folded there.
   */
  place(root: string, segments: readonly string[]): readonly string[] {
    const { marker, isOneOfMany } = this.#options;
    const folded = marker + FOLDED;
    const placed: string[] = [];
    let level = this.#child(this.#roots, root);
    for (const segment of segments) {
      if (placed.length >= LIMITS.templateDepthMax) {
        placed.push('…');
        break;
      }
      let name = isOneOfMany(segment) ? marker : segment;
      if (level !== null && !level.isFolded) {
        const isOneTooMany = !level.children.has(name) && this.#isFull(level);
        if (isOneTooMany || segment === folded) this.#fold(level);
      }
      if (level === null || level.isFolded) name = folded;
      placed.push(name);
      level = level === null ? null : this.#child(level.children, name);
    }
    return placed;
  }

  #isFull({ children }: Level): boolean {
    return children.size >= this.#options.childrenMax || this.#levels >= this.#levelsMax;
  }

  /** Null where there is no room for one more. */
  #child(levels: Map<string, Level>, name: string): Level | null {
    const known = levels.get(name);
    if (known !== undefined) return known;
    if (this.#levels >= this.#levelsMax) return null;
    const level: Level = { children: new Map(), isFolded: false };
    levels.set(name, level);
    this.#levels += 1;
    return level;
  }

  #fold(level: Level): void {
    const folded = this.#options.marker + FOLDED;
    const [first, ...others] = level.children.values();
    level.isFolded = true;
    if (first === undefined) return;
    if (others.length > 0 || !level.children.has(folded)) this.#folds += 1;
    for (const other of others) this.#merge(first, other);
    level.children.clear();
    level.children.set(folded, first);
  }

  /** What stood under `from` stands under `into` as well; recursion as deep as a path may be. */
  #merge(into: Level, from: Level): void {
    for (const [name, child] of from.children) {
      const known = into.children.get(name);
      if (known === undefined) into.children.set(name, child);
      else this.#merge(known, child);
    }
    this.#levels -= 1;
    const isFolded = into.isFolded || from.isFolded;
    if (isFolded || into.children.size > this.#options.childrenMax) this.#fold(into);
  }
}
