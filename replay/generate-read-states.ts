/**
 * A seeded workload for the Read States service: the same requests for the same options, on
 * every machine. Channels by Zipf, channels per user log-normal, screens of fifty reads, bursts.
 * Pins carry milliseconds and manual acks counts that differ from their flags, so that a
 * service which loses either is soon found out.
 */
import { createRandom, exponentialUs, logNormal, type Random } from '../src/kit/random.ts';
import type { RequestMessage } from '../src/model/exchange.ts';
import { createPopulation, type Population, snowflake } from './read-states-population.ts';
import type { WorkloadRequest } from './workload.ts';

/** What makes one workload; the same options make the same requests. */
export interface ReadStatesWorkloadOptions {
  /** Any 32-bit integer. */
  readonly seed: number;
  readonly ratePerSec: number;
  /** 2,000 by default. */
  readonly users?: number;
  /** 100,000 by default. */
  readonly channels?: number;
  /** Channels of the most active user; 5,000 by default, never more than there are. */
  readonly celebrityChannels?: number;
  /** Mentions reach at most so many users; 100 by default, 1,000 at most. */
  readonly fanOutMax?: number;
  /** Rate within a burst over the average; 2 by default, 1 for none. */
  readonly burstFactor?: number;
  /** Wall clock at the beginning, which message ids and timestamps follow; 2026 by default. */
  readonly startedAtMs?: number;
}

type Defaults = Required<Omit<ReadStatesWorkloadOptions, 'seed' | 'ratePerSec'>>;

/** What holds where an option is not given. */
export const READ_STATES_DEFAULTS: Defaults = {
  users: 2000,
  channels: 100_000,
  celebrityChannels: 5000,
  fanOutMax: 100,
  burstFactor: 2,
  startedAtMs: Date.UTC(2026, 0, 5, 9),
};

/** Half a second in ten runs at the burst's rate; what is over is taken from the rest. */
const BURST_EVERY_US = 10_000_000;
const BURST_US = 500_000;

const SCREEN_READS = 50;
const BULK_ACKS = 100;
const IMPORT_CHUNKS = 10;
const LIST_LIMIT = 100;
const FOLLOW_UPS_MAX = 12;
const DAY_MS = 86_400_000;
const HOST = 'read-states.test';

/** Something a user is about to do: drained in between, before anything new is made up. */
interface Pending {
  readonly user: number;
  readonly operation: Operation;
  readonly channel: number;
}

interface Turn {
  readonly user: number;
  /** Rank of a channel that matters to the user just now. */
  readonly channel: number;
  readonly nowMs: number;
}

type Operation = 'query' | 'get' | 'list' | 'ack' | 'pins' | 'bulk' | 'mention' | 'delete';

/** Requests in a thousand: ten states read for each that is changed. */
const MIX: readonly (readonly [Operation, number])[] = [
  ['query', 380],
  ['get', 220],
  ['list', 20],
  ['ack', 270],
  ['pins', 50],
  ['bulk', 20],
  ['mention', 30],
  ['delete', 10],
];
const MIX_TOTAL = MIX.reduce((sum, [, weight]) => sum + weight, 0);

/** An endless workload; each request is made when it is asked for. */
export function createReadStatesWorkload(
  options: ReadStatesWorkloadOptions,
): IterableIterator<WorkloadRequest> {
  const random = createRandom(options.seed);
  const users = options.users ?? READ_STATES_DEFAULTS.users;
  const channels = options.channels ?? READ_STATES_DEFAULTS.channels;
  const celebrity = options.celebrityChannels ?? READ_STATES_DEFAULTS.celebrityChannels;
  const celebrityChannels = Math.min(celebrity, channels);
  const population = createPopulation(random, { users, channels, celebrityChannels });
  return new ReadStatesWorkload(random, population, options);
}

class ReadStatesWorkload implements IterableIterator<WorkloadRequest> {
  readonly #random: Random;
  readonly #population: Population;
  readonly #ratePerSec: number;
  readonly #burstFactor: number;
  readonly #startedAtMs: number;
  readonly #users: number;
  readonly #fanOutMax: number;
  readonly #seen = new Set<number>();
  readonly #pending: Pending[] = [];
  #atUs = 0;
  #sequence = 0;

