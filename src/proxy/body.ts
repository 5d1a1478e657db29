/**
 * A request's body on its way: whole at once, collected because a key is in it, or streaming to
 * the live side while a copy is kept for the shadow, up to a limit.
 */
import { BodyPipe, type BodySink } from '../wire/body-pipe.ts';

/** How a body that streamed has ended, as the copy for the shadow sees it. */
export type Copied =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'cut' };

const EMPTY = Buffer.alloc(0);
const CUT: Copied = { kind: 'cut' };
const TOO_LARGE: Copied = { kind: 'too-large' };

/**
 * The bytes of a body that has arrived whole already, as short ones do with the head; null else.
 */
export function takeWhole(pipe: BodyPipe): Buffer | null {
  return pipe.isWhole ? concat(pipe.take()) : null;
}

/** Passes a body on as it comes and keeps a copy; tells how it ended, once. */
export class BodyTee implements BodySink {
  /** The body for the live side. */
  readonly onward: BodyPipe;
  readonly #source: BodyPipe;
  readonly #keepMaxBytes: number;
  readonly #done: (copied: Copied) => void;
  #kept: Buffer[] | null = [];
  #keptBytes = 0;
  #isDone = false;

  constructor(source: BodyPipe, keepMaxBytes: number, done: (copied: Copied) => void) {
    this.#source = source;
    this.#keepMaxBytes = keepMaxBytes;
    this.#done = done;
    this.onward = new BodyPipe(source.length);
    this.onward.onDrain = () => source.resume();
  }

  /** Begins to pass on; `done` may be called before this returns. */
  start(): void {
    this.#source.attach(this);
  }

  chunk(bytes: Buffer): boolean {
    this.#keep(bytes);
    return this.onward.push(bytes);
  }

  end(): void {
    this.onward.finish();
    this.#tell(this.#kept === null ? TOO_LARGE : { kind: 'whole', bytes: concat(this.#kept) });
  }

  aborted(): void {
    this.onward.abort();
    this.#tell(CUT);
  }

  #keep(bytes: Buffer): void {
    if (this.#kept === null) return;
    this.#keptBytes += bytes.length;
    if (this.#keptBytes <= this.#keepMaxBytes) this.#kept.push(bytes);
    else {
      this.#kept = null;
      this.#tell(TOO_LARGE);
    }
  }

  #tell(copied: Copied): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#done(copied);
  }
}

/**
 * Waits for a body that has to be known before the request can go anywhere. `done` gets its
 * bytes, or a pipe where it is longer than the limit. It is never called for a body that is cut
 * before: nothing of it has reached a side.
 */
export class BodyCollector implements BodySink {
  readonly #source: BodyPipe;
  readonly #maxBytes: number;
  readonly #done: (body: Buffer | BodyPipe) => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #onward: BodyPipe | null = null;

  constructor(source: BodyPipe, maxBytes: number, done: (body: Buffer | BodyPipe) => void) {
    this.#source = source;
    this.#maxBytes = maxBytes;
    this.#done = done;
  }

  start(): void {
    this.#source.attach(this);
  }

  chunk(bytes: Buffer): boolean {
    if (this.#onward !== null) return this.#onward.push(bytes);
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    if (this.#size <= this.#maxBytes) return true;
    const onward = new BodyPipe(this.#source.length);
    this.#onward = onward;
    for (const kept of this.#chunks.splice(0)) onward.push(kept);
    onward.onDrain = () => this.#source.resume();
    this.#done(onward);
    return onward.canTake;
  }

  end(): void {
    if (this.#onward === null) this.#done(concat(this.#chunks));
    else this.#onward.finish();
  }

  aborted(): void {
    this.#onward?.abort();
  }
}

function concat(chunks: readonly Buffer[]): Buffer {
  if (chunks.length === 0) return EMPTY;
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}
