/** The rules of the house that a machine can check: layers, libraries, names, sizes, documents. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../src/cli/program.ts';
import { ALLOWED_IMPORTS, LIBRARY_PLACES } from './support/layers.ts';
import { exportsWithoutDocs, importsOf, layerOf, wordsOf } from './support/source-scan.ts';

const BANNED = [
  'util',
  'helper',
  'manager',
  'service',
  'common',
  'misc',
  'data',
  'info',
  'handler',
];
const UNFINISHED = /\b(T[O]DO|FIX[M]E|X[X]X|HA[C]K)\b/;

interface Source {
  readonly path: string;
  readonly text: string;
}

function sourcesIn(...folders: string[]): Source[] {
  return folders.filter(existsSync).flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(ts|cjs)$/.test(path))
      .map((path) => `${folder}/${path}`)
      .map((path) => ({ path, text: readFileSync(path, 'utf8') })),
  );
}

const product = sourcesIn('src', 'replay');
const all = [...product, ...sourcesIn('test', 'bench', 'cassandra', 'examples')];

/** What breaks a rule, one line each; a rule holds when nothing does. */
function breaches(
  sources: readonly Source[],
  find: (source: Source) => readonly string[],
): string[] {
  return sources.flatMap((source) => find(source).map((what) => `${source.path}: ${what}`));
}

describe('layers', () => {
  test('every folder of the product is in the table', () => {
    const folders = new Set(product.map(({ path }) => layerOf(path)));
    expect([...folders].filter((folder) => ALLOWED_IMPORTS[folder] === undefined)).toEqual([]);
  });

  test('a folder imports only from folders before it', () => {
    const found = breaches(product, ({ path, text }) => {
      const own = layerOf(path);
      return importsOf(path, text)
        .filter((to) => to.startsWith('src/') || to.startsWith('replay/'))
        .filter((to) => layerOf(to) !== own && ALLOWED_IMPORTS[own]?.includes(layerOf(to)) !== true)
        .map((to) => `imports ${to}`);
    });
    expect(found).toEqual([]);
  });

  test('the product never imports from tests or benches', () => {
    const found = breaches(product, ({ path, text }) =>
      importsOf(path, text).filter((to) => /^(test|bench|cassandra|examples)\//.test(to)),
    );
    expect(found).toEqual([]);
  });

  test('each outside library is imported in its one place', () => {
    const found = breaches(product, ({ path, text }) =>
      importsOf(path, text)
        .filter((to) => !/^(node:|src\/|replay\/|test\/)/.test(to))
        .map((to) => to.match(/^(@[^/]+\/)?[^/]+/)![0])
        .filter((name) => !LIBRARY_PLACES[name]?.some((place) => path.startsWith(place)))
        .map((name) => `imports ${name}`),
    );
    expect(found).toEqual([]);
  });
});

describe('names and sizes', () => {
  test('files are kebab-case', () => {
    const found = all.filter(({ path }) => !/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(basename(path)));
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  test('no file or type has a name that says nothing', () => {
    const found = breaches(product, ({ path, text }) => {
      const types = [...text.matchAll(/^(?:export )?(?:class|interface|type) ([A-Z]\w*)/gm)].map(
        (m) => m[1]!,
      );
      return [basename(path, '.ts'), ...types].filter((name) =>
        wordsOf(name).some(
          (word) => BANNED.includes(word.replace(/s$/, '')) || BANNED.includes(word),
        ),
      );
    });
    expect(found).toEqual([]);
  });

  test('files have at most 400 lines of at most 100 columns', () => {
    const found = breaches(all, ({ text }) => {
      const lines = text.split('\n');
      const wide = lines.flatMap((line, i) => (line.length > 100 ? [`line ${i + 1} is wide`] : []));
      return lines.length > 401 ? [`${lines.length - 1} lines`, ...wide] : wide;
    });
    expect(found).toEqual([]);
  });

  test('every exported function and class of the product says what it is', () => {
    expect(breaches(product, ({ text }) => exportsWithoutDocs(text))).toEqual([]);
  });

  test('nothing is unfinished by its own words', () => {
    const found = breaches(all, ({ text }) =>
      text.split('\n').filter((line) => UNFINISHED.test(line)),
    );
    expect(found).toEqual([]);
  });
});

describe('the language', () => {
  const FORBIDDEN: readonly (readonly [what: string, pattern: RegExp])[] = [
    ['a default export', /^export default\b/m],
    ['an enum', /^\s*(export )?(const )?enum \w/m],
    ['a namespace', /^\s*(export )?namespace \w/m],
    ['any', /[:<|,(]\s*any\b\s*[\]>;,)=|[]|\bas any\b/],
    ['a silenced compiler', /@ts-(ignore|nocheck|expect-error)/],
    ['an empty catch', /catch\s*(\(\w+\))?\s*\{\s*\}/],
    ['a barrel', /^export \* from/m],
  ];

  test.each(FORBIDDEN)('no %s', (_what, pattern) => {
    const found = breaches(all, ({ path, text }) =>
      path === 'test/tidy.test.ts' ? [] : (text.match(pattern) ?? []).slice(0, 1),
    );
    expect(found).toEqual([]);
  });
});

describe('documents', () => {
  const readme = readFileSync('README.md', 'utf8');
  const code = [...readme.matchAll(/```[^\n]*\n([\s\S]*?)```|`([^`\n]+)`/g)]
    .map((match) => match[1] ?? match[2] ?? '')
    .join('\n');

  test('every npm script that the README names exists', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...code.matchAll(/npm run ([\w:]+)/g)].map((match) => match[1]!);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  test('every command that the README names exists', () => {
    const named = [...code.matchAll(/(?:^|\$ |npx |run )crossfade (?:-- )?([a-z][a-z-]*)/gm)];
    const known = COMMANDS.map((command) => command.name);
    expect(named.map((match) => match[1]!).filter((name) => !known.includes(name))).toEqual([]);
  });

  test('every file that the README links to exists', () => {
    const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1]!);
    const missing = links.filter((link) => {
      const folder = link.includes('/') ? link.slice(0, link.lastIndexOf('/')) : '.';
      return !readdirSync(folder).includes(basename(link));
    });
    expect(missing).toEqual([]);
  });

  test('package.json pins every dependency exactly', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      dependencies: Record<string, string>;
      devDependencies: Record<string, string>;
    };
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
  });
});
