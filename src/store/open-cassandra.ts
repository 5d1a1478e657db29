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

/** Answers that the outcome is not known. */
const TIMEOUTS: ReadonlySet<number> = new Set([code.writeTimeout, code.readTimeout]);

/** The cluster did not answer, not in time, or not with enough nodes; its message says which. */
export class CassandraUnavailable extends Error {
  constructor(cause: unknown) {
    super(messageOf(innerOf(cause)).replace(/\.$/, ''), { cause });
    this.name = 'CassandraUnavailable';
  }
}

/** What the first node that was tried said. */
function innerOf(error: unknown): unknown {
  if (!(error instanceof errors.NoHostAvailableError)) return error;
  const [inner = error] = Object.values<unknown>(error.innerErrors ?? {});
  return inner;
}

/** A statement, argument or password that is wrong, or a bug of ours. */
function isFault(error: unknown): boolean {
  const inner = innerOf(error);
  if (inner instanceof errors.ResponseError) return FAULTS.has(inner.code);
  return [errors.ArgumentError, errors.AuthenticationError, TypeError, RangeError].some(
    (kind) => inner instanceof kind,
  );
}

function isTimeout(error: unknown): boolean {
  const inner = innerOf(error);
  if (inner instanceof errors.ResponseError) return TIMEOUTS.has(inner.code);
  return inner instanceof errors.OperationTimedOutError;
}

/**
 * Asks the driver, at most `attemptsMax` times where it times out. Whatever is no fault means
 * that the cluster is away: the driver says so in many ways, plain errors among them.
 */
async function ask<T>(attemptsMax: number, attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (isFault(error)) throw error;
      if (attempts === attemptsMax || !isTimeout(error)) throw new CassandraUnavailable(error);
    }
  }
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
    await ask(1, () => client.connect());
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
  if (error instanceof CassandraUnavailable) {
    const sentence = `Cassandra at ${contactPoint} cannot be reached: ${error.message}.`;
    return new CrossfadeError('store-unreachable', sentence, {
      hint: 'Start it (for development: npm run cassandra), or correct the address.',
      exitCode: EXIT.unreachable,
      cause: error,
    });
  }
  if (!(error instanceof errors.DriverError)) return error;
  const reason = messageOf(innerOf(error)).replace(/\.$/, '');
  const sentence = `Cassandra at ${contactPoint} refused: ${reason}.`;
  return new CrossfadeError('store-refused', sentence, { cause: error });
}

async function ensureKeyspace(client: Client, options: CassandraOptions): Promise<void> {
  const { keyspace, localDataCenter, replication, say } = options;
  const query = 'SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?';
  const found = await ask(1, () =>
    client.execute(query, [keyspace], { readTimeout: CONDITIONAL_TIMEOUT_MS }),
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
  await define(
    client,
    `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {${strategy}}`,
  );
}

async function define(client: Client, query: string): Promise<void> {
  const options: QueryOptions = { prepare: false, readTimeout: SCHEMA_TIMEOUT_MS };
  await ask(1, () => client.execute(query, [], options));
}

/** A connected cluster. Rejects with CassandraUnavailable; with anything else at a fault. */
export class CassandraSession {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Runs a schema statement; takes up to seconds. */
  async define(query: string): Promise<void> {
    await define(this.#client, query);
  }

  /** All rows of a query, a page after the other: `rows` of a result is its first page alone. */
  async *pages(
    query: string,
    params: readonly CassandraValue[],
  ): AsyncGenerator<readonly CassandraRow[]> {
    let pageState: string | undefined;
    do {
      const options: QueryOptions = pageState === undefined ? {} : { pageState };
      const result = await ask(ATTEMPTS, () => this.#client.execute(query, [...params], options));
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
    await ask(ATTEMPTS, () =>
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
    const options: QueryOptions = { isIdempotent: false, readTimeout: CONDITIONAL_TIMEOUT_MS };
    const result = await ask(1, () => this.#client.execute(query, [...params], options));
    return { isApplied: result.wasApplied(), row: result.first() };
  }

  /** The row as the last conditional write left it; null when there is none. */
  async readSettled(
    query: string,
    params: readonly CassandraValue[],
  ): Promise<CassandraRow | null> {
    const options: QueryOptions = {
      consistency: consistencies.localSerial,
      readTimeout: CONDITIONAL_TIMEOUT_MS,
    };
    const result = await ask(1, () => this.#client.execute(query, [...params], options));
    return result.first();
  }

  async close(): Promise<void> {
    await this.#client.shutdown();
  }
}
