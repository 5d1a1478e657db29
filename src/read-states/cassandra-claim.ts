import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../kit/clock.ts';
import { CrossfadeError } from '../kit/errors.ts';
import {
  type CassandraLong,
  type CassandraRow,
  type CassandraSession,
  CassandraUnavailable,
  isLong,
  longOf,
} from '../store/open-cassandra.ts';
import { StoreUnavailable } from './store.ts';

/**
 * One owner a keyspace. Its claim is a row with its name and its write clock, changed by
 * compare-and-set alone; to beat is to bring the clock in the row forward. Who wants the keyspace
 * and sees no beat for a while *by his own clock* takes it, so no two clocks are compared. An
 * owner that has not beaten for long beats before it writes, and stops for good when the row
 * names another.
 *
 * The next owner goes on from the write clock it finds: where its wall clock is behind, Cassandra
 * would otherwise drop its writes in silence.
 */

const BEAT_EVERY_MS = 2000;
/** Silence after which an owner is taken for dead. */
const SILENCE_MS = 9000;
/** Well below it: a beat and the writes behind it must fit in between. */
const TRUST_MS = 5000;
const POLL_MS = 500;
/** The clock of a dead owner may have gone on this far since its last beat. */
const CLOCK_LEAD_US = (SILENCE_MS + BEAT_EVERY_MS) * 1000;

interface Found {
  /** '' where the last owner gave it back. */
  readonly owner: string;
  readonly clockUs: number;
}

export interface ClaimOptions {
  readonly session: CassandraSession;
  readonly keyspace: string;
  readonly clock: Clock;
  /** Told of a wait, and of a claim that was lost. */
  readonly say: (sentence: string) => void;
}

/**
 * Claims the keyspace for this process, making the claim's table where needed. Waits for a dead
 * owner's claim to run out, saying so; throws store-claimed (exit 2) when a live one holds it.
 */
export async function claimKeyspace(options: ClaimOptions): Promise<CassandraClaim> {
  const { session, keyspace, clock, say } = options;
  await session.define(
    `CREATE TABLE IF NOT EXISTS ${keyspace}.read_states_claim (
       id text PRIMARY KEY, owner text, clock_us bigint)`,
  );
  const owner = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
  let seen: Found | null = null;
  let seenAtUs = 0;
  for (;;) {
    const found = await readClaim(session, keyspace);
    if (found === null || found.owner === '' || isSilent(seen, found, clock.nowUs() - seenAtUs)) {
      const clockUs = firstClockUs(found, clock);
      if (await take(session, keyspace, owner, found, clockUs)) {
        return new CassandraClaim(options, owner, clockUs);
      }
      continue;
    }
    if (seen !== null && seen.owner === found.owner && seen.clockUs !== found.clockUs) {
      throw claimedByLive(keyspace, found.owner);
    }
    if (seen === null || seen.owner !== found.owner) {
      say(`${keyspace} is held by ${found.owner}; waiting up to ${SILENCE_MS / 1000} s for it`);
      seen = found;
      seenAtUs = clock.nowUs();
    }
    await sleep(POLL_MS);
  }
}

function isSilent(seen: Found | null, found: Found, forUs: number): boolean {
  const isSame = seen?.owner === found.owner && seen.clockUs === found.clockUs;
  return isSame && forUs >= SILENCE_MS * 1000;
}

function firstClockUs(found: Found | null, clock: Clock): number {
  const wallUs = clock.wallMs() * 1000;
  return found === null ? wallUs : Math.max(wallUs, found.clockUs + CLOCK_LEAD_US);
}

function claimedByLive(keyspace: string, owner: string): CrossfadeError {
  const [host = '', pid = ''] = owner.split(':');
  return new CrossfadeError(
    'store-claimed',
    `Keyspace ${keyspace} is in use by process ${pid} on ${host}.`,
    { hint: 'Legacy and candidate need a keyspace each: name another one, or stop that process.' },
  );
}

function readOwner(row: CassandraRow | null): string {
  const owner = row?.['owner'];
  return typeof owner === 'string' ? owner : '';
}

function toLong(value: number): CassandraLong {
  return longOf(Math.floor(value / 2 ** 32), value | 0);
}

