import { randomBytes } from 'node:crypto';
import { closeSync, constants, fchmodSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { type Clock, systemClock } from '../kit/clock.ts';
import { CrossfadeError, codeOf, messageOf } from '../kit/errors.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Pair } from '../model/pair.ts';
import type { ProxyStall } from '../model/stall.ts';
import { EMPTY_DESCRIPTION, encodeDescription } from './description.ts';
import { encodeFrame } from './frame.ts';
import {
  BLOCK_HEAD_BYTES,
  BLOCK_KIND,
  BLOCK_MAX_BYTES,
  encodeBlock,
  encodePreamble,
  type RecordedExchange,
  type RecordedPair,
  type RecordedStall,
  type RecordingDescription,
} from './format.ts';
import { createRedactor, type Redactor } from './redact.ts';

/** How a recording is written. */
export interface RecordingOptions {
  /** The file never grows beyond this; what comes later is counted as dropped. */
  readonly maxBytes: number;
  /** At least 16 bytes. Without it tokens of this recording lead to no other recording's. */
  readonly redactKey?: Buffer;
  readonly description?: RecordingDescription;
  readonly clock?: Clock;
  /** Raw bytes gathered into one block, 256 KiB by default: larger packs better. */
  readonly blockBytes?: number;
  /** 1 (fast) to 19 (small); 3 by default. */
  readonly level?: number;
}

const BLOCK_BYTES = 256 * 1024;
const FLUSH_AFTER_MS = 1000;
const REDACT_KEY_BYTES = 32;

/**
 * Creates a recording for its owner alone (0600). Never writes to a file, or follows a link,
 * that is there already: `recording-exists`; `recording-unwritable` where it cannot be made.
 */
export function openRecording(path: string, options: RecordingOptions): RecordingWriter {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  try {
    const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    // Whatever the process's mask took away or left.
    fchmodSync(file, 0o600);
    return new RecordingWriter(file, options);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') {
      throw new CrossfadeError('recording-exists', `${path} exists already`, {
        hint: 'a recording is never overwritten: choose another name, or remove the file',
      });
    }
    throw new CrossfadeError(
      'recording-unwritable',
      `the recording ${path} cannot be created: ${messageOf(error)}`,
      { cause: error, hint: 'choose a directory that exists and that you may write to' },
    );
  }
}

/**
 * Appends records to a recording. Credentials are replaced before a record is even buffered;
 * a record that cannot be redacted or no longer fits is dropped and counted, never written raw.
 */
export class RecordingWriter {
  readonly #file: number;
  readonly #redactor: Redactor;
  readonly #startedAtMs: number;
  readonly #maxBytes: number;
  readonly #blockBytes: number;
  readonly #level: number;
  readonly #stopTimer: () => void;
  #frames: Buffer[] = [];
  #bufferedBytes = 0;
  #writtenBytes = 0;
  #writtenRecords = 0;
  #droppedRecords = 0;
  #failure: string | null = null;
  #isClosed = false;
  /** Told with the next record. */
  #stall: RecordedStall | null = null;

  constructor(file: number, options: RecordingOptions) {
    const clock = options.clock ?? systemClock;
    const description = options.description ?? {
      ...EMPTY_DESCRIPTION,
      startedAtMs: clock.wallMs(),
      origin: 'recorded',
    };
    this.#file = file;
    this.#redactor = createRedactor(options.redactKey ?? randomBytes(REDACT_KEY_BYTES));
    this.#startedAtMs = description.startedAtMs;
    this.#maxBytes = options.maxBytes;
    this.#blockBytes = options.blockBytes ?? BLOCK_BYTES;
    this.#level = options.level ?? 3;
    this.#write(encodePreamble());
    this.#write(encodeBlock(BLOCK_KIND.description, encodeDescription(description), 0, 0, 3));
    this.#stopTimer = clock.every(FLUSH_AFTER_MS, () => this.flush());
  }

  /** Records in the file. */
  get records(): number {
    return this.#writtenRecords;
  }

  /** Records not kept: the file is full, or they could not be redacted or written. */
  get dropped(): number {
    return this.#droppedRecords;
  }

  /** Why nothing is written any more; null while all is well. */
  get failure(): string | null {
    return this.#failure;
  }

