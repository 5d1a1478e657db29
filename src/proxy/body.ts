/**
 * A request's body on its way: whole at once, collected because a key is in it, or streaming to
 * the live side while a copy is kept for the shadow, up to a limit.
 */
import { BodyPipe, type BodySink } from '../wire/body-pipe.ts';

/** What became of the copy of a body that streams; `none`: nobody wants one. */
export type Copied =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | { readonly kind: 'none' | 'too-large' | 'no-room' | 'cut' };

const EMPTY = Buffer.alloc(0);

/** Whom a body that streams concerns. */
export interface TeeOwner {
  /** Bytes more, or fewer, that are kept; false when there is no room for them. */
  hold(bytes: number): boolean;
  /** The copy is there, or never will be: once, at the body's end at the latest. */
  copied(copied: Copied): void;
  /** The last byte has come. */
  ended(): void;
}

/**
 * The bytes of a body that has arrived whole already, as short ones do with the head; null else.
 */
export function takeWhole(pipe: BodyPipe): Buffer | null {
  return pipe.isWhole ? concat(pipe.take()) : null;
}

/** Passes a body on as it comes, and keeps a copy where one is wanted. */
export class BodyTee implements BodySink {
  /** The body for the live side. */
  readonly onward: BodyPipe;
  readonly #source: BodyPipe;
  readonly #keepMaxBytes: number;
  readonly #owner: TeeOwner;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #isTold = false;

  constructor(source: BodyPipe, keepMaxBytes: number, owner: TeeOwner) {
    this.#source = source;
    this.#keepMaxBytes = keepMaxBytes;
    this.#owner = owner;
    this.onward = new BodyPipe(source.length);
    this.onward.onDrain = () => source.resume();
  }

  /** Begins to pass on; the owner may be told of it all before this returns. */
  start(): void {
    if (this.#keepMaxBytes === 0) this.#tell({ kind: 'none' });
    this.#source.attach(this);
  }

  chunk(bytes: Buffer): boolean {
    this.#keep(bytes);
    return this.onward.push(bytes);
  }

  end(): void {
    this.onward.finish();
    if (!this.#isTold) this.#tell({ kind: 'whole', bytes: concat(this.#kept) });
    this.#owner.ended();
  }

  aborted(): void {
    this.onward.abort();
    this.#tell({ kind: 'cut' });
  }

  #keep(bytes: Buffer): void {
    if (this.#isTold) return;
    this.#keptBytes += bytes.length;
    this.#kept.push(bytes);
    const hasRoom = this.#owner.hold(bytes.length);
    if (this.#keptBytes > this.#keepMaxBytes) this.#tell({ kind: 'too-large' });
    else if (!hasRoom) this.#tell({ kind: 'no-room' });
  }

  #tell(copied: Copied): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#kept = [];
    // Whoever takes the copy keeps the books of it.
    this.#owner.hold(-this.#keptBytes);
    this.#owner.copied(copied);
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
