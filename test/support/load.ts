import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { codeOf } from '../../src/kit/errors.ts';
import { until } from './sides.ts';

/** Between two requests of a client: kept connections are idle for most of the time. */
const PAUSE_MS = 3;

/** Clients that ask one thing after the other, and how that went. */
export interface Load {
  readonly answered: number;
  /** What went wrong with the others, each once: a status, or an error's code. */
  readonly failures: readonly string[];
  /** Connections that were not taken at all, as nobody listened. */
  readonly refused: number;
  /** Lets every client finish its request; answers when all have. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  /** Clients that keep their one connection for as long as it lasts. */
  readonly kept: number;
  /** Clients with a new connection for each request. */
  readonly fresh: number;
}

/**
 * Load on 127.0.0.1:`port` until it is stopped. No client ever retries: a connection that is
 * closed under a request on its way counts as failed.
 */
export function startLoad(port: number, { kept, fresh }: LoadOptions): Load {
  const failures: string[] = [];
  let isStopped = false;
  let answered = 0;
  let refused = 0;
  const client = async (id: number, agent: Agent | false): Promise<void> => {
    while (!isStopped) {
      const outcome = await ask(port, id, { agent });
      if (outcome === '200') answered += 1;
      else if (outcome === 'ECONNREFUSED') refused += 1;
      else failures.push(outcome);
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
    get refused() {
      return refused;
    },
    failures,
    async stop() {
      isStopped = true;
      await all;
    },
  };
}

/** Resolves when clients have had so many answers more, right or wrong. */
export async function answeredMore(load: Load, count: number): Promise<void> {
  const before = load.answered;
  await until(() => load.answered + load.failures.length >= before + count);
}

export interface AskOptions {
  readonly agent?: Agent | false;
  readonly method?: string;
  readonly path?: string;
}

/** The status of one request's whole answer, or the code of what went wrong. */
export function ask(port: number, user: number, options: AskOptions = {}): Promise<string> {
  const { agent = false, method = 'GET', path = '/' } = options;
  return new Promise((resolve) => {
    const failed = (error: unknown): void => resolve(codeOf(error) || String(error));
    const headers = { 'x-user': `user-${user}` };
    const target = { port, host: '127.0.0.1', method, path, headers, agent };
    const request = httpRequest(target, (response) => {
      response.resume();
      response.on('end', () => resolve(String(response.statusCode)));
      response.on('error', failed);
    });
    request.on('error', failed);
    request.end();
  });
}
