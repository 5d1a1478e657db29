import { readFileSync } from 'node:fs';

/** A fenced block of a page that says in its info string what is to be done with it. */
export interface PageBlock {
  /** `file`: text of the file `name`. `run`: commands, known as `name`. */
  readonly kind: 'file' | 'run';
  readonly name: string;
  readonly text: string;
}

/** Blocks marked `file=PATH` or `run=NAME`, in the page's order, without their indentation. */
export function pageBlocks(path: string): readonly PageBlock[] {
  const fences = readFileSync(path, 'utf8').matchAll(
    /^( *)```\w+ (file|run)=(\S+)\n([\s\S]*?)^ *```$/gm,
  );
  return [...fences].map(([, indent = '', kind, name = '', text = '']) => ({
    kind: kind === 'file' ? 'file' : 'run',
    name,
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}
