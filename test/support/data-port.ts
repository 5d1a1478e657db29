/** A data port that listens, the requests that came through it, and clients of it. */
import type { AddressInfo } from 'node:net';
import type { PortSettings } from '../../src/model/settings.ts';
import { createPortServer, type PortServer } from '../../src/wire/port-server.ts';
import type { Inbound } from '../../src/wire/inbound.ts';
import { connectRaw, type RawClient } from './raw-client.ts';
import { createSimulatedClock, type SimulatedClock } from './simulated-clock.ts';

export const PORT: PortSettings = {
  tls: null,
  hasProxyProtocol: false,
  trustedHops: [],
  headMaxBytes: 32_768,
  bodyMaxBytes: null,
  headTimeoutMs: 10_000,
  bodyIdleTimeoutMs: 20_000,
  keepAliveMs: 30_000,
  answerHeadMaxBytes: 32_768,
};
export const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';
export const PLAIN: readonly string[] = ['Content-Type', 'text/plain'];

export interface DataPort {
  readonly data: PortServer;
  readonly clock: SimulatedClock;
  readonly seen: readonly Inbound[];
  readonly port: number;
  readonly client: () => Promise<RawClient>;
  /** The next request that was not taken yet. */
  readonly request: () => Promise<Inbound>;
}

const open: Array<() => void> = [];

/** Closes every data port and every client of this file's tests. */
export function closeDataPorts(): void {
  for (const close of open.splice(0)) close();
}

/** Without `onRequest` requests wait for the test to answer them. */
export async function openDataPort(
  settings: Partial<PortSettings> = {},
  onRequest: (inbound: Inbound) => void = () => undefined,
): Promise<DataPort> {
  const clock = createSimulatedClock();
  const seen: Inbound[] = [];
  let taken = 0;
  let wake: () => void = () => undefined;
  const data = createPortServer({ port: { ...PORT, ...settings }, clock }, (inbound) => {
    seen.push(inbound);
    onRequest(inbound);
    wake();
  });
  await new Promise<void>((resolve) => data.server.listen(0, '127.0.0.1', resolve));
  const { port } = data.server.address() as AddressInfo;
  open.push(() => {
    data.server.close();
    data.destroyAll();
  });
  return {
    data,
    clock,
    seen,
    port,
    client: async () => {
      const client = await connectRaw(port);
      open.push(() => client.socket.destroy());
      return client;
    },
    request: async () => {
      while (seen.length <= taken) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      taken += 1;
      return seen[taken - 1]!;
    },
  };
}

/** 200 with this text. */
export function answer(inbound: Inbound, text: string): void {
  inbound.answer(200, 'OK', PLAIN, Buffer.from(text, 'latin1'));
}

/** Answers each request with its target as soon as it is there. */
export function echo(inbound: Inbound): void {
  answer(inbound, `<${inbound.head.target}>`);
}

/** The body of a request once it is whole; null where it was cut. */
export function bodyOf(inbound: Inbound): Promise<string | null> {
  return new Promise((resolve) => {
    let text = '';
    inbound.body!.attach({
      chunk(bytes) {
        text += bytes.toString('latin1');
        return true;
      },
      end: () => resolve(text),
      aborted: () => resolve(null),
    });
  });
}
