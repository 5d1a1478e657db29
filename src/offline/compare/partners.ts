/**
 * Lays two recordings side by side, request by request. In: their records as they arrived. Out:
 * partners, and requests that have none.
 *
 * Two records are partners when their requests are the same: method, target, keys (where both
 * recordings say alike how keys are found) and body, and when one is the n-th of these in its
 * recording as the other is in its own. Values of credentials in the target do not count: each
 * recording has tokens of its own for them.
 */
import { createHash } from 'node:crypto';
import { isCredentialName } from '../../kit/credentials.ts';
import type { RecordedExchange, RecordedPair } from '../../recording/format.ts';

/** Which of the two recordings. */
export type Recorded = 'a' | 'b';

/** A record with the one answer of it that is looked at; null where it was not recorded. */
export interface OneAnswer {
  readonly record: Pick<RecordedPair, 'keys' | 'atUs' | 'request' | 'liveSide'>;
  readonly exchange: RecordedExchange | null;
}

export type Partners =
  | { readonly kind: 'partners'; readonly a: OneAnswer; readonly b: OneAnswer }
  | {
      readonly kind: 'alone';
      readonly of: Recorded;
      readonly answer: OneAnswer;
      /** It was not waited for any longer: too much was waiting. */
      readonly isGivenUp: boolean;
    };

export interface PartnersOptions {
  /** Keys are a part of what a request is known by. */
  readonly areKeysAlike: boolean;
  /** Bytes of requests of one recording that wait for their like. */
  readonly waitingMaxBytes: number;
  readonly answerOf: (record: RecordedPair, of: Recorded) => RecordedExchange | null;
}

/** One by one as they are found, both recordings read in turn; bounded in memory. */
export async function* findPartners(
  a: AsyncIterable<RecordedPair>,
  b: AsyncIterable<RecordedPair>,
  options: PartnersOptions,
): AsyncGenerator<Partners> {
  const waiting = { a: new Waiting(), b: new Waiting() };
  for await (const [of, record] of inTurn(a, b)) {
    const name = nameOfRequest(record, options.areKeysAlike);
    const own: OneAnswer = { record, exchange: options.answerOf(record, of) };
    const partner = waiting[of === 'a' ? 'b' : 'a'].take(name);
    if (partner !== undefined) {
      const [first, second] = of === 'a' ? [own, partner] : [partner, own];
      yield { kind: 'partners', a: first, b: second };
      continue;
    }
    waiting[of].add(name, copied(own));
    while (waiting[of].bytes > options.waitingMaxBytes) {
      const answer = waiting[of].giveUp();
      if (answer !== undefined) yield { kind: 'alone', of, answer, isGivenUp: true };
    }
  }
  for (const which of ['a', 'b'] as const) {
    for (const answer of waiting[which].all()) {
      yield { kind: 'alone', of: which, answer, isGivenUp: false };
    }
  }
}

async function* inTurn(
  a: AsyncIterable<RecordedPair>,
  b: AsyncIterable<RecordedPair>,
): AsyncGenerator<readonly [Recorded, RecordedPair]> {
  const sources = [
    { of: 'a' as const, records: a[Symbol.asyncIterator](), isDone: false },
    { of: 'b' as const, records: b[Symbol.asyncIterator](), isDone: false },
  ];
  try {
    while (sources.some(({ isDone }) => !isDone)) {
      for (const source of sources) {
        if (source.isDone) continue;
        const next = await source.records.next();
        if (next.done === true) source.isDone = true;
        else yield [source.of, next.value];
      }
    }
  } finally {
    for (const { records } of sources) await records.return?.();
  }
}

/** What a request is known by, as a digest. */
function nameOfRequest({ request, keys }: RecordedPair, areKeysAlike: boolean): string {
  const { method, target, body } = request;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([method, withoutCredentials(target), areKeysAlike ? keys : []]));
  if (body !== null) hash.update(body);
  return hash.digest('base64');
}

function withoutCredentials(target: string): string {
  const start = target.indexOf('?') + 1;
  if (start === 0) return target;
  const parameters = target.slice(start).split('&');
  const kept = parameters.map((parameter) => {
    const name = parameter.split('=', 1)[0]!;
    return isCredentialName(name) ? `${name}=` : parameter;
  });
  return target.slice(0, start) + kept.join('&');
}

/** A record's bodies are part of a block of many: whoever waits keeps its own bytes alone. */
function copied({ record, exchange }: OneAnswer): OneAnswer {
  const { keys, atUs, request, liveSide } = record;
  const body = request.body === null ? null : Buffer.from(request.body);
  const answer = exchange?.answer ?? null;
  return {
    record: { keys, atUs, liveSide, request: { ...request, body } },
    exchange:
      exchange === null || answer === null
        ? exchange
        : { ...exchange, answer: { ...answer, body: Buffer.from(answer.body) } },
  };
}

/** About what a record takes beside its bodies. */
const RECORD_BYTES = 1024;

function bytesOf({ record, exchange }: OneAnswer): number {
  const { target, body, headers } = record.request;
  const fields = [...headers, ...(exchange?.answer?.headers ?? [])];
  const texts = fields.reduce((sum, text) => sum + text.length, target.length);
  return RECORD_BYTES + texts + (body?.length ?? 0) + (exchange?.answer?.body.length ?? 0);
}

/** Requests of one recording whose like has not come yet, the longest waiting first. */
class Waiting {
  readonly #byName = new Map<string, OneAnswer[]>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(name: string, answer: OneAnswer): void {
    const queue = this.#byName.get(name);
    if (queue === undefined) this.#byName.set(name, [answer]);
    else queue.push(answer);
    this.#bytes += bytesOf(answer);
  }

  /** The first of this name. */
  take(name: string): OneAnswer | undefined {
    const queue = this.#byName.get(name);
    const first = queue?.shift();
    if (first === undefined) return undefined;
    if (queue!.length === 0) this.#byName.delete(name);
    this.#bytes -= bytesOf(first);
    return first;
  }

  giveUp(): OneAnswer | undefined {
    for (const name of this.#byName.keys()) return this.take(name);
    return undefined;
  }

  all(): OneAnswer[] {
    const left = [...this.#byName.values()].flat();
    return left.sort((a, b) => a.record.atUs - b.record.atUs);
  }
}
