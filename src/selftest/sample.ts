/** Which recorded answers a self-test is made of: as many of each route, drawn by a seed. */
import { LIMITS } from '../kit/limits.ts';
import { createRandom } from '../kit/random.ts';
import type { Answer, RequestMessage } from '../model/exchange.ts';
import type { KeySource, RouteSettings } from '../model/settings.ts';
import { createIdentifier } from '../proxy/identify/identify.ts';
import type { RecordedPair } from '../recording/format.ts';
import { type Unusable, usableBody } from './inject.ts';

/** An answer that bugs are put into. */
export interface SampledAnswer {
  /** The configuration's name for it. */
  readonly route: string;
  readonly key: string | null;
  readonly request: RequestMessage;
  readonly answer: Answer;
}

/** What was drawn, and from what. */
export interface Sample {
  readonly answers: readonly SampledAnswer[];
  readonly records: number;
  /** Records that hold an answer. */
  readonly answered: number;
  /** `sample-full`: beyond the bytes that are held. */
  readonly leftOut: Readonly<Partial<Record<Unusable | 'sample-full', number>>>;
  /** Usable answers there are of each route, configured ones without any among them. */
  readonly routes: ReadonlyMap<string, number>;
}

export interface SampleOptions {
  readonly routes: readonly RouteSettings[];
  readonly key: readonly KeySource[] | null;
  readonly max: number;
  readonly seed: number;
}

type Records = AsyncIterable<RecordedPair>;

/**
 * At most `max` answers, legacy's where it was recorded; copies, since what is read is a part of
 * a block that would be held with it. `open` begins to read anew: the records are gone through
 * twice, so that no more answers are held than are wanted.
 */
export async function sampleAnswers(open: () => Records, options: SampleOptions): Promise<Sample> {
  const identifier = createIdentifier(options.routes, options.key);
  const routes = new Map(options.routes.map(({ match }) => [match, 0]));
  const leftOut: Partial<Record<Unusable | 'sample-full', number>> = {};
  let records = 0;
  let answered = 0;
  for await (const record of open()) {
    records += 1;
    const answer = answerOf(record);
    if (answer === null) continue;
    answered += 1;
    const body = usableBody(answer);
    if (typeof body === 'string') leftOut[body] = (leftOut[body] ?? 0) + 1;
    else {
      const { route } = identityOf(identifier, record);
      routes.set(route, (routes.get(route) ?? 0) + 1);
    }
  }
  const wanted = drawn(routes, options);
  const answers: SampledAnswer[] = [];
  const seen = new Map<string, number>();
  let bytes = 0;
  for await (const record of wanted.size === 0 ? [] : open()) {
    const answer = answerOf(record);
    if (answer === null || typeof usableBody(answer) === 'string') continue;
    const { route, key } = identityOf(identifier, record);
    const index = seen.get(route) ?? 0;
    seen.set(route, index + 1);
    if (wanted.get(route)?.has(index) !== true) continue;
    bytes += answer.bodyBytes + (record.request.body?.length ?? 0);
    if (bytes <= LIMITS.selfTestSampleMaxBytes) {
      answers.push({ route, key, ...copied(record.request, answer) });
    } else leftOut['sample-full'] = (leftOut['sample-full'] ?? 0) + 1;
  }
  return { answers, records, answered, leftOut, routes };
}

function answerOf({ legacy, candidate }: RecordedPair): Answer | null {
  return legacy?.answer ?? candidate?.answer ?? null;
}

/** Copies of their bodies, each of its own size. */
function copied(
  request: RequestMessage,
  answer: Answer,
): Pick<SampledAnswer, 'request' | 'answer'> {
  return {
    request: { ...request, body: request.body === null ? null : new Uint8Array(request.body) },
    answer: { ...answer, body: new Uint8Array(answer.body) },
  };
}

function identityOf(
  identifier: ReturnType<typeof createIdentifier>,
  { request }: RecordedPair,
): { readonly route: string; readonly key: string | null } {
  const { method, target, headers, body } = request;
  const { route, keys } = identifier.identify(method, target, headers, body);
  return { route: route.name, key: keys[0] ?? null };
}

/**
 * Indexes of each route's answers: as many of each as there are, or as is its share. Where not
 * every route can have one, those with the most traffic have.
 */
function drawn(
  routes: ReadonlyMap<string, number>,
  { max, seed }: SampleOptions,
): Map<string, ReadonlySet<number>> {
  const random = createRandom(seed);
  const wanted = new Map<string, ReadonlySet<number>>();
  // Those with the fewest first: what they leave over is for the others.
  const rising = [...routes]
    .filter(([, count]) => count > 0)
    .sort(([a, m], [b, n]) => m - n || (a < b ? -1 : 1));
  const served = rising.slice(Math.max(0, rising.length - max));
  let left = max;
  for (const [index, [route, count]] of served.entries()) {
    const share = Math.min(count, Math.ceil(left / (served.length - index)));
    left -= share;
    const chosen = new Set<number>();
    // Floyd's way to draw without returning: as many steps as are drawn.
    for (let at = count - share; at < count; at += 1) {
      const pick = random.int(0, at);
      chosen.add(chosen.has(pick) ? at : pick);
    }
    wanted.set(route, chosen);
  }
  return wanted;
}