  constructor(random: Random, population: Population, options: ReadStatesWorkloadOptions) {
    this.#random = random;
    this.#population = population;
    this.#ratePerSec = options.ratePerSec;
    this.#burstFactor = options.burstFactor ?? READ_STATES_DEFAULTS.burstFactor;
    this.#startedAtMs = options.startedAtMs ?? READ_STATES_DEFAULTS.startedAtMs;
    this.#users = options.users ?? READ_STATES_DEFAULTS.users;
    this.#fanOutMax = Math.min(
      options.fanOutMax ?? READ_STATES_DEFAULTS.fanOutMax,
      this.#users,
      1000,
    );
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<WorkloadRequest> {
    this.#atUs += Math.max(1, Math.round(exponentialUs(this.#random, this.#rateNow())));
    const { user, operation, channel } = this.#choose();
    const nowMs = this.#startedAtMs + Math.floor(this.#atUs / 1000);
    return { done: false, value: this.#make(operation, { user, channel, nowMs }) };
  }

  #rateNow(): number {
    const share = BURST_US / BURST_EVERY_US;
    const quiet = (1 - share * this.#burstFactor) / (1 - share);
    const isBurst = this.#atUs % BURST_EVERY_US < BURST_US;
    return this.#ratePerSec * (isBurst ? this.#burstFactor : Math.max(quiet, 0.01));
  }

  #choose(): Pending {
    if (this.#pending.length > 0 && this.#random.next() < 0.5) return this.#pending.shift()!;
    const user = this.#population.drawUser();
    if (!this.#seen.has(user)) return this.#firstVisit(user);
    return { user, operation: this.#drawOperation(), channel: this.#channelOf(user) };
  }

  /** A user who comes for the first time brings what was read before, in bulk. */
  #firstVisit(user: number): Pending {
    this.#seen.add(user);
    const channels = this.#population.channelsOf(user);
    const chunks = user === 0 ? Math.min(IMPORT_CHUNKS, channels.length / BULK_ACKS) : 1;
    for (let chunk = 1; chunk < chunks; chunk += 1) {
      this.#pending.push({ user, operation: 'bulk', channel: channels[chunk * BULK_ACKS]! });
    }
    return { user, operation: 'bulk', channel: channels[0]! };
  }

  #drawOperation(): Operation {
    let ticket = this.#random.int(0, MIX_TOTAL - 1);
    for (const [operation, weight] of MIX) {
      if (ticket < weight) return operation;
      ticket -= weight;
    }
    return 'query';
  }

  /** One of the user's channels; those at the head of the list far more often. */
  #channelOf(user: number): number {
    const channels = this.#population.channelsOf(user);
    return channels[Math.floor(channels.length * this.#random.next() ** 3)]!;
  }

  #make(operation: Operation, turn: Turn): WorkloadRequest {
    const user = this.#population.userId(turn.user);
    const channel = this.#population.channelId(turn.channel);
    const states = `/v1/users/${user}/read-states`;
    const at = `/v1/users/${user}/channels/${channel}`;
    switch (operation) {
      case 'query':
        return this.#read([user], 'POST', `${states}/query`, this.#screen(turn.user));
      case 'get':
        return this.#read([user], 'GET', `${states}/${channel}`, null);
      case 'list':
        return this.#read([user], 'GET', `${states}?limit=${LIST_LIMIT}`, null);
      case 'ack':
        return this.#write(
          [user],
          'POST',
          `${at}/messages/${this.#message(turn)}/ack`,
          this.#ack(),
        );
      case 'pins':
        return this.#write([user], 'POST', `${at}/pins/ack`, { timestamp: this.#pinTime(turn) });
      case 'bulk':
        return this.#write([user], 'POST', `${states}/ack-bulk`, this.#bulk(turn));
      case 'mention':
        return this.#mention(turn, `/v1/channels/${channel}/mentions`);
      case 'delete':
        return this.#write([user], 'DELETE', `${states}/${channel}`, { version: 2 });
    }
  }

