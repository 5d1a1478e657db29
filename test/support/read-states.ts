import { Agent, request } from 'node:http';
import { createRandom, type Random } from '../../src/kit/random.ts';
import {
  type ReadStatesProcess,
  type SpawnOptions,
  spawnReadStates,
} from '../../src/read-states/spawn.ts';

/** One call of the Read States API. */
export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
}

/** Everything of an answer that must be alike on both engines: all but the date. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly text: string;
}

/** A server that is ready, and the lines it wrote. */
export interface StartedServer extends ReadStatesProcess {
  readonly lines: readonly string[];
}

export async function startReadStates(options: SpawnOptions): Promise<StartedServer> {
  const lines: string[] = [];
  const server = await spawnReadStates({ ...options, onLine: (line) => lines.push(line) });
  await server.ready;
  return { ...server, lines };
}

const agent = new Agent({ keepAlive: true });

export function callApi(url: string, { method, path, body }: ApiCall): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    // The length is given because Node's client frames the body of a DELETE by nothing else.
    const headers =
      body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request(`${url}${path}`, { method, headers, agent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.rawHeaders.filter(
            (_field, i, all) => all[i - (i % 2)]?.toLowerCase() !== 'date',
          ),
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The value of a metric without labels, or with just these. */
export async function readMetric(url: string, name: string): Promise<number> {
  const { text } = await callApi(url, { method: 'GET', path: '/metrics' });
  const line = text.split('\n').find((line) => line.startsWith(`${name} `));
  return line === undefined ? Number.NaN : Number(line.slice(name.length + 1));
}

const IDS = ['1', '2', '3', '9007199254740993', '4294967296', '9223372036854775807'] as const;
const BAD_IDS = ['0', '01', '9223372036854775808', 'x'] as const;

/** A seeded sequence of calls on few keys, so that they meet; some of them are refused. */
export function createCalls(seed: number, count: number): ApiCall[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => createCall(random));
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random.int(0, values.length - 1)]!;
}

function createCall(random: Random): ApiCall {
  const id = (): string => pick(random, random.next() < 0.02 ? BAD_IDS : IDS);
  const message = (): string => String(random.int(1, 1_000_000));
  const user = `/v1/users/${id()}`;
  const state = `${user}/read-states/${id()}`;
  const type = random.int(0, 5);
  const post = (path: string, body: unknown): ApiCall => ({
    method: 'POST',
    path,
    body: JSON.stringify(body),
  });
  const ack = `${user}/channels/${id()}/messages/${message()}/ack`;
  switch (random.int(0, 9)) {
    case 0:
      return { method: 'GET', path: state };
    case 1:
      return { method: 'GET', path: `${state}?type=${random.int(0, 6)}` };
    case 2:
      return { method: 'GET', path: `${user}/read-states?limit=${random.int(1, 4)}` };
    case 3:
      return { method: 'GET', path: `${user}/read-states?type=${type}&after=${id()}` };
    case 4:
      return post(`${user}/read-states/query`, { ids: [id(), id(), id()] });
    case 5:
      return { method: 'POST', path: ack };
    case 6: {
      const flags = random.int(-1, 256);
      const counts = { mention_count: random.int(0, 2 ** 31 - 1), last_viewed: random.int(0, 9) };
      return post(ack, { manual: random.next() < 0.5, ...counts, ...(flags < 0 ? {} : { flags }) });
    }
    case 7: {
      const timestamp = new Date(1_500_000_000_000 + random.int(0, 2 ** 31 - 1)).toISOString();
      return post(`${user}/channels/${id()}/pins/ack`, { timestamp });
    }
    case 8: {
      const read_states = [0, 1, 2].map((more) => ({
        channel_id: id(),
        message_id: message(),
        ...(more === 0 ? {} : { read_state_type: (type + more) % 6 }),
      }));
      return post(`${user}/read-states/ack-bulk`, { read_states });
    }
    default:
      if (random.next() < 0.3) {
        const body = JSON.stringify({ version: 2, read_state_type: type });
        return { method: 'DELETE', path: state, body };
      }
      return post(`/v1/channels/${id()}/mentions`, {
        message_id: message(),
        user_ids: [id(), id()],
      });
  }
}
