import type { Clock } from '../kit/clock.ts';
import { CrossfadeError } from '../kit/errors.ts';
import type { ReadStateStore } from './store.ts';
import { createMemoryStore } from './store-memory.ts';
import { openSqliteStore } from './store-sqlite.ts';

export async function openReadStateStore(spec: string, _clock: Clock): Promise<ReadStateStore> {
  if (spec === 'memory') return createMemoryStore();
  if (spec.startsWith('sqlite:')) return openSqliteStore(spec.slice('sqlite:'.length));
  throw new CrossfadeError('store-unknown', `--store ${spec} is no store.`, {
    hint: 'Use memory, sqlite:FILE or cassandra://HOST[:PORT]/KEYSPACE.',
  });
}
