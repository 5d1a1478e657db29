import { connect } from 'node:net';
import { CrossfadeError, codeOf, EXIT } from '../src/kit/errors.ts';
import { LIMITS } from '../src/kit/limits.ts';
import type { Side } from '../src/model/exchange.ts';

/** Why nothing accepts connections at the address; null when something does. Sends nothing. */
export function whyUnreachable(baseUrl: string): Promise<string | null> {
  const url = new URL(baseUrl);
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: LIMITS.liveConnectTimeoutMs });
    const end = (why: string | null): void => {
      socket.destroy();
      resolve(why);
    };
    socket.once('connect', () => end(null));
    socket.once('timeout', () => end(`no answer in ${LIMITS.liveConnectTimeoutMs} ms`));
    socket.once('error', (error) => end(codeOf(error) || error.message));
  });
}

/** Throws `unreachable` (exit code 5) unless both sides accept connections. */
export async function assertReachable(urls: Readonly<Record<Side, string>>): Promise<void> {
  for (const side of ['legacy', 'candidate'] as const) {
    const why = await whyUnreachable(urls[side]);
    if (why !== null) throw unreachableError(side, urls[side], why);
  }
}

/** For a side that was never there, or has gone. */
export function unreachableError(side: Side, url: string, why: string): CrossfadeError {
  return new CrossfadeError('unreachable', `${side} cannot be reached at ${url}: ${why}`, {
    hint: `start it, or give the right address with --${side}`,
    exitCode: EXIT.unreachable,
  });
}
