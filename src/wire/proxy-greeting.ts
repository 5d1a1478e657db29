/** A connection that has to say first whom it brings: the PROXY header is taken off it. */
import type { Socket } from 'node:net';
import { parseProxyHeader } from './proxy-protocol.ts';

export interface GreetingOwner {
  /** The header was there; `address` is the client's, null where it is the connection's own. */
  greeted(greeting: ProxyGreeting, address: string | null, rest: Buffer): void;
  /** It was malformed, too late or a stranger's; the socket is destroyed. */
  misgreeted(greeting: ProxyGreeting): void;
  /** The connection closed before. */
  gone(greeting: ProxyGreeting): void;
}

/** One connection until its PROXY header is there, or is given up. */
export class ProxyGreeting {
  readonly socket: Socket;
  readonly #owner: GreetingOwner;
  #kept: Buffer = Buffer.alloc(0);
  #sweeps = 0;

  constructor(socket: Socket, owner: GreetingOwner) {
    this.socket = socket;
    this.#owner = owner;
    socket.on('error', ignore);
    socket.on('close', this.#onClose);
    socket.on('end', this.#onEnd);
    socket.on('data', this.#onBytes);
  }

  readonly #onBytes = (bytes: Buffer): void => {
    this.#kept = this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]);
    const header = parseProxyHeader(this.#kept);
    if (header === null) return;
    if (header === 'malformed') {
      this.#fail();
      return;
    }
    this.#release();
    this.#owner.greeted(this, header.address, this.#kept.subarray(header.end));
  };

  readonly #onEnd = (): void => this.#fail();

  readonly #onClose = (): void => this.#owner.gone(this);

  sweep(periodMs: number, maxMs: number): void {
    this.#sweeps += 1;
    if (this.#sweeps * periodMs > maxMs) this.#fail();
  }

  /** Its peer may bring nobody. */
  refuse(): void {
    this.#fail();
  }

  #fail(): void {
    this.#release();
    this.socket.destroy();
    this.#owner.misgreeted(this);
  }

  #release(): void {
    this.socket.off('close', this.#onClose);
    this.socket.off('end', this.#onEnd);
    this.socket.off('data', this.#onBytes);
  }
}

function ignore(): void {
  // Stands for a listener: without one an error would end the process.
}
