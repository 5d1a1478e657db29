import { type SideServer, startSide } from './sides.ts';

/** What a side does with a write that it is sent. */
export type Mood = 'answers' | 'does it and hangs up' | 'hangs up' | 'hangs';

/**
 * A side that keeps a log for each user, so that a write done twice or out of turn shows:
 *
 *   PUT  /u/USER/items/NAME   adds NAME unless it is there
 *   POST /u/USER/items        adds the body
 *   GET  /u/USER/items        the log
 */
export interface KeptLogs {
  readonly url: string;
  readonly logs: Map<string, string[]>;
  mood: Mood;
  /** Closes its port and every connection; its logs stay. */
  stop(): Promise<void>;
  /** Opens the same port again. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startKeptLogs(): Promise<KeptLogs> {
  const logs = new Map<string, string[]>();
  const listen = (port: number): Promise<SideServer> =>
    startSide((request, response, body) => {
      const [, , user = '', , name = body] = request.url!.split('/');
      const log = logs.get(user) ?? [];
      if (request.method !== 'GET') {
        if (kept.mood === 'hangs') return;
        const isNew = request.method === 'POST' || !log.includes(name);
        if (kept.mood !== 'hangs up' && isNew) logs.set(user, [...log, name]);
        if (kept.mood !== 'answers') {
          request.socket.destroy();
          return;
        }
      }
      response.end(JSON.stringify(logs.get(user) ?? []));
    }, port);
  let server: SideServer | null = await listen(0);
  const { url, port } = server;
  const kept: KeptLogs = {
    url,
    logs,
    mood: 'answers',
    async stop() {
      await server?.close();
      server = null;
    },
    async restart() {
      server = await listen(port);
    },
    close: () => kept.stop(),
  };
  return kept;
}

/** Users that write one thing after the other, each behind the answer to its last one. */
export interface Writers {
  /** Writes answered below 300. */
  readonly done: number;
  readonly failed: number;
  /** Resolves when the last answers are there. */
  stop(): Promise<void>;
}

/** `write` sends the n-th write of a user, from 1 on, and answers whether it was done. */
export function startWriters(
  users: readonly string[],
  write: (user: string, n: number) => Promise<boolean>,
): Writers {
  let isStopped = false;
  let done = 0;
  let failed = 0;
  const writeOn = async (user: string): Promise<void> => {
    for (let n = 1; !isStopped; n += 1) {
      if (await write(user, n)) done += 1;
      else failed += 1;
    }
  };
  const all = Promise.all(users.map(writeOn));
  return {
    get done() {
      return done;
    },
    get failed() {
      return failed;
    },
    async stop() {
      isStopped = true;
      await all;
    },
  };
}
