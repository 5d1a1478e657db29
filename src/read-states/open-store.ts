import type { Clock } from '../kit/clock.ts';
import { CrossfadeError } from '../kit/errors.ts';
import { parseDurationMs } from '../kit/units.ts';
import type { CassandraOptions } from '../store/open-cassandra.ts';
import type { ReadStateStore } from './store.ts';
import { openCassandraStore } from './store-cassandra.ts';
import { createMemoryStore } from './store-memory.ts';
import { openSqliteStore } from './store-sqlite.ts';

/** Where states are kept, as `--store` names it. */
export type StoreSpec =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'cassandra'; readonly options: Omit<CassandraOptions, 'say'> };

const HINT = 'Use memory, sqlite:FILE or cassandra://HOST[:PORT]/KEYSPACE.';
const CASSANDRA_PORT = 9042;
const KEYSPACE = /^[a-z][a-z0-9_]{0,47}$/;
const DATA_CENTER = /^[A-Za-z0-9_-]{1,48}$/;
const PARAMETERS: readonly string[] = ['replication', 'datacenter', 'timeout'];
const TIMEOUT_DEFAULT = '500ms';

/**
 * The store that `spec` names: `memory`, `sqlite:FILE` or
 * `cassandra://HOST[:PORT]/KEYSPACE[?replication=3&datacenter=NAME&timeout=500ms]`.
 * Throws store-unknown (exit 2) with what is wrong with it.
 */
export function parseStoreSpec(spec: string): StoreSpec {
  if (spec === 'memory') return { kind: 'memory' };
  if (spec.startsWith('sqlite:')) {
    const path = spec.slice('sqlite:'.length);
    if (path === '') throw wrong(spec, 'names no file');
    // Anything SQLite would keep to itself is not a file that two could share by mistake.
    if (path === ':memory:') throw wrong(spec, 'is no file; memory is a store of its own');
    return { kind: 'sqlite', path };
  }
  if (spec.startsWith('cassandra:')) return { kind: 'cassandra', options: parseCassandra(spec) };
  throw wrong(spec, 'is no kind of store');
}

function wrong(spec: string, what: string): CrossfadeError {
  return new CrossfadeError('store-unknown', `--store ${spec} ${what}.`, { hint: HINT });
}

function parseCassandra(spec: string): Omit<CassandraOptions, 'say'> {
  if (!spec.startsWith('cassandra://') || !URL.canParse(spec)) throw wrong(spec, 'is no address');
  const url = new URL(spec);
  if (url.hostname === '') throw wrong(spec, 'names no host');
  if (url.username !== '' || url.password !== '') {
    throw wrong(url.host, 'carries a name or password, which is not supported');
  }
  const keyspace = url.pathname.slice(1);
  if (!KEYSPACE.test(keyspace)) {
    throw wrong(spec, 'names no keyspace: 1 to 48 of a-z, 0-9 and _, a letter first');
  }
  for (const name of url.searchParams.keys()) {
    if (!PARAMETERS.includes(name)) {
      throw wrong(spec, `has ${name}, but the known ones are ${PARAMETERS.join(', ')}`);
    }
  }
  const localDataCenter = url.searchParams.get('datacenter') ?? 'datacenter1';
  if (!DATA_CENTER.test(localDataCenter)) throw wrong(spec, 'names no data centre');
  const copies = url.searchParams.get('replication');
  if (copies !== null && !/^[1-9]$/.test(copies)) throw wrong(spec, 'asks for no number of copies');
  const timeout = url.searchParams.get('timeout') ?? TIMEOUT_DEFAULT;
  const requestTimeoutMs = parseDurationMs(timeout) ?? 0;
  if (requestTimeoutMs < 1) throw wrong(spec, 'has a timeout that is none, such as 500ms');
  return {
    requestTimeoutMs,
    contactPoint: `${url.hostname}:${url.port === '' ? CASSANDRA_PORT : url.port}`,
    keyspace,
    localDataCenter,
    replication: copies === null ? null : Number(copies),
  };
}

function sayOnStderr(sentence: string): void {
  process.stderr.write(`store: ${sentence}\n`);
}

/**
 * Opens the store that `spec` names, creating what is absent, and claims it for this process:
 * legacy and candidate can never share one. Throws a CrossfadeError: store-unknown, sqlite-locked,
 * store-claimed and the like (exit 2), store-unreachable (exit 5). What a person should know
 * besides, such as a wait for a dead owner's claim, goes to `say`, standard error by default.
 */
export async function openReadStateStore(
  spec: string,
  clock: Clock,
  say: (sentence: string) => void = sayOnStderr,
): Promise<ReadStateStore> {
  const parsed = parseStoreSpec(spec);
  switch (parsed.kind) {
    case 'memory':
      return createMemoryStore();
    case 'sqlite':
      return openSqliteStore(parsed.path);
    case 'cassandra':
      return openCassandraStore({ ...parsed.options, say }, clock);
  }
}
