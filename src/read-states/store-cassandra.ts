import type { Clock } from '../kit/clock.ts';
import {
  type CassandraOptions,
  type CassandraRow,
  type CassandraSession,
  type CassandraStatement,
  CassandraUnavailable,
  explainCassandra,
  isLong,
  longOf,
  openCassandra,
} from '../store/open-cassandra.ts';
import { type CassandraClaim, claimKeyspace } from './cassandra-claim.ts';
import type { ChannelRef, ReadStateStore, StateRow, StateWrite } from './store.ts';
import { StoreUnavailable } from './store.ts';

/** Rows in a batch: below the 5 KiB that Cassandra warns of. */
const BATCH_ROWS = 24;
/** Batches under way at once for one `writeMany`. */
const BATCHES_AT_ONCE = 64;
/** Channels named in one query. */
const NAMED_MAX = 200;

/**
 * A partition is a user, so that all states of one are one sequential read, already in order:
 * ids are positive, where signed and unsigned order agree. An absent value is -1 as in StateRow:
 * a null would leave a tombstone in every row, an unset column the value of a state removed
 * before.
 */
const TABLE = `(
  user_id bigint, type tinyint, channel_id bigint, last_id bigint, mentions int,
  pin_at timestamp, flags int, viewed int, version bigint,
  PRIMARY KEY ((user_id), type, channel_id))`;
const COLUMNS = 'user_id, type, channel_id, last_id, mentions, pin_at, flags, viewed, version';

/**
 * A store in a keyspace of a Cassandra cluster, claimed for this process alone until `close` or
 * a few seconds after its death; keyspace and tables are made where absent. Throws the
 * CrossfadeErrors of openCassandra, and store-claimed.
 */
export async function openCassandraStore(
  options: CassandraOptions,
  clock: Clock,
): Promise<ReadStateStore> {
  const session = await openCassandra(options);
  const { keyspace, say } = options;
  let claim: CassandraClaim | null = null;
  try {
    await session.define(`CREATE TABLE IF NOT EXISTS ${keyspace}.read_states ${TABLE}`);
    claim = await claimKeyspace({ session, keyspace, clock, say });
    const store = new CassandraStore(session, claim, keyspace);
    await store.prepareReads();
    return store;
  } catch (error) {
    // The reason to give up is told, not one to clean up; an unreleased claim runs out.
    await Promise.allSettled([claim?.release()]);
    await session.close();
    const cause = error instanceof StoreUnavailable ? error.cause : error;
    throw explainCassandra(options.contactPoint, cause);
  }
}

class CassandraStore implements ReadStateStore {
  readonly #session: CassandraSession;
  readonly #claim: CassandraClaim;
  readonly #select: string;
  readonly #insert: string;
  readonly #delete: string;
  #closing: Promise<void> | null = null;

  constructor(session: CassandraSession, claim: CassandraClaim, keyspace: string) {
    this.#session = session;
    this.#claim = claim;
    const table = `${keyspace}.read_states`;
    this.#select = `SELECT ${COLUMNS} FROM ${table} WHERE user_id = ?`;
    this.#insert = `INSERT INTO ${table} (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    this.#delete = `DELETE FROM ${table} WHERE user_id = ? AND type = ? AND channel_id = ?`;
  }

  /** Has the reads prepared now: at a first miss that would be one more thing to wait for. */
  async prepareReads(): Promise<void> {
    await this.readMany(0, 0, [{ type: 0, channelHi: 0, channelLo: 0 }]);
    await this.readUser(0, 0)[Symbol.asyncIterator]().next();
  }