  /** `keys` where the request has more than the pair's first one. */
  append(pair: Pair, keys?: readonly string[]): void {
    this.appendRecord({
      route: pair.route,
      keys: keys ?? (pair.key === null ? [] : [pair.key]),
      liveSide: pair.liveSide,
      atUs: Math.round((pair.arrivedAtMs - this.#startedAtMs) * 1000),
      request: pair.request,
      legacy: recorded(pair.legacy),
      candidate: recorded(pair.candidate),
    });
  }

  /** The proxy that answers stood still: the next record says so. */
  stalled({ fromMs, toMs, longestUs }: ProxyStall): void {
    const sinceStartUs = (atMs: number): number => Math.round((atMs - this.#startedAtMs) * 1000);
    const own = { fromUs: sinceStartUs(fromMs), toUs: sinceStartUs(toMs), longestUs };
    const known = this.#stall ?? own;
    this.#stall = {
      fromUs: Math.min(known.fromUs, own.fromUs),
      toUs: Math.max(known.toUs, own.toUs),
      longestUs: Math.max(known.longestUs, own.longestUs),
    };
  }

  appendRecord(record: RecordedPair): void {
    if (this.#isClosed || this.#failure !== null) {
      this.#droppedRecords += 1;
      return;
    }
    let frame: Buffer;
    try {
      const told = this.#stall === null ? record : { ...record, stall: this.#stall };
      frame = encodeFrame(redact(told, this.#redactor));
    } catch {
      // Not even the reason is kept: it could quote what was to be replaced.
      this.#droppedRecords += 1;
      return;
    }
    if (frame.length > BLOCK_MAX_BYTES) {
      this.#droppedRecords += 1;
      return;
    }
    if (this.#bufferedBytes + frame.length > BLOCK_MAX_BYTES) this.flush();
    this.#stall = null;
    this.#frames.push(frame);
    this.#bufferedBytes += frame.length;
    if (this.#bufferedBytes >= this.#blockBytes) this.flush();
  }

  /** Writes what is buffered as one block. Happens by itself each second. */
  flush(): void {
    const records = this.#frames.length;
    if (records === 0) return;
    const raw = Buffer.concat(this.#frames);
    this.#frames = [];
    this.#bufferedBytes = 0;
    const { records: kind } = BLOCK_KIND;
    const block = encodeBlock(kind, raw, this.#writtenRecords, records, this.#level);
    const isFull = this.#writtenBytes + block.length + BLOCK_HEAD_BYTES > this.#maxBytes;
    if (isFull) this.#failure ??= `the recording has reached its ${this.#maxBytes} bytes`;
    if (this.#failure === null) this.#write(block);
    if (this.#failure === null) this.#writtenRecords += records;
    else this.#droppedRecords += records;
  }

  /** Flushes, marks the end, makes it durable. Calling it twice is harmless. */
  close(): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    this.#stopTimer();
    const end = encodeBlock(BLOCK_KIND.end, Buffer.alloc(0), this.#writtenRecords, 0, 3);
    // After a failed write the end of the file is unknown: without a mark readers say so.
    if (this.#writtenBytes >= 0) this.#write(end);
    fsyncSync(this.#file);
    closeSync(this.#file);
  }

  #write(bytes: Buffer): void {
    try {
      let offset = 0;
      while (offset < bytes.length) offset += writeSync(this.#file, bytes, offset);
      this.#writtenBytes += bytes.length;
    } catch (error) {
      this.#failure ??= `the recording cannot be written: ${messageOf(error)}`;
      this.#writtenBytes = -1;
    }
  }
}

function recorded(exchange: Exchange): RecordedExchange {
  const { outcome, answer, latencyUs, serviceUs } = exchange;
  return { outcome, answer, latencyUs, serviceUs };
}

function redact(record: RecordedPair, redactor: Redactor): RecordedPair {
  const exchange = (side: RecordedExchange | null): RecordedExchange | null => {
    if (side === null || side.answer === null) return side;
    const headers = redactor.headers(side.answer.headers);
    const trailers = redactor.headers(side.answer.trailers);
    return { ...side, answer: { ...side.answer, headers, trailers } };
  };
  return {
    ...record,
    request: {
      ...record.request,
      target: redactor.target(record.request.target),
      headers: redactor.headers(record.request.headers),
    },
    legacy: exchange(record.legacy),
    candidate: exchange(record.candidate),
  };
}
