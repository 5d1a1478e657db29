import type { MutableState } from '../engine.ts';
import type { StateRow } from '../store.ts';
import { PIN_MIN_MS } from '../timestamps.ts';

/**
 * A record of the slab, 16 signed 32-bit words:
 *
 *     0 user lo     4 last lo    8  type 3 | viewed 16 | pin hi 10   12 newer, or next free
 *     1 user hi     5 last hi    9  version                          13 user next 24 | dp 8
 *     2 channel lo  6 mentions   10 flags 8 | bits 3 | has 3         14 user prev 24 | dp 8
 *     3 channel hi  7 pin lo        | dirty tick 18                  15 dirty next 24 | dp 8
 *                                11 older
 *
 * `older` and `newer` link the order of use, `dp` is the link to the one before in the dirty
 * queue, cut in three. Links are slot numbers, 0 for none. The pin is milliseconds since 2015.
 */
export const RECORD_WORDS = 16;
export const OLDER = 11;
export const NEWER = 12;
export const USER_NEXT = 13;
export const USER_PREV = 14;
export const DIRTY_NEXT = 15;

const LINK_MASK = 0xffffff;
const REST_MASK = ~LINK_MASK;

const BITS_SHIFT = 8;
const BITS_MASK = 7 << BITS_SHIFT;
const HAS_FLAGS = 1 << 11;
const HAS_VIEWED = 1 << 12;
const HAS_PIN = 1 << 13;
const STATE_MASK = 0xff | HAS_FLAGS | HAS_VIEWED | HAS_PIN;
const TICK_SHIFT = 14;
const BELOW_TICK = (1 << TICK_SHIFT) - 1;

const VIEWED_SHIFT = 3;
const PIN_HI_SHIFT = 19;
const TWO_32 = 4_294_967_296;

/** Where the record of a slot begins; slots are numbered from 1. */
export function baseOf(slot: number): number {
  return slot * RECORD_WORDS - RECORD_WORDS;
}

/** Whether the record at `base` is of this state. */
export function isRecordOf(
  rec: Int32Array,
  base: number,
  userHi: number,
  userLo: number,
  type: number,
  channelHi: number,
  channelLo: number,
): boolean {
  return (
    rec[base + 2] === channelLo &&
    rec[base] === userLo &&
    rec[base + 3] === channelHi &&
    rec[base + 1] === userHi &&
    (rec[base + 8]! & 7) === type
  );
}

/** Fills `out` with the state's fields. */
export function readRecord(rec: Int32Array, base: number, out: MutableState): void {
  const packed = rec[base + 8]!;
  const marks = rec[base + 10]!;
  out.userLo = rec[base]!;
  out.userHi = rec[base + 1]!;
  out.channelLo = rec[base + 2]!;
  out.channelHi = rec[base + 3]!;
  out.lastLo = rec[base + 4]!;
  out.lastHi = rec[base + 5]!;
  out.mentions = rec[base + 6]!;
  out.type = packed & 7;
  out.viewed = (marks & HAS_VIEWED) === 0 ? -1 : (packed >>> VIEWED_SHIFT) & 0xffff;
  out.flags = (marks & HAS_FLAGS) === 0 ? -1 : marks & 0xff;
  out.pinAtMs =
    (marks & HAS_PIN) === 0
      ? -1
      : (packed >>> PIN_HI_SHIFT) * TWO_32 + (rec[base + 7]! >>> 0) + PIN_MIN_MS;
  out.version = rec[base + 9]!;
}

/** Writes the state's fields; bits, tick and links stay. */
export function writeRecord(rec: Int32Array, base: number, state: StateRow): void {
  let packed = state.type;
  let marks = rec[base + 10]! & ~STATE_MASK;
  if (state.flags >= 0) marks |= HAS_FLAGS | state.flags;
  if (state.viewed >= 0) {
    marks |= HAS_VIEWED;
    packed |= state.viewed << VIEWED_SHIFT;
  }
  let pinLo = 0;
  if (state.pinAtMs >= 0) {
    const pin = state.pinAtMs - PIN_MIN_MS;
    marks |= HAS_PIN;
    packed |= Math.floor(pin / TWO_32) << PIN_HI_SHIFT;
    pinLo = pin | 0;
  }
  rec[base] = state.userLo;
  rec[base + 1] = state.userHi;
  rec[base + 2] = state.channelLo;
  rec[base + 3] = state.channelHi;
  rec[base + 4] = state.lastLo;
  rec[base + 5] = state.lastHi;
  rec[base + 6] = state.mentions;
  rec[base + 7] = pinLo;
  rec[base + 8] = packed;
  rec[base + 9] = state.version;
  rec[base + 10] = marks;
}

/** DIRTY, IN_FLIGHT and DELETED of the record. */
export function readBits(rec: Int32Array, base: number): number {
  return (rec[base + 10]! & BITS_MASK) >>> BITS_SHIFT;
}

/** Sets them; everything else in the word stays. */
export function writeBits(rec: Int32Array, base: number, bits: number): void {
  rec[base + 10] = (rec[base + 10]! & ~BITS_MASK) | (bits << BITS_SHIFT);
}

/** When it became dirty, in ticks that wrap at 2^18. */
export function readTick(rec: Int32Array, base: number): number {
  return rec[base + 10]! >>> TICK_SHIFT;
}

/** Sets that tick, 0 to 2^18-1. */
export function writeTick(rec: Int32Array, base: number, tick: number): void {
  rec[base + 10] = (rec[base + 10]! & BELOW_TICK) | (tick << TICK_SHIFT);
}

/** One of the links that share their word: USER_NEXT, USER_PREV, DIRTY_NEXT. */
export function readLink(rec: Int32Array, base: number, word: number): number {
  return rec[base + word]! & LINK_MASK;
}

/** Sets such a link; what shares its word stays. */
export function writeLink(rec: Int32Array, base: number, word: number, slot: number): void {
  rec[base + word] = (rec[base + word]! & REST_MASK) | slot;
}

/** The slot before it in the dirty queue, put together from its three parts. */
export function readDirtyPrev(rec: Int32Array, base: number): number {
  const low = rec[base + USER_NEXT]! >>> 24;
  const middle = rec[base + USER_PREV]! >>> 24;
  return low | (middle << 8) | ((rec[base + DIRTY_NEXT]! >>> 24) << 16);
}

/** Sets it, in all three parts. */
export function writeDirtyPrev(rec: Int32Array, base: number, slot: number): void {
  const next = base + USER_NEXT;
  const prev = base + USER_PREV;
  const dirty = base + DIRTY_NEXT;
  rec[next] = (rec[next]! & LINK_MASK) | (slot << 24);
  rec[prev] = (rec[prev]! & LINK_MASK) | ((slot >>> 8) << 24);
  rec[dirty] = (rec[dirty]! & LINK_MASK) | ((slot >>> 16) << 24);
}
