import { posix } from 'node:path';

/** The folder of the product that a path is in: `src/kit/hash.ts` is in `kit`. */
export function layerOf(path: string): string {
  const [root = '', folder = ''] = path.split('/');
  return root === 'src' ? folder : root;
}

/** What a file imports, statically or not: paths from the root, or names of libraries. */
export function importsOf(path: string, text: string): string[] {
  const pattern =
    /(?:^(?:import|export)\b[^'"]*?\bfrom\s*|^import\s*|\bimport\()['"]([^'"]+)['"]/gm;
  return [...text.matchAll(pattern)].map((match) => {
    const name = match[1]!;
    return name.startsWith('.') ? posix.join(posix.dirname(path), name) : name;
  });
}

/** `BoundedQueue` and `bounded-queue` as bounded, queue. */
export function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[-.]/);
}

/** The exported functions and classes that no doc comment stands above. */
export function exportsWithoutDocs(text: string): string[] {
  const lines = text.split('\n');
  return lines.filter(
    (line, index) =>
      /^export (async |abstract |declare )*(function|class)\b/.test(line) &&
      !isDocumented(lines, index),
  );
}

function isDocumented(lines: readonly string[], index: number): boolean {
  const above = lines[index - 1]?.trim() ?? '';
  if (above.endsWith('*/')) return true;
  // The second of two overloads, or a type named after the constant above it.
  return /^export (async )?function/.test(above) || /^\](.*)as const;$/.test(above);
}
