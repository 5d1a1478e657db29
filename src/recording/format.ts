/**
 * The recording on disk, version 1. All integers are little endian.
 *
 *     preamble  16 bytes: "XFADEREC", u16 version, u16 0, u32 CRC-32 of the 12 bytes before
 *     block     32 bytes of head, then its payload; blocks follow each other without gaps
 *       head    u32 "XBLK", u8 kind, u8 codec, u16 0, u32 stored bytes, u32 raw bytes,
 *               u32 number of the first record, u32 records, u32 CRC-32 of the stored payload,
 *               u32 CRC-32 of the 28 bytes before
 *       kind    1 description (JSON, always the first block, alone), 2 records, 3 end (empty)
 *       codec   0 plain, 1 zstd
 *     frame     in a block of records: u32 length of what follows, u32 length of the JSON,
 *               the JSON, then the bodies of request, legacy answer, candidate answer
 *
 * A block is there whole or not at all: every byte of it is under a CRC-32 of its own part, its
 * records are numbered on from the block before, and what does not fit ends the valid prefix.
 */
import { crc32, zstdCompressSync, zstdDecompressSync, constants } from 'node:zlib';
import type { Answer, Outcome, RequestMessage, Side } from '../model/exchange.ts';
import type { KeySource, RouteSettings } from '../model/settings.ts';

/** What one side did, as recorded: a failure has no answer. */
export interface RecordedExchange {
  readonly outcome: Outcome;
  readonly answer: Answer | null;
  readonly latencyUs: number;
  readonly serviceUs: number;
}

/** One request with what is known of both answers; null where none was recorded. */
export interface RecordedPair {
  readonly route: string;
  readonly keys: readonly string[];
  readonly liveSide: Side;
  /** Arrival, microseconds from the recording's start; may lie shortly before it. */
  readonly atUs: number;
  readonly request: RequestMessage;
  readonly legacy: RecordedExchange | null;
  readonly candidate: RecordedExchange | null;
  /** What the proxy itself stood still for since the record before; absent: not worth a word. */
  readonly stall?: RecordedStall;
}

/** The longest stall of the proxy in a stretch, microseconds from the recording's start. */
export interface RecordedStall {
  readonly fromUs: number;
  readonly toUs: number;
  readonly longestUs: number;
}

/** What a recording says of itself, so that it can be replayed without a configuration. */
export interface RecordingDescription {
  /** Wall clock, milliseconds since 1970; 0 for a generated workload. */
  readonly startedAtMs: number;
  /** One sentence: what made this recording. */
  readonly origin: string;
  readonly key: readonly KeySource[] | null;
  readonly routes: readonly RouteSettings[];
}

/** Sizes of the two fixed parts. */
export const PREAMBLE_BYTES = 16;
export const BLOCK_HEAD_BYTES = 32;
/** Payload of one block, packed or not: what a reader must be ready to hold. */
export const BLOCK_MAX_BYTES: number = 64 * 1024 * 1024;

const MAGIC = 'XFADEREC';
const VERSION = 1;
const BLOCK_MAGIC = 0x4b4c4258;

/** What a block is. */
export const BLOCK_KIND: { readonly description: 1; readonly records: 2; readonly end: 3 } = {
  description: 1,
  records: 2,
  end: 3,
};
const CODEC = { plain: 0, zstd: 1 } as const;

/** What stands before each payload. */
export interface BlockHead {
  readonly kind: number;
  readonly codec: number;
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly firstRecord: number;
  readonly records: number;
  readonly payloadCrc: number;
}

/** The first bytes of every recording: magic, version, checksum. */
/** The first bytes of every recording of this version. */
export function encodePreamble(): Buffer {
  const bytes = Buffer.alloc(PREAMBLE_BYTES);
  bytes.write(MAGIC, 'latin1');
  bytes.writeUInt16LE(VERSION, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
  return bytes;
}

/**
 * `whole`; `cut` when the bytes there are the beginning of a preamble; `newer` when a later
 * version wrote it; `foreign` when it is no recording, or its preamble is damaged.
 */
export function checkPreamble(bytes: Buffer): 'whole' | 'cut' | 'newer' | 'foreign' {
  const own = encodePreamble();
  if (bytes.equals(own)) return 'whole';
  if (bytes.length < PREAMBLE_BYTES) {
    return bytes.equals(own.subarray(0, bytes.length)) ? 'cut' : 'foreign';
  }
  const isSound = crc32(bytes.subarray(0, 12)) === bytes.readUInt32LE(12);
  if (!isSound || bytes.toString('latin1', 0, 8) !== MAGIC) return 'foreign';
  return bytes.readUInt16LE(8) > VERSION ? 'newer' : 'foreign';
}

/** True for what begins as every recording does, of whatever version and however damaged. */
export function looksLikeRecording(bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, MAGIC.length) === MAGIC;
}

/** Head and payload of one block; the payload is packed when that makes it smaller. */
export function encodeBlock(
  kind: number,
  raw: Buffer,
  firstRecord: number,
  records: number,
  level: number,
): Buffer {
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  const packed = raw.length === 0 ? raw : zstdCompressSync(raw, { params });
  const isPacked = packed.length < raw.length;
  const stored = isPacked ? packed : raw;
  const head = Buffer.alloc(BLOCK_HEAD_BYTES);
  head.writeUInt32LE(BLOCK_MAGIC, 0);
  head.writeUInt8(kind, 4);
  head.writeUInt8(isPacked ? CODEC.zstd : CODEC.plain, 5);
  head.writeUInt32LE(stored.length, 8);
  head.writeUInt32LE(raw.length, 12);
  head.writeUInt32LE(firstRecord, 16);
  head.writeUInt32LE(records, 20);
  head.writeUInt32LE(crc32(stored), 24);
  head.writeUInt32LE(crc32(head.subarray(0, 28)), 28);
  return Buffer.concat([head, stored]);
}

/** The head, or undefined when it is damaged or asks for more than the limit. */
export function decodeBlockHead(bytes: Buffer): BlockHead | undefined {
  if (bytes.length < BLOCK_HEAD_BYTES || bytes.readUInt32LE(0) !== BLOCK_MAGIC) return undefined;
  if (crc32(bytes.subarray(0, 28)) !== bytes.readUInt32LE(28)) return undefined;
  const head: BlockHead = {
    kind: bytes.readUInt8(4),
    codec: bytes.readUInt8(5),
    storedBytes: bytes.readUInt32LE(8),
    rawBytes: bytes.readUInt32LE(12),
    firstRecord: bytes.readUInt32LE(16),
    records: bytes.readUInt32LE(20),
    payloadCrc: bytes.readUInt32LE(24),
  };
  const isInLimits = head.storedBytes <= BLOCK_MAX_BYTES && head.rawBytes <= BLOCK_MAX_BYTES;
  return isInLimits ? head : undefined;
}

/** The unpacked payload, or undefined when it is damaged. */
export function decodePayload(head: BlockHead, stored: Buffer): Buffer | undefined {
  if (stored.length !== head.storedBytes || crc32(stored) !== head.payloadCrc) return undefined;
  if (head.codec === CODEC.plain) return stored.length === head.rawBytes ? stored : undefined;
  if (head.codec !== CODEC.zstd) return undefined;
  try {
    const raw = zstdDecompressSync(stored, { maxOutputLength: Math.max(head.rawBytes, 1) });
    return raw.length === head.rawBytes ? raw : undefined;
  } catch {
    // A sound checksum over bytes that do not unpack: made so on purpose, and damaged to us.
    return undefined;
  }
}
