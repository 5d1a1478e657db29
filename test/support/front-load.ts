import { randomUUID } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { codeOf } from '../../src/kit/errors.ts';

const PAUSE_MS = 3;
/** Every so many requests of a client with fresh connections is a write. */
const WRITE_EVERY = 4;

/** Clients of a service behind a front, as browsers are, and how it went for them. */
export interface FrontLoad {
  readonly answered: number;
  /** Bodies of all writes that were sent. */
  readonly written: readonly string[];
  readonly failures: readonly string[];
  stop(): Promise<void>;
}

interface Call {
  readonly port: number;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: string;
  readonly user: string;
  readonly agent: Agent | false;
}

/**
 * Load on 127.0.0.1:`port`: clients that keep their connection and read, clients with a fresh one
 * for each read or write. Sides must answer as {@link echoOf} says. The only thing ever sent again
 * is a read on a kept connection that was closed under it before a byte of its answer had come:
 * that is the front's right at any time.
 */
export function startFrontLoad(port: number, kept: number, fresh: number): FrontLoad {
  const failures: string[] = [];
  const written: string[] = [];
  let isStopped = false;
  let answered = 0;
  const client = async (id: number, agent: Agent | false): Promise<void> => {
    for (let count = 1; !isStopped; count += 1) {
      const isWrite = agent === false && count % WRITE_EVERY === 0;
      const method = isWrite ? 'POST' : 'GET';
      const body = isWrite ? randomUUID() : '';
      if (isWrite) written.push(body);
      const call = {
        port,
        method,
        body,
        path: `/orders/${id}`,
        user: `user-${id}`,
        agent,
      } as const;
      const outcome = await ask(call);
      if (outcome === `200 ${echoOf(method, call.path, body)}`) answered += 1;
      else failures.push(`${method}: ${outcome}`);
      await pause(PAUSE_MS);
    }
    if (agent !== false) agent.destroy();
  };
  const all = Promise.all([
    ...Array.from({ length: kept }, (_, id) =>
      client(id, new Agent({ keepAlive: true, maxSockets: 1 })),
    ),
    ...Array.from({ length: fresh }, (_, id) => client(kept + id, false)),
  ]);
  return {
    get answered() {
      return answered;
    },
    written,
    failures,
    async stop() {
      isStopped = true;
      await all;
    },
  };
}

/** What a side answers, so that nobody gets another's answer unnoticed. */
export function echoOf(method: string, path: string, body: string): string {
  return `${method} ${path} ${body}`;
}

/** Status and body of the answer, or the code of what went wrong. */
function ask(call: Call): Promise<string> {
  const { port, method, path, body, user, agent } = call;
  return new Promise((resolve) => {
    let hasBegun = false;
    const headers = { 'x-user': user, 'content-length': Buffer.byteLength(body) };
    const target = { host: '127.0.0.1', port, method, path, agent, headers };
    const request = httpRequest(target, (response) => {
      hasBegun = true;
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(`${response.statusCode} ${text}`));
      response.on('error', (error) => resolve(codeOf(error)));
    });
    request.on('error', (error) => {
      const isStale = request.reusedSocket && !hasBegun && method === 'GET';
      resolve(isStale ? ask(call) : codeOf(error) || String(error));
    });
    request.end(body);
  });
}
