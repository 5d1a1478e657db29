import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pair } from '../../src/model/pair.ts';
import type { CompareRule, RouteSettings } from '../../src/model/settings.ts';
import type { RecordingDescription } from '../../src/recording/format.ts';
import { openRecording } from '../../src/recording/writer.ts';
import { answer, pair } from './answers.ts';

/** When recordings of tests begin. */
export const STARTED_AT_MS: number = Date.UTC(2026, 0, 15);

export const ITEM_ROUTE = 'GET /items/:id';

export function routeOf(match: string, compare: readonly CompareRule[] = []): RouteSettings {
  const [method = '', pattern = ''] = match.split(' ');
  const own = { safe: false, writes: 'never', isIdempotent: false, isVerifying: false } as const;
  return { match, method, pattern, ...own, keys: null, compare };
}

/** The `index`-th request, a read of an item, with these two bodies; null: nothing recorded. */
export function itemPair(
  index: number,
  legacy: string,
  candidate: string,
  changes: Partial<Pair> = {},
): Pair {
  return pair(answer(legacy), answer(candidate), {
    route: ITEM_ROUTE,
    key: `user-${index % 7}`,
    arrivedAtMs: STARTED_AT_MS + index,
    request: { method: 'GET', target: `/items/${index}`, headers: [], body: null },
    ...changes,
  });
}

export interface Written {
  readonly routes?: readonly RouteSettings[];
  readonly key?: RecordingDescription['key'];
  /** Small blocks make many batches of few pairs. */
  readonly blockBytes?: number;
  /** Credentials become tokens under it: of each recording's own, outside of tests. */
  readonly redactKey?: Buffer;
}

/** Writes a recording of these pairs, in their order. */
export function writePairs(path: string, pairs: Iterable<Pair>, written: Written = {}): void {
  const { routes = [routeOf(ITEM_ROUTE)], key = null, blockBytes = 4096 } = written;
  const { redactKey = Buffer.alloc(32, 1) } = written;
  const writer = openRecording(path, {
    maxBytes: 2 ** 30,
    redactKey,
    blockBytes,
    level: 1,
    description: { startedAtMs: STARTED_AT_MS, origin: 'a test', key, routes },
  });
  for (const each of pairs) writer.append(each);
  writer.close();
}

/** A configuration of these routes and rules, each in YAML's flow style. */
export function writeConfig(
  folder: string,
  name: string,
  { routes = `[{ match: ${ITEM_ROUTE} }]`, compare = '[]' }: { routes?: string; compare?: string },
): string {
  const path = join(folder, name);
  const sides = 'legacy: { url: http://127.0.0.1:1 }\ncandidate: { url: http://127.0.0.1:2 }\n';
  writeFileSync(path, `${sides}routes: ${routes}\ncompare: ${compare}\n`);
  return path;
}
