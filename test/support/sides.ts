import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';

/** A real HTTP server on a port of its own, with every request it was sent. */
export interface SideServer {
  readonly url: string;
  readonly port: number;
  /** `METHOD target body` in order of arrival. */
  readonly seen: string[];
  readonly server: Server;
  close(): Promise<void>;
}

export type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
) => void | Promise<void>;

export async function startSide(answer: Answer, port = 0): Promise<SideServer> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then(
      (body) => {
        seen.push(`${request.method} ${request.url}${body === '' ? '' : ` ${body}`}`);
        return answer(request, response, body);
      },
      () => undefined,
    );
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    seen,
    server,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Sends raw bytes and answers everything that comes back until the connection closes. */
export function rawExchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.on('error', reject);
  });
}

/** Looks in turns of the event loop that follow each other; what takes longer is left the core. */
const QUICK_LOOKS = 20;

/** Resolves as soon as `condition` holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (let looks = 0; !(await condition()); looks += 1) {
    if (Date.now() > deadline) throw new Error(`never came true: ${condition.toString()}`);
    if (looks < QUICK_LOOKS) await new Promise((resolve) => setImmediate(resolve));
    else await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
