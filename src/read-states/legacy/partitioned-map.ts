import type { Clock } from '../../kit/clock.ts';
import { Stalls } from '../stalls.ts';

/** A `Map` breaks above 2^23 live keys and stalls for long well below that. */
const PARTITION_KEYS_MAX = 4_000_000;
/** Expected keys of a partition when all are full: hashing fills them unevenly, by under 1 %. */
const PARTITION_KEYS_EXPECTED = 3_900_000;
/** Capacity of a new hash table in V8. */
const TABLE_CAPACITY_MIN = 4;
/** Smaller tables rehash in well under a millisecond. */
const TIMED_CAPACITY_MIN = 16_384;

/**
 * One `Map`, with the capacity of the hash table under it reckoned along: an insert that finds
 * the table full (live and deleted keys together) makes V8 copy all keys into another, and these
 * inserts alone are timed. Source: V8, `OrderedHashTable::EnsureCapacityForAdding`, `Shrink`.
 */
class Partition<V> {
  readonly map: Map<string, V> = new Map<string, V>();
  readonly #clock: Clock;
  readonly #stalls: Stalls;
  #tableCapacity = TABLE_CAPACITY_MIN;
  #deleted = 0;

  constructor(clock: Clock, stalls: Stalls) {
    this.#clock = clock;
    this.#stalls = stalls;
  }

  add(key: string, value: V): void {
    if (this.map.size + this.#deleted < this.#tableCapacity) {
      this.map.set(key, value);
      return;
    }
    // Full of holes it is rehashed at its size, else it doubles.
    const isTimed = this.#tableCapacity >= TIMED_CAPACITY_MIN;
    if (this.#deleted < this.#tableCapacity / 2) this.#tableCapacity *= 2;
    this.#deleted = 0;
    const startUs = isTimed ? this.#clock.nowUs() : 0;
    this.map.set(key, value);
    if (isTimed) this.#stalls.add(this.#clock.nowUs() - startUs);
  }

  delete(key: string): void {
    if (!this.map.delete(key)) return;
    this.#deleted += 1;
    if (this.map.size >= this.#tableCapacity / 4) return;
    if (this.#tableCapacity <= TABLE_CAPACITY_MIN) return;
    this.#tableCapacity /= 2;
    this.#deleted = 0;
  }
}

/** Keys to values over as many `Map`s as the capacity needs, at most 4 M keys in each. */
export class PartitionedMap<V> {
  readonly stalls: Stalls = new Stalls();
  readonly #partitions: Partition<V>[] = [];

  constructor(capacity: number, clock: Clock) {
    const count =
      capacity <= PARTITION_KEYS_MAX ? 1 : Math.ceil(capacity / PARTITION_KEYS_EXPECTED);
    for (let i = 0; i < count; i += 1) this.#partitions.push(new Partition(clock, this.stalls));
  }

  get(key: string): V | undefined {
    return this.#of(key).map.get(key);
  }

  /** Adds a key that is not in yet. */
  add(key: string, value: V): void {
    this.#of(key).add(key, value);
  }

  /** Exchanges the value of a key that is in already. */
  replace(key: string, value: V): void {
    this.#of(key).map.set(key, value);
  }

  delete(key: string): void {
    this.#of(key).delete(key);
  }

  #of(key: string): Partition<V> {
    const count = this.#partitions.length;
    if (count === 1) return this.#partitions[0]!;
    let hash = 0x811c9dc5;
    for (let i = 0; i < key.length; i += 1) {
      hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
    }
    hash ^= hash >>> 15;
    return this.#partitions[(Math.imul(hash, 0x85ebca6b) >>> 8) % count]!;
  }
}
