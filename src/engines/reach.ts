import { connect } from 'node:net';
import { LIMITS } from '../kit/limits.ts';
import type { Side } from '../model/exchange.ts';
import type { Settings } from '../model/settings.ts';

/** Which sides accept connections, as far as the newest looks have ended. */
export class Reach {
  /** Nothing is said of the candidate before it has been looked at. */
  readonly #isOpen: Record<Side, boolean> = { legacy: false, candidate: true };
  readonly #looking = new Set<Side>();

  isOpen(side: Side): boolean {
    return this.#isOpen[side];
  }

  /** Looks at both; resolves when legacy is known, for nobody waits for the candidate. */
  look(settings: Settings): Promise<void> {
    void this.#lookAt('candidate', settings);
    return this.#lookAt('legacy', settings);
  }

  /** One look at a side at a time: a late answer must not hide a newer one. */
  async #lookAt(side: Side, settings: Settings): Promise<void> {
    if (this.#looking.has(side)) return;
    this.#looking.add(side);
    this.#isOpen[side] = await canConnect(settings[side].url);
    this.#looking.delete(side);
  }
}

/** Whether something accepts connections where the URL points to. */
function canConnect(url: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url);
  const portNumber = Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port);
  return new Promise((resolve) => {
    const socket = connect(portNumber, hostname.replace(/^\[|\]$/g, ''));
    const finish = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.setTimeout(LIMITS.liveConnectTimeoutMs, () => finish(false));
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}
