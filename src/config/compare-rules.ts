/** Compare rules as the product uses them, out of those of a file. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { compilePattern } from '../kit/linear-pattern.ts';
import { LIMITS } from '../kit/limits.ts';
import { parseDurationMs, parseShare } from '../kit/units.ts';
import type { CompareRule, MapSource, RuleForm } from '../model/settings.ts';
import type { FileRule } from './file-parts.ts';
import type { Path, Problems } from './problems.ts';
import { parsed } from './surroundings.ts';

/** Keys that only one form has, or two; each needs its own but for `by`. */
const OWN_KEYS = {
  by: ['set', 'multiset'],
  tolerance: ['tolerance'],
  pattern: ['pattern'],
  within: ['within'],
  map: ['map'],
} as const satisfies Partial<Record<keyof FileRule, readonly RuleForm[]>>;

/** What completes "expected the key …" where a form lacks its own. */
const NEEDED: Readonly<Partial<Record<RuleForm, string>>> = {
  tolerance: 'the difference allowed, such as 0.01 or 1%',
  pattern: 'a regular expression that both values fit',
  within: 'how far apart two moments may be, such as 5s',
  map: 'a module and what it exports, such as ./shapes.ts#flat',
};

/** Forms that can say something of a part of the answer beside its JSON. */
const FORMS_OF_PART: Readonly<Record<'status' | 'body' | 'field', readonly RuleForm[]>> = {
  status: ['ignore', 'pattern'],
  body: ['ignore'],
  field: [
    'ignore',
    'instant',
    'number',
    'case',
    'url',
    'set',
    'multiset',
    'tolerance',
    'pattern',
    'presence',
    'bijection',
    'monotonic',
    'within',
  ],
};

/** Forms that change what is compared rather than excuse what is found. */
const WITHOUT_KINDS: readonly RuleForm[] = ['set', 'multiset', 'map'];

/** What rules of a list need to know besides. */
export interface RulePlace {
  /** The `match` of their route; undefined: they hold for all. */
  readonly route?: string;
  /** Modules are against it. */
  readonly folder: string;
  readonly problems: Problems;
}

/** Every rule that can be used; what is wrong with the others is added to the problems. */
export function settleRules(
  files: readonly (FileRule | undefined)[],
  at: Path,
  place: RulePlace,
): CompareRule[] {
  const names = new Map<string, number>();
  const rules: CompareRule[] = [];
  for (const [index, file] of files.entries()) {
    if (file === undefined) continue;
    const here = [...at, index];
    const rule = settleRule(file, here, place);
    if (rule === null) continue;
    const name = nameIn(rule);
    const earlier = names.get(name);
    if (earlier !== undefined) {
      const what = rule.as === 'map' ? 'one map' : 'each place, form and kind once';
      place.problems.add(here, `expected ${what}, found what rule ${earlier} is about again`);
    }
    names.set(name, earlier ?? index);
    rules.push(rule);
  }
  return rules;
}

/** Rules are counted by their names: two of one name could not be told apart. */
function nameIn({ as, path, kinds = [] }: CompareRule): string {
  return as === 'map' ? as : JSON.stringify([as, path, [...kinds].sort()]);
}

function settleRule(file: FileRule, here: Path, place: RulePlace): CompareRule | null {
  const { problems } = place;
  const as = formOf(file, here, problems);
  if (as === null) return null;
  const path = settlePath(file, as, here, problems);
  for (const [key, forms] of Object.entries(OWN_KEYS)) {
    if (file[key as keyof typeof OWN_KEYS] === undefined || includes(forms, as)) continue;
    const due = forms.map((form) => `"as: ${form}"`).join(' and ');
    const verb = forms.length === 1 ? 'has' : 'have';
    problems.add([...here, key], `only ${due} ${verb} one, found "as: ${as}"`);
  }
  if (file.until !== undefined && !isDate(file.until)) {
    problems.add([...here, 'until'], `expected a date of the calendar, found "${file.until}"`);
  }
  const kinds = file.kind === undefined ? [] : [file.kind].flat();
  if (kinds.length > 0 && WITHOUT_KINDS.includes(as)) {
    problems.add([...here, 'kind'], `expected none with "as: ${as}", which looks at all of it`);
  }
  const pattern = settlePattern(file.pattern, [...here, 'pattern'], problems);
  const map = settleMap(file.map, [...here, 'map'], place);
  const { by = [], reason = '', owner = '', until = '' } = file;
  return {
    path,
    as,
    by,
    ...settleTolerance(file.tolerance),
    reason,
    owner,
    until,
    ...(place.route === undefined ? {} : { route: place.route }),
    ...(kinds.length === 0 ? {} : { kinds: [...new Set(kinds)] }),
    ...(pattern === null ? {} : { pattern }),
    ...(file.within === undefined ? {} : { withinMs: parsed(parseDurationMs(file.within)) }),
    ...(map === null ? {} : { map }),
  };
}

