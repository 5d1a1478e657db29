/** Where a body's bytes go, one call each. */
export interface BodySink {
  /** False: no more until {@link BodyPipe.resume}. */
  chunk(bytes: Buffer): boolean;
  /** The body is whole; nothing follows. */
  end(): void;
  /** It was cut or is malformed; nothing follows. */
  aborted(): void;
}

/** Bytes that wait in a pipe without a sink before its source has to stop. */
const WAITING_MAX_BYTES = 65_536;

/**
 * A body on its way from one connection to one sink, with back-pressure in between: at most one
 * high-water mark of bytes waits. What comes before a sink is attached is kept for it.
 */
export class BodyPipe {
  /** Bytes announced by Content-Length; null for a chunked body. */
  readonly length: number | null;
  /** The last byte has been pushed. */
  isWhole = false;
  /** Cut or malformed: it will never be whole. */
  isAborted = false;
  /** Calls the source when it may push again. */
  onDrain: (() => void) | null = null;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #sink: BodySink | null = null;
  #isPaused = false;
  #isDiscarding = false;
  #isTold = false;

  constructor(length: number | null) {
    this.length = length;
  }

  /** Takes a chunk of the body; false: stop until `onDrain`. */
  push(bytes: Buffer): boolean {
    if (this.#isDiscarding) return true;
    if (this.#sink !== null && !this.#isPaused) {
      this.#isPaused = !this.#sink.chunk(bytes);
    } else {
      this.#waiting.push(bytes);
      this.#waitingBytes += bytes.length;
    }
    return this.canTake;
  }

  /** More may be pushed now. */
  get canTake(): boolean {
    return !this.#isPaused && this.#waitingBytes < WAITING_MAX_BYTES;
  }

  /** Nothing waits for a sink. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** The last chunk has been pushed. */
  finish(): void {
    this.isWhole = true;
    this.#tellEnd();
  }

  /** The source was cut, or broke the framing. */
  abort(): void {
    if (this.isWhole || this.isAborted) return;
    this.isAborted = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#tellEnd();
  }

  /** Everything pushed so far, taken out; only without a sink. */
  take(): readonly Buffer[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return taken;
  }

  /** The sink gets what waits, then what comes. */
  attach(sink: BodySink): void {
    this.#sink = sink;
    this.#isPaused = false;
    this.resume();
  }

  /** The sink takes bytes again. */
  resume(): void {
    this.#isPaused = false;
    while (this.#waiting.length > 0 && !this.#isPaused && this.#sink !== null) {
      const bytes = this.#waiting.shift()!;
      this.#waitingBytes -= bytes.length;
      this.#isPaused = !this.#sink.chunk(bytes);
    }
    if (this.#waiting.length > 0 || this.#isPaused) return;
    if (this.isWhole || this.isAborted) this.#tellEnd();
    else this.onDrain?.();
  }

  /** Nobody wants the rest: it is read and thrown away, so that the source is never stuck. */
  discard(): void {
    this.#isDiscarding = true;
    this.#isPaused = false;
    this.#sink = null;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.onDrain?.();
  }

  get isDiscarding(): boolean {
    return this.#isDiscarding;
  }

  #tellEnd(): void {
    if (this.#sink === null || this.#isTold) return;
    if (this.isWhole && this.#waiting.length > 0) return;
    this.#isTold = true;
    if (this.isWhole) this.#sink.end();
    else this.#sink.aborted();
  }
}
