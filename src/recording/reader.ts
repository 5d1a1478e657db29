import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CrossfadeError, messageOf } from '../kit/errors.ts';
import { decodeDescription, EMPTY_DESCRIPTION } from './description.ts';
import { decodeFrames } from './frame.ts';
import {
  BLOCK_HEAD_BYTES,
  BLOCK_KIND,
  type BlockHead,
  checkPreamble,
  decodeBlockHead,
  decodePayload,
  PREAMBLE_BYTES,
  type RecordedPair,
  type RecordingDescription,
} from './format.ts';

/** What a reader found; whole once the records have been read to their end. */
export interface RecordingSummary {
  readonly records: number;
  /** Why the recording ends before its end mark; null when it is whole. */
  readonly warning: string | null;
}

/** Records in the order in which they were written: by their end, not by their arrival. */
export interface RecordingReader extends AsyncIterable<RecordedPair> {
  readonly description: RecordingDescription;
  readonly summary: RecordingSummary;
  /** The same records, still packed: for whoever unpacks them elsewhere. In place of iterating. */
  blocks(): Generator<PackedBlock>;
  /** A block that could not be unpacked: the recording ends before it, as `summary` says then. */
  refuse(block: Pick<PackedBlock, 'head' | 'offset'>): void;
}

/** A block of records as it is stored. */
export interface PackedBlock {
  readonly head: BlockHead;
  readonly stored: Buffer;
  /** Where it begins. */
  readonly offset: number;
}

/** The records of a block; undefined where it is damaged. */
export function unpackBlock({
  head,
  stored,
}: Pick<PackedBlock, 'head' | 'stored'>): RecordedPair[] | undefined {
  const payload = decodePayload(head, stored);
  return payload === undefined ? undefined : decodeFrames(payload, head.records);
}

/** The bytes of a recording, wherever they are; shorter than asked for at the end alone. */
export interface ByteSource {
  read(offset: number, length: number): Buffer;
}

/**
 * Opens a recording: its longest valid prefix, never a wrong record. Throws `recording-missing`,
 * `not-a-recording` and `recording-newer`; a file that was cut or damaged is a warning.
 */
export function readRecording(path: string): RecordingReader {
  let file: number;
  try {
    file = openSync(path, 'r');
    if (!fstatSync(file).isFile()) throw new Error('it is not a file');
  } catch (error) {
    throw new CrossfadeError(
      'recording-missing',
      `the recording ${path} cannot be read: ${messageOf(error)}`,
      { cause: error, hint: 'give the path of a file that `record` or `generate` has written' },
    );
  }
  return new Reader(path, fileSource(file), () => closeSync(file));
}

/** The same over bytes in memory; `name` stands for the path in messages. */
export function decodeRecording(bytes: Buffer, name = 'recording'): RecordingReader {
  const source = { read: (at: number, length: number) => bytes.subarray(at, at + length) };
  return new Reader(name, source, () => undefined);
}

function fileSource(file: number): ByteSource {
  return {
    read(offset, length) {
      const bytes = Buffer.alloc(Math.min(length, Math.max(fstatSync(file).size - offset, 0)));
      let filled = 0;
      while (filled < bytes.length) {
        const count = readSync(file, bytes, filled, bytes.length - filled, offset + filled);
        if (count === 0) break;
        filled += count;
      }
      return bytes.subarray(0, filled);
    },
  };
}

type Block =
  | { readonly kind: 'description'; readonly description: RecordingDescription }
  | { readonly kind: 'records'; readonly pairs: readonly RecordedPair[] }
  | { readonly kind: 'end' };

class Reader implements RecordingReader {
  readonly description: RecordingDescription;
  readonly #source: ByteSource;
  readonly #close: () => void;
  #offset = PREAMBLE_BYTES;
  #records = 0;
  #warning: string | null = null;

