/** The body of one request on its way off the connection. */
import { LIMITS } from '../kit/limits.ts';
import type { RejectReason } from '../model/reject.ts';
import { BodyPipe } from './body-pipe.ts';
import { ChunkedDecoder, type ChunkedSink } from './chunked.ts';
import type { Framing } from './message.ts';

/** Reads one body, of known length or chunked, and gives its bytes to a pipe. */
export class RequestBody implements ChunkedSink {
  readonly pipe: BodyPipe;
  /** Its last byte has been read; the pipe is not finished by that. */
  isRead = false;
  /** Why its framing is malformed. */
  problem: RejectReason | null = null;
  readonly #decoder: ChunkedDecoder | null;
  #left: number;

  /** `length` in bytes; null for the chunked coding, of which `maxBytes` are taken. */
  constructor(length: number | null, maxBytes: number | null) {
    this.pipe = new BodyPipe(length);
    this.#left = length ?? 0;
    this.#decoder = null;
    if (length !== null) return;
    this.#decoder = new ChunkedDecoder({
      bodyMaxBytes: maxBytes ?? Number.MAX_SAFE_INTEGER,
      extensionMaxBytes: LIMITS.chunkExtensionMaxBytes,
      trailerMaxBytes: LIMITS.trailerMaxBytes,
    });
  }

  /** Gives the pipe what of `bytes` is its; answers the offset behind the last byte taken. */
  read(bytes: Buffer): number {
    const decoder = this.#decoder;
    if (decoder !== null) {
      const end = decoder.decode(bytes, 0, this);
      this.problem = decoder.problem;
      this.isRead = decoder.isDone;
      return end;
    }
    const end = Math.min(bytes.length, this.#left);
    this.#left -= end;
    this.isRead = this.#left === 0;
    this.pipe.push(end === bytes.length ? bytes : bytes.subarray(0, end));
    return end;
  }

  bodyBytes(bytes: Buffer): void {
    this.pipe.push(bytes);
  }
}

/** Null where the message has no body, or an empty one. */
export function createRequestBody(framing: Framing, maxBytes: number | null): RequestBody | null {
  if (framing.kind === 'chunked') return new RequestBody(null, maxBytes);
  if (framing.kind !== 'length' || framing.bytes === 0) return null;
  return new RequestBody(framing.bytes, maxBytes);
}
