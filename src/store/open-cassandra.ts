import {
  Client,
  ExecutionProfile,
  errors,
  policies,
  type QueryOptions,
  types,
} from 'cassandra-driver';
import { CrossfadeError, EXIT, messageOf } from '../kit/errors.ts';

export interface CassandraOptions {
  /** `host:port` of any node of the cluster. */
  readonly contactPoint: string;
  /** Lower case; created when absent. */
  readonly keyspace: string;
  readonly localDataCenter: string;
  /** Copies in the local data centre for a keyspace made now; null is one, with a warning. */
  readonly replication: number | null;
  /** How long one of the two attempts at a read or write may take. */
  readonly requestTimeoutMs: number;
  /** Told what a person should know, a sentence at a time. */
  readonly say: (sentence: string) => void;
}

/** A bigint of Cassandra's as the driver has it: two signed 32-bit halves. */
export type CassandraLong = types.Long;
export type CassandraValue = number | string | Date | CassandraLong | readonly CassandraLong[];
export type CassandraRow = Readonly<Record<string, unknown>>;

export interface CassandraStatement {
  readonly query: string;
  readonly params: readonly CassandraValue[];
}

export interface ConditionalResult {
  readonly isApplied: boolean;
  /** The row as it was where the condition did not hold; null when there is none. */
  readonly row: CassandraRow | null;
}

/** A bigint from its halves. */
export function longOf(hi: number, lo: number): CassandraLong {
  return types.Long.fromBits(lo, hi);
}

/** True for a column value that is a bigint; its halves are `high` and `low`. */
export function isLong(value: unknown): value is CassandraLong {
  return value instanceof types.Long;
}

/** Schema statements wait for all nodes to agree. */
const SCHEMA_TIMEOUT_MS = 30_000;
/** A conditional write takes four round trips and may wait for a rival. */
const CONDITIONAL_TIMEOUT_MS = 2000;
const CONNECT_TIMEOUT_MS = 2000;
const RECONNECT_EVERY_MS = 500;
/** Rows of a page: 2 to 4 ms of decoding, so that one user's page holds up nobody. */
const PAGE_ROWS = 1000;
const ATTEMPTS = 2;

const { responseErrorCodes: code, consistencies } = types;
/** Answers that say the statement is wrong, which no waiting mends. */
const FAULTS: ReadonlySet<number> = new Set([
  code.protocolError,
  code.syntaxError,
  code.unauthorized,
  code.invalid,
  code.configError,
  code.alreadyExists,
]);

const TIMEOUTS: ReadonlySet<number> = new Set([code.writeTimeout, code.readTimeout]);

/** True when the cluster did not answer, not in time, or not with enough nodes. */
export function isCassandraUnavailable(error: unknown): boolean {
  if (error instanceof errors.ResponseError) return !FAULTS.has(error.code);
  // `Socket was closed` has no class of its own below the driver's common one.
  return error instanceof errors.DriverError && !(error instanceof errors.ArgumentError);
}

function isTimeout(error: unknown): boolean {
  if (error instanceof errors.OperationTimedOutError) return true;
  if (error instanceof errors.ResponseError) return TIMEOUTS.has(error.code);
  if (!(error instanceof errors.NoHostAvailableError)) return false;
  return Object.values<unknown>(error.innerErrors ?? {}).some(isTimeout);
}

/**
 * Connects to a Cassandra cluster and makes sure of the keyspace. The one place that knows the
 * driver. Throws a CrossfadeError: store-unreachable (exit 5) when no node answers, store-refused
 * (exit 2) when one answers and will not have us.
 */
export async function openCassandra(options: CassandraOptions): Promise<CassandraSession> {
  const client = new Client({
    contactPoints: [options.contactPoint],
    localDataCenter: options.localDataCenter,
    monitorReporting: { enabled: false },
    policies: {
      reconnection: new policies.reconnection.ConstantReconnectionPolicy(RECONNECT_EVERY_MS),
    },
    socketOptions: { connectTimeout: CONNECT_TIMEOUT_MS, readTimeout: CONNECT_TIMEOUT_MS },
    profiles: [new ExecutionProfile('default', { readTimeout: options.requestTimeoutMs })],
    queryOptions: {
      prepare: true,
      isIdempotent: true,
      consistency: consistencies.localQuorum,
      serialConsistency: consistencies.localSerial,
      fetchSize: PAGE_ROWS,
    },
  });
  try {
    await client.connect();
    await ensureKeyspace(client, options);
    return new CassandraSession(client);
  } catch (error) {
    // A client that failed to connect keeps timers, and with them the process, alive. (Where
    // the data centre is wrong some of them stay; the process ends then anyway.)
    await client.shutdown();
    throw explainCassandra(options.contactPoint, error);
  }
}