  constructor(name: string, source: ByteSource, close: () => void) {
    this.#source = source;
    this.#close = close;
    const preamble = checkPreamble(source.read(0, PREAMBLE_BYTES));
    if (preamble === 'foreign' || preamble === 'newer') close();
    if (preamble === 'foreign') {
      throw new CrossfadeError('not-a-recording', `${name} is not a recording of Crossfade`, {
        hint: 'give a file that `record` or `generate` has written',
      });
    }
    if (preamble === 'newer') {
      throw new CrossfadeError('recording-newer', `${name} was written by a later version`, {
        hint: 'read it with that version of Crossfade',
      });
    }
    if (preamble === 'cut') this.#warning = 'the recording is cut off in its first bytes';
    const first = this.#warning === null ? this.#next() : null;
    if (first !== null && first.kind !== 'description') this.#stop('has no description');
    this.description = first?.kind === 'description' ? first.description : EMPTY_DESCRIPTION;
  }

  get summary(): RecordingSummary {
    return { records: this.#records, warning: this.#warning };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordedPair> {
    try {
      while (this.#warning === null) {
        const block = this.#next();
        if (block === null) break;
        if (block.kind === 'end') {
          this.#checkEnd();
          break;
        }
        if (block.kind === 'description') this.#stop('describes itself twice');
        else {
          for (const pair of block.pairs) {
            this.#records += 1;
            yield pair;
          }
        }
      }
    } finally {
      this.#close();
    }
  }

  *blocks(): Generator<PackedBlock> {
    try {
      while (this.#warning === null) {
        const packed = this.#nextPacked();
        if (packed === null) break;
        if (packed.head.kind !== BLOCK_KIND.records) {
          const block = this.#unpack(packed);
          if (block?.kind === 'end') this.#checkEnd();
          else if (block !== null) this.#stop('describes itself twice');
          break;
        }
        this.#offset += BLOCK_HEAD_BYTES + packed.head.storedBytes;
        this.#records += packed.head.records;
        yield packed;
      }
    } finally {
      this.#close();
    }
  }

  refuse({ head, offset }: Pick<PackedBlock, 'head' | 'offset'>): void {
    this.#offset = offset;
    this.#records = head.firstRecord;
    this.#stop('is damaged');
  }

  /** The next block if it is sound; otherwise null and the warning is set. */
  #next(): Block | null {
    const packed = this.#nextPacked();
    return packed === null ? null : this.#unpack(packed);
  }

  #unpack(packed: PackedBlock): Block | null {
    const block = decodeBlock(packed);
    if (block === undefined) return this.#stop('is damaged');
    this.#offset += BLOCK_HEAD_BYTES + packed.head.storedBytes;
    return block;
  }

  /** What stands at the offset; its head is sound, its payload not yet looked at. */
  #nextPacked(): PackedBlock | null {
    const offset = this.#offset;
    const headBytes = this.#source.read(offset, BLOCK_HEAD_BYTES);
    if (headBytes.length === 0) return this.#stop('ends without its end mark');
    if (headBytes.length < BLOCK_HEAD_BYTES) return this.#stop('is cut off');
    const head = decodeBlockHead(headBytes);
    if (head === undefined || head.firstRecord !== this.#records) return this.#stop('is damaged');
    const stored = this.#source.read(offset + BLOCK_HEAD_BYTES, head.storedBytes);
    if (stored.length < head.storedBytes) return this.#stop('is cut off');
    return { head, stored, offset };
  }

  #checkEnd(): void {
    if (this.#source.read(this.#offset, 1).length > 0) this.#stop('goes on behind its end');
  }

  #stop(what: string): null {
    this.#warning =
      `the recording ${what} at byte ${this.#offset}, ` +
      `after ${this.#records} whole records: only these are used`;
    return null;
  }
}

function decodeBlock(packed: PackedBlock): Block | undefined {
  const { head, stored } = packed;
  if (head.kind === BLOCK_KIND.records) {
    const pairs = unpackBlock(packed);
    return pairs === undefined ? undefined : { kind: 'records', pairs };
  }
  const payload = decodePayload(head, stored);
  if (payload === undefined) return undefined;
  if (head.kind === BLOCK_KIND.end) return { kind: 'end' };
  if (head.kind !== BLOCK_KIND.description) return undefined;
  const description = decodeDescription(payload);
  return description === undefined ? undefined : { kind: 'description', description };
}