  #screen(user: number): object {
    const channels = this.#population.channelsOf(user);
    const pages = Math.ceil(channels.length / SCREEN_READS);
    // Mostly the first screen; now and then somebody scrolls.
    const page = this.#random.next() < 0.8 ? 0 : this.#random.int(0, Math.min(pages, 20) - 1);
    const shown = channels.subarray(page * SCREEN_READS, (page + 1) * SCREEN_READS);
    return { ids: Array.from(shown, (channel) => this.#population.channelId(channel)) };
  }

  /** Mostly the newest message; one in ten is older and changes nothing. */
  #message({ nowMs }: Turn): string {
    const isOld = this.#random.next() < 0.1;
    const ageMs = isOld ? this.#random.int(DAY_MS, 30 * DAY_MS) : this.#random.int(0, 5000);
    return this.#messageId(nowMs - ageMs);
  }

  #messageId(atMs: number): string {
    this.#sequence += 1;
    return snowflake(atMs, this.#sequence);
  }

  #ack(): object {
    const kind = this.#random.next();
    const flags = this.#random.int(0, 7);
    const days = Math.floor((this.#startedAtMs - Date.UTC(2015, 0, 1)) / DAY_MS);
    // A manual ack marks as unread: its count is never the number of its flags.
    if (kind < 0.25) return { manual: true, mention_count: this.#random.int(8, 40), flags };
    if (kind < 0.45) return { flags, last_viewed: days };
    if (kind < 0.7) return { last_viewed: days - this.#random.int(0, 3) };
    return {};
  }

  /** Within the last minutes, never on a whole second. */
  #pinTime({ nowMs }: Turn): string {
    const second = Math.floor(nowMs / 1000) * 1000 - this.#random.int(0, 300) * 1000;
    return new Date(second + this.#random.int(1, 999)).toISOString();
  }

  #bulk(turn: Turn): object {
    const channels = this.#population.channelsOf(turn.user);
    const start = Math.max(0, channels.indexOf(turn.channel));
    const marked = channels.subarray(start, start + BULK_ACKS);
    const message = this.#messageId(turn.nowMs - 5000);
    return {
      read_states: Array.from(marked, (channel) => ({
        channel_id: this.#population.channelId(channel),
        message_id: message,
      })),
    };
  }

  /** Everybody mentioned is told; some of them come at once to look and to mark as read. */
  #mention(turn: Turn, target: string): WorkloadRequest {
    const size = Math.ceil(logNormal(this.#random, 6, 1.1));
    const mentioned = new Set<number>();
    for (let i = 0; i < Math.min(size, this.#fanOutMax); i += 1) {
      mentioned.add(this.#population.drawUser());
    }
    const { channel } = turn;
    let followUps = 0;
    for (const user of mentioned) {
      if (followUps >= FOLLOW_UPS_MAX || this.#random.next() < 0.5) continue;
      followUps += 1;
      this.#pending.push({ user, operation: 'get', channel });
      if (this.#random.next() < 0.5) this.#pending.push({ user, operation: 'ack', channel });
    }
    const users = Array.from(mentioned, (user) => this.#population.userId(user));
    const body = { message_id: this.#messageId(turn.nowMs), user_ids: users };
    return this.#write(users, 'POST', target, body);
  }

  #read(keys: string[], method: string, target: string, body: object | null): WorkloadRequest {
    return { atUs: this.#atUs, request: message(method, target, body), keys, isSafe: true };
  }

  #write(keys: string[], method: string, target: string, body: object): WorkloadRequest {
    return { atUs: this.#atUs, request: message(method, target, body), keys, isSafe: false };
  }
}

const READ_HEADERS = ['host', HOST, 'accept', 'application/json', 'user-agent', 'crossfade'];
const BODY_HEADERS = [...READ_HEADERS, 'content-type', 'application/json'];

function message(method: string, target: string, body: object | null): RequestMessage {
  if (body === null) return { method, target, headers: READ_HEADERS, body };
  return { method, target, headers: BODY_HEADERS, body: Buffer.from(JSON.stringify(body)) };
}