/**
 * A failure at the start, when nobody waits yet, as what the person is told: a CrossfadeError.
 * Anything that does not come from the driver is a bug and is handed back as it is.
 */
export function explainCassandra(contactPoint: string, error: unknown): unknown {
  if (!(error instanceof errors.DriverError)) return error;
  const inner = innerOf(error);
  const reason = `${cassandraReason(error)}.`;
  if (isCassandraUnavailable(inner) && !(inner instanceof errors.AuthenticationError)) {
    const sentence = `Cassandra at ${contactPoint} cannot be reached: ${reason}`;
    return new CrossfadeError('store-unreachable', sentence, {
      hint: 'Start it (for development: npm run cassandra), or correct the address.',
      exitCode: EXIT.unreachable,
      cause: error,
    });
  }
  const sentence = `Cassandra at ${contactPoint} refused: ${reason}`;
  return new CrossfadeError('store-refused', sentence, { cause: error });
}

/** What the first node that was tried said, for the end of a sentence. */
export function cassandraReason(error: unknown): string {
  return messageOf(innerOf(error)).replace(/\.$/, '');
}

function innerOf(error: unknown): unknown {
  if (!(error instanceof errors.NoHostAvailableError)) return error;
  const [inner] = Object.values<unknown>(error.innerErrors ?? {});
  if (inner instanceof errors.DriverError) return inner;
  // A refused connection is a system's error; what it means is that of the one around it.
  return inner === undefined ? error : new errors.NoHostAvailableError({}, messageOf(inner));
}

async function ensureKeyspace(client: Client, options: CassandraOptions): Promise<void> {
  const { keyspace, localDataCenter, replication, say } = options;
  const found = await client.execute(
    'SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?',
    [keyspace],
    { readTimeout: CONDITIONAL_TIMEOUT_MS },
  );
  if (found.rowLength > 0) return;
  const strategy =
    replication === null
      ? `'class': 'SimpleStrategy', 'replication_factor': 1`
      : `'class': 'NetworkTopologyStrategy', '${localDataCenter}': ${replication}`;
  if (replication === null) {
    say(
      `keyspace ${keyspace} is made with one copy of everything, which is for development; ` +
        'for more add ?replication=3 to the address',
    );
  }
  await client.execute(
    `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {${strategy}}`,
    [],
    { prepare: false, readTimeout: SCHEMA_TIMEOUT_MS },
  );
}

async function withRetry<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (attempts === ATTEMPTS || !isTimeout(error)) throw error;
    }
  }
}

/** A connected cluster. Rejections are the driver's; see `isCassandraUnavailable`. */
export class CassandraSession {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Runs a schema statement; takes up to seconds. */
  async define(query: string): Promise<void> {
    await this.#client.execute(query, [], { prepare: false, readTimeout: SCHEMA_TIMEOUT_MS });
  }

  /** All rows of a query, a page after the other: `rows` of a result is its first page alone. */
  async *pages(
    query: string,
    params: readonly CassandraValue[],
  ): AsyncGenerator<readonly CassandraRow[]> {
    let pageState: string | undefined;
    do {
      const options: QueryOptions = pageState === undefined ? {} : { pageState };
      const result = await withRetry(() => this.#client.execute(query, [...params], options));
      if (result.rowLength > 0) yield result.rows;
      pageState = result.pageState ?? undefined;
    } while (pageState !== undefined);
  }

  /**
   * Makes all statements durable with one timestamp (microseconds), which must all be of one
   * partition and idempotent. A timed-out attempt may still land, so the next one carries the
   * same timestamp: it is the same write, and no later one can be overtaken by it.
   */
  async write(statements: readonly CassandraStatement[], timestampUs: number): Promise<void> {
    const [only] = statements;
    if (only === undefined) return;
    const options: QueryOptions = { timestamp: timestampUs };
    await withRetry(() =>
      statements.length === 1
        ? this.#client.execute(only.query, [...only.params], options)
        : this.#client.batch(
            statements.map(({ query, params }) => ({ query, params: [...params] })),
            { ...options, logged: false },
          ),
    );
  }

  /** A compare-and-set. After a rejection it may or may not have been applied. */
  async conditional(query: string, params: readonly CassandraValue[]): Promise<ConditionalResult> {
    const result = await this.#client.execute(query, [...params], {
      isIdempotent: false,
      readTimeout: CONDITIONAL_TIMEOUT_MS,
    });
    return { isApplied: result.wasApplied(), row: result.first() };
  }

  /** The row as the last conditional write left it; null when there is none. */
  async readSettled(
    query: string,
    params: readonly CassandraValue[],
  ): Promise<CassandraRow | null> {
    const result = await this.#client.execute(query, [...params], {
      consistency: consistencies.localSerial,
      readTimeout: CONDITIONAL_TIMEOUT_MS,
    });
    return result.first();
  }

  async close(): Promise<void> {
    await this.#client.shutdown();
  }
}
