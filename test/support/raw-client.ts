/** A client that sends bytes just as they are given and shows all that came back. */
import { connect, type Socket } from 'node:net';

export class RawClient {
  readonly socket: Socket;
  /** Everything received so far, latin1. */
  text = '';
  /** The other end has sent its last byte. */
  hasEnded = false;
  isClosed = false;
  /** The code of the connection's error, '' where there was none. */
  error = '';
  #waiters: Array<() => void> = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1');
      this.#wake();
    });
    socket.on('end', () => {
      this.hasEnded = true;
      this.#wake();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** Resolves once this is true of what came; fails where the connection closes before. */
  async until(isThere: (text: string) => boolean): Promise<string> {
    while (!isThere(this.text)) {
      if (this.isClosed) throw new Error(`closed after ${JSON.stringify(this.text)}`);
      await this.#next();
    }
    return this.text;
  }

  /** Resolves with everything when the other end has sent its last byte, or broke off. */
  async ended(): Promise<string> {
    while (!this.hasEnded && !this.isClosed) await this.#next();
    return this.text;
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

/** Connected; a half of the connection may end before the other. */
export async function connectRaw(port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const client = new RawClient(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return client;
}
