/** Live requests and what must be true of them, whatever a shadow does meanwhile. */
import { Agent, request } from 'node:http';
import { expect } from 'vitest';
import type { TrafficCounts } from '../../src/model/window.ts';
import { identities, type RunningProxy } from './proxy.ts';
import { until } from './sides.ts';

/** What legacy answers. */
export const BODY = '{"same":true}';

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly body?: Buffer;
}

/** Of every client here: kept connections. */
export const agent: Agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** One live request: its status and the whole of its body. */
export function ask(
  { port }: { readonly port: number },
  asked: Asked = {},
  from: Agent = agent,
): Promise<readonly [number, string]> {
  const { method = 'GET', path = '/u/1/x', body } = asked;
  return new Promise((resolve, reject) => {
    const sent = request({ agent: from, host: '127.0.0.1', port, method, path }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        resolve([answer.statusCode ?? 0, Buffer.concat(chunks).toString('latin1')]);
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** So many live requests, some at once, no key twice at a time; all must be legacy's answers. */
export async function serve(
  proxy: RunningProxy,
  times: number,
  body: string = BODY,
): Promise<void> {
  let next = 0;
  const client = async (): Promise<void> => {
    for (let i = next; i < times; i = next) {
      next += 1;
      expect(await ask(proxy, { path: `/u/${i}/x` })).toEqual([200, body]);
    }
  };
  await Promise.all(Array.from({ length: 16 }, client));
}

/** The totals, whose identities hold at every look. */
export function counts(proxy: RunningProxy): TrafficCounts {
  const traffic = proxy.traffic();
  for (const [left, right] of identities(traffic)) expect(left).toBe(right);
  expect(traffic.inFlight).toBeGreaterThanOrEqual(0);
  expect([traffic.failedSafe, traffic.failedWrites]).toEqual([0, 0]);
  return traffic;
}

/** The totals once every pair is decided. */
export async function quiet(proxy: RunningProxy): Promise<TrafficCounts> {
  await until(() => counts(proxy).inFlight === 0);
  return counts(proxy);
}
