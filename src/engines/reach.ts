import { connect } from 'node:net';
import { LIMITS } from '../kit/limits.ts';

/** Whether something accepts connections where the URL points to. */
export function canConnect(url: string): Promise<boolean> {
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