async function readClaim(session: CassandraSession, keyspace: string): Promise<Found | null> {
  const query = `SELECT owner, clock_us FROM ${keyspace}.read_states_claim WHERE id = 'writer'`;
  const row = await session.readSettled(query, []);
  if (row === null) return null;
  const clockUs = row['clock_us'];
  return { owner: readOwner(row), clockUs: isLong(clockUs) ? clockUs.toNumber() : 0 };
}

async function take(
  session: CassandraSession,
  keyspace: string,
  owner: string,
  found: Found | null,
  clockUs: number,
): Promise<boolean> {
  const table = `${keyspace}.read_states_claim`;
  if (found === null) {
    const query = `INSERT INTO ${table} (id, owner, clock_us)
                   VALUES ('writer', ?, ?) IF NOT EXISTS`;
    return (await session.conditional(query, [owner, toLong(clockUs)])).isApplied;
  }
  const query = `UPDATE ${table} SET owner = ?, clock_us = ? WHERE id = 'writer'
                 IF owner = ? AND clock_us = ?`;
  const params = [owner, toLong(clockUs), found.owner, toLong(found.clockUs)];
  return (await session.conditional(query, params)).isApplied;
}

/** The claim while it is held. Owns the timer of its beats and the clock of the writes. */
export class CassandraClaim {
  readonly #options: ClaimOptions;
  readonly #owner: string;
  readonly #stopBeating: () => void;
  #clockUs: number;
  #beatenAtUs: number;
  #beating: Promise<void> | null = null;
  /** Why nothing may be read or written any more; '' while it may. */
  #lost = '';

  constructor(options: ClaimOptions, owner: string, clockUs: number) {
    this.#options = options;
    this.#owner = owner;
    this.#clockUs = clockUs;
    this.#beatenAtUs = options.clock.nowUs();
    this.#stopBeating = options.clock.every(BEAT_EVERY_MS, () => {
      // One that fails is told to whoever writes next; until then nothing is wrong.
      this.#beat().catch((error: unknown) => {
        if (!(error instanceof CassandraUnavailable)) this.#lose(String(error));
      });
    });
  }

  /** A timestamp later than all before it, of this owner and of those before, microseconds. */
  nextUs(): number {
    this.#clockUs = Math.max(this.#clockUs + 1, this.#options.clock.wallMs() * 1000);
    return this.#clockUs;
  }

  /** Throws StoreUnavailable once the claim is lost or given back. */
  requireHeld(): void {
    if (this.#lost !== '') throw new StoreUnavailable(this.#lost);
  }

  /** Resolves when this process may write; rejects with StoreUnavailable or the driver's error. */
  async requireFresh(): Promise<void> {
    this.requireHeld();
    if (this.#options.clock.nowUs() - this.#beatenAtUs <= TRUST_MS * 1000) return;
    await this.#beat();
    this.requireHeld();
  }

  /** Gives the keyspace back; rejects with the driver's error where it cannot be reached. */
  async release(): Promise<void> {
    this.#stopBeating();
    await Promise.allSettled([this.#beating]);
    const isOurs = this.#lost === '';
    this.#lost = `keyspace ${this.#options.keyspace} is closed`;
    if (isOurs) await this.#update('');
  }

  #beat(): Promise<void> {
    this.#beating ??= this.#renew().finally(() => {
      this.#beating = null;
    });
    return this.#beating;
  }

  async #renew(): Promise<void> {
    // The silence others wait for begins when the beat is sent, at the earliest.
    const sentAtUs = this.#options.clock.nowUs();
    const owner = await this.#update(this.#owner);
    if (owner === this.#owner) this.#beatenAtUs = sentAtUs;
    else this.#lose(`taken by ${owner === '' ? 'nobody known' : owner}`);
  }

  /** Names the owner from now on, provided it is us; answers who it then is. */
  async #update(owner: string): Promise<string> {
    const { session, keyspace } = this.#options;
    const result = await session.conditional(
      `UPDATE ${keyspace}.read_states_claim SET owner = ?, clock_us = ? WHERE id = 'writer'
       IF owner = ?`,
      [owner, toLong(this.nextUs()), this.#owner],
    );
    return result.isApplied ? owner : readOwner(result.row);
  }

  #lose(reason: string): void {
    if (this.#lost !== '') return;
    this.#stopBeating();
    this.#lost = `the claim on keyspace ${this.#options.keyspace} was lost: ${reason}`;
    this.#options.say(`${this.#lost}; nothing is read or written any more`);
  }
}