function includes(forms: readonly RuleForm[], form: RuleForm): boolean {
  return forms.includes(form);
}

/** As written; else by the one key that says it. Null after a refusal. */
function formOf(file: FileRule, here: Path, problems: Problems): RuleForm | null {
  const told = (['tolerance', 'pattern', 'within', 'map'] as const).filter(
    (key) => file[key] !== undefined,
  );
  const as = file.as ?? (told.length === 1 ? told[0] : undefined);
  if (as === undefined) {
    problems.add(here, 'expected the key "as": what is made of a difference; found none');
    return null;
  }
  const needed = NEEDED[as];
  if (needed !== undefined && file[as as keyof FileRule] === undefined) {
    problems.add(here, `expected the key "${as}": ${needed}; found none`);
    return null;
  }
  return as;
}

function settlePath(file: FileRule, as: RuleForm, here: Path, problems: Problems): string {
  const { path } = file;
  if (as === 'map') {
    if (path !== undefined) {
      problems.add([...here, 'path'], 'expected none: a map is given the whole answer');
    }
    return '';
  }
  if (path === undefined) {
    problems.add(here, 'expected the key "path": the place in the answer; found none');
    return '';
  }
  if (isPointer(path)) {
    const { length } = path.split('/').slice(1);
    if (length > LIMITS.deepPathSegmentsMax) {
      const message = `expected at most ${LIMITS.deepPathSegmentsMax} segments, found ${length}`;
      problems.add([...here, 'path'], message);
    }
    return path;
  }
  const part = path === 'status' || path === 'body' ? path : 'field';
  if (!FORMS_OF_PART[part].includes(as)) {
    const forms = FORMS_OF_PART[part].join(' or ');
    problems.add([...here, 'as'], `expected ${forms}, all there is for "${path}", found "${as}"`);
  }
  // Names of fields have no case.
  return path.toLowerCase();
}

function settleTolerance(
  given: number | string | undefined,
): Pick<CompareRule, 'tolerance' | 'isRelative'> {
  if (typeof given !== 'string') return { tolerance: given ?? 0 };
  return { tolerance: parsed(parseShare(given.replaceAll(/\s/g, ''))), isRelative: true };
}

function settlePattern(pattern: string | undefined, at: Path, problems: Problems): string | null {
  if (pattern === undefined) return null;
  const compiled = compilePattern(pattern);
  if (compiled.kind === 'compiled') return pattern;
  const expected = 'a regular expression without look-around and back-references';
  problems.add(at, `expected ${expected}, found "${cut(pattern)}": ${cut(compiled.why)}`);
  return null;
}

const SHOWN_MAX = 120;

function cut(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

/** The analyst loads it; here it only has to be there. */
function settleMap(
  text: string | undefined,
  at: Path,
  { folder, problems }: RulePlace,
): MapSource | null {
  if (text === undefined) return null;
  const hash = text.lastIndexOf('#');
  const path = resolve(folder, text.slice(0, hash));
  if (!/\.[cm]?[jt]s$/.test(path)) {
    problems.add(at, `expected a .ts, .mts, .js or .mjs file, found "${text}"`);
  } else if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    problems.add(at, `expected a file, found none at ${path}`);
  }
  return { path, name: text.slice(hash + 1), text };
}

/** Into the body, rather than the name of a part of the answer. */
function isPointer(path: string): boolean {
  return path === '' || path.startsWith('/');
}

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
