import type { DivergenceKind } from '../../model/pair.ts';

const BEGIN = 'noise ';

/** What noise is called where the names of rules stand: `noise value /request_id`. */
export function noiseName({ kind, path }: { kind: DivergenceKind; path: string }): string {
  return `${BEGIN}${kind} ${path}`;
}

/** No rule of a configuration has such a name: it would begin with a route or a form. */
export function isNoiseName(name: string): boolean {
  return name.startsWith(BEGIN);
}
