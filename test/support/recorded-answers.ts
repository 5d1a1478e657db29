import { request } from 'node:http';
import type { Answer, Exchange } from '../../src/model/exchange.ts';
import type { RecordedPair } from '../../src/recording/format.ts';
import { readRecording } from '../../src/recording/reader.ts';
import { openRecording } from '../../src/recording/writer.ts';
import { startReadStates } from './read-states.ts';

export const READ_STATES_REQUESTS = 'fixtures/read-states-small.crossfade';

/**
 * Sends the first `count` requests of a recording to a legacy Read States service, one after the
 * other, and writes them with its answers to `path`. Answers how many.
 */
export async function recordReadStates(path: string, count: number = Infinity): Promise<number> {
  const server = await startReadStates({ engine: 'legacy', store: 'memory', capacity: 100_000 });
  const source = readRecording(READ_STATES_REQUESTS);
  const writer = openRecording(path, {
    maxBytes: 1 << 28,
    redactKey: Buffer.alloc(32),
    description: { ...source.description, startedAtMs: 0 },
  });
  let sent = 0;
  try {
    for await (const record of source) {
      if (sent >= count) break;
      sent += 1;
      const legacy = exchangeOf(await answerOf(server.url, record));
      const candidate = { ...legacy, side: 'candidate', role: 'shadow' } as const;
      const { route, keys, request: message, atUs } = record;
      const pair = { route, key: keys[0] ?? null, liveSide: 'legacy', request: message } as const;
      writer.append({ ...pair, arrivedAtMs: atUs / 1000, legacy, candidate });
    }
  } finally {
    writer.close();
    await server.stop();
  }
  return sent;
}

function answerOf(url: string, { request: message }: RecordedPair): Promise<Answer> {
  const { method, target, headers, body } = message;
  return new Promise((resolve, reject) => {
    const fields = headers.flatMap((name, i) => {
      return i % 2 === 0 && !/^(?:host|content-length)$/i.test(name) ? [name, headers[i + 1]!] : [];
    });
    const length = body === null ? [] : ['content-length', String(body.length)];
    const options = { method, headers: ['host', 'localhost', ...fields, ...length] };
    const sent = request(new URL(target, url), options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const whole = Buffer.concat(chunks);
        resolve({
          status: answer.statusCode ?? 0,
          statusMessage: answer.statusMessage ?? '',
          headers: answer.rawHeaders,
          trailers: answer.rawTrailers,
          body: whole,
          bodyBytes: whole.length,
          bodyHash: null,
        });
      });
    });
    sent.on('error', reject);
    sent.end(body ?? undefined);
  });
}

function exchangeOf(answer: Answer): Exchange {
  const times = { latencyUs: 1000, serviceUs: 900 };
  return { side: 'legacy', role: 'live', outcome: 'answered', answer, ...times };
}