  async readMany(
    userHi: number,
    userLo: number,
    channels: readonly ChannelRef[],
  ): Promise<StateRow[]> {
    const user = longOf(userHi, userLo);
    const query = `${this.#select} AND type = ? AND channel_id IN ?`;
    const asked = groupsOf(channels, ({ type }) => type, NAMED_MAX).map(async (named) => {
      const ids = named.map(({ channelHi, channelLo }) => longOf(channelHi, channelLo));
      const rows: StateRow[] = [];
      for await (const page of this.#pages(query, [user, named[0]!.type, ids])) rows.push(...page);
      return rows;
    });
    return (await Promise.all(asked)).flat();
  }

  readUser(userHi: number, userLo: number): AsyncIterable<readonly StateRow[]> {
    return this.#pages(this.#select, [longOf(userHi, userLo)]);
  }

  async writeMany(writes: readonly StateWrite[]): Promise<void> {
    try {
      await this.#claim.requireFresh();
      const byUser = groupsOf(writes, ({ userHi, userLo }) => `${userHi}:${userLo}`, BATCH_ROWS);
      // Taken once, ahead of them all: what is given later is later, however long these take.
      const timestampUs = this.#claim.nextUs();
      await forEachOf(byUser, BATCHES_AT_ONCE, (batch) =>
        this.#session.write(
          batch.map((write) => this.#statement(write)),
          timestampUs,
        ),
      );
    } catch (error) {
      throw toUnavailable(error);
    }
  }

  /** Gives the keyspace back. Where Cassandra is away it stays claimed for some seconds. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#claim.release();
    } catch (error) {
      if (!(error instanceof CassandraUnavailable)) throw error;
    } finally {
      await this.#session.close();
    }
  }

  async *#pages(
    query: string,
    params: CassandraStatement['params'],
  ): AsyncGenerator<readonly StateRow[]> {
    try {
      this.#claim.requireHeld();
      for await (const rows of this.#session.pages(query, params)) yield rows.map(toState);
    } catch (error) {
      throw toUnavailable(error);
    }
  }

  #statement(write: StateWrite): CassandraStatement {
    const user = longOf(write.userHi, write.userLo);
    const channel = longOf(write.channelHi, write.channelLo);
    if (write.isDeleted) return { query: this.#delete, params: [user, write.type, channel] };
    const { type, lastHi, lastLo, mentions, pinAtMs, flags, viewed, version } = write;
    const last = longOf(lastHi, lastLo);
    const values = [last, mentions, new Date(pinAtMs), flags, viewed, longOf(0, version)];
    return { query: this.#insert, params: [user, type, channel, ...values] };
  }
}

function toUnavailable(error: unknown): unknown {
  if (!(error instanceof CassandraUnavailable)) return error;
  return new StoreUnavailable(`Cassandra did not answer: ${error.message}`, {
    cause: error,
  });
}

/** Splits `items` into groups of one key each and `groupMax` items at most. */
function groupsOf<T>(items: readonly T[], keyOf: (item: T) => unknown, groupMax: number): T[][] {
  const open = new Map<unknown, T[]>();
  const groups: T[][] = [];
  for (const item of items) {
    const key = keyOf(item);
    let group = open.get(key);
    if (group === undefined || group.length === groupMax) {
      group = [];
      open.set(key, group);
      groups.push(group);
    }
    group.push(item);
  }
  return groups;
}

/** Runs `work` for all items, `atOnceMax` at a time. At a failure begins no more, and rejects. */
async function forEachOf<T>(
  items: readonly T[],
  atOnceMax: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      next += 1;
      try {
        await work(items[next - 1]!);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  // Rejecting while others are under way would let the caller's next write overtake them.
  const ended = await Promise.allSettled(Array.from({ length: atOnceMax }, lane));
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function toNumber(value: unknown, absent: number): number {
  return typeof value === 'number' ? value : absent;
}

/** A row written elsewhere may lack any column but its key. */
function toState(row: CassandraRow): StateRow {
  const user = row['user_id'];
  const channel = row['channel_id'];
  const last = row['last_id'];
  const pinAt = row['pin_at'];
  const version = row['version'];
  return {
    userHi: isLong(user) ? user.high : 0,
    userLo: isLong(user) ? user.low : 0,
    type: toNumber(row['type'], 0),
    channelHi: isLong(channel) ? channel.high : 0,
    channelLo: isLong(channel) ? channel.low : 0,
    lastHi: isLong(last) ? last.high : 0,
    lastLo: isLong(last) ? last.low : 0,
    mentions: toNumber(row['mentions'], 0),
    pinAtMs: pinAt instanceof Date ? pinAt.getTime() : -1,
    flags: toNumber(row['flags'], -1),
    viewed: toNumber(row['viewed'], -1),
    version: isLong(version) ? version.low : 1,
  };
}
