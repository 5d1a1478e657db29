/** What a proxy and its analyst thread say to each other. Bodies travel in one moved buffer. */
import type { Cluster } from '../../model/cluster.ts';
import type { Answer, Exchange } from '../../model/exchange.ts';
import type { NoiseState } from '../../compare/noise/noise.ts';
import type { NoisePart, NoiseView } from '../../model/noise.ts';
import type { Comparison, Pair, RuleCount } from '../../model/pair.ts';
import type {
  CompareRule,
  KeySource,
  RecordSettings,
  RouteSettings,
} from '../../model/settings.ts';
import type { ProxyStall } from '../../model/stall.ts';
import type { Ruling } from '../referee/dispute.ts';

/** One pair for the analyst. */
export interface AnalystItem {
  /** Comes back with the verdict; of no meaning where `compare` is false. */
  readonly id: number;
  readonly pair: Pair;
  readonly compare: boolean;
  readonly record: boolean;
  /** Its two sides may rightly differ, or it was asked again: its divergences are not shown. */
  readonly isTainted?: boolean;
  /** Its divergences are shown when the referee has ruled, and says so. */
  readonly isHeld?: boolean;
  /**
   * Legacy twice, the second answer in the candidate's place: what differs is noise. Goes into no
   * count of pairs, and no verdict comes back.
   */
  readonly isNoise?: boolean;
  /** All keys of the request, where it has more than the pair's first one. */
  readonly keys?: readonly string[];
  /** Absent: noise takes nothing out. */
  readonly noise?: NoisePart | undefined;
}

/** Judged pairs of a route that were byte-equal: noise is a share of all, these included. */
export type EqualPairs = readonly [route: string, pairs: number];

/** How noise is learned. */
export interface NoiseStart {
  /** Proxies that learn, this one among them. */
  readonly workers: number;
  /** What an earlier thread of this proxy has learned; null for nothing. */
  readonly state: NoiseState | null;
}

/** What was learned: what is shown of it, and all of it for a thread that may have to follow. */
export interface NoiseTold {
  readonly view: NoiseView;
  readonly state: NoiseState;
}

/** What a thread is started with. */
export interface AnalystStart {
  readonly routes: readonly RouteSettings[];
  /** Rules of requests that match no route. */
  readonly compare: readonly CompareRule[];
  readonly key: readonly KeySource[] | null;
  readonly record: RecordSettings | null;
  readonly redactKey: Uint8Array;
  /** Null where legacy is never asked twice. */
  readonly noise: NoiseStart | null;
}

/** An item whose bodies stand in `bytes`, one after the other; a length of -1 is no body. */
export interface PackedItem extends AnalystItem {
  readonly bytes: Uint8Array;
  readonly lengths: readonly [request: number, legacy: number, candidate: number];
}

export interface RecordingState {
  readonly path: string;
  /** Pairs not kept: the file is full, or they could not be redacted or written. */
  readonly dropped: number;
  /** Why nothing is written any more. */
  readonly failure: string | null;
}

export type ToAnalyst =
  | {
      readonly kind: 'items';
      readonly items: readonly PackedItem[];
      /** Those since the last message. */
      readonly equal: readonly EqualPairs[];
    }
  /** Another candidate build: its differences are counted anew. */
  | { readonly kind: 'begin' }
  /** What becomes of held divergences. */
  | { readonly kind: 'ruling'; readonly id: number; readonly ruling: Ruling }
  /** The proxy stood still: a recording says so. */
  | { readonly kind: 'stalled'; readonly stall: ProxyStall }
  /** Answered by a report once everything before it is done. */
  | { readonly kind: 'report' }
  | { readonly kind: 'close' };

export type FromAnalyst =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'verdicts';
      /** Items done since the last message, compared or only recorded. */
      readonly done: number;
      readonly verdicts: readonly (readonly [id: number, comparison: Comparison])[];
    }
  | {
      readonly kind: 'clusters';
      /** Since the last message of them. */
      readonly clusters: readonly Cluster[];
      /** What rules hid since the last time. */
      readonly rules: readonly RuleCount[];
      readonly recording: RecordingState | null;
      /** Null where nothing is learned, and most of the time where something is. */
      readonly noise: NoiseTold | null;
    }
  | { readonly kind: 'reported' };

const NOTHING = new Uint8Array(0);

/** A copy whose one buffer can be moved; without what the analyst does not need of it. */
export function packItem(item: AnalystItem): PackedItem {
  const { pair, record } = item;
  const { request, legacy, candidate } = pair;
  const requestBody = record ? request.body : null;
  const bodies = [requestBody, legacy.answer?.body, candidate.answer?.body];
  const lengths = bodies.map((body) => body?.length ?? -1);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + Math.max(length, 0), 0));
  let offset = 0;
  for (const body of bodies) {
    if (body === null || body === undefined) continue;
    bytes.set(body, offset);
    offset += body.length;
  }
  return {
    ...item,
    pair: {
      ...pair,
      request: { ...request, headers: record ? request.headers : [], body: null },
      legacy: withBody(legacy, NOTHING),
      candidate: withBody(candidate, NOTHING),
    },
    bytes,
    lengths: [lengths[0]!, lengths[1]!, lengths[2]!],
  };
}

/** The pair with its bodies back in their places. */
export function unpackPair(item: PackedItem): Pair {
  const { pair, bytes } = item;
  let offset = 0;
  const [request, legacy, candidate] = item.lengths.map((length) => {
    if (length < 0) return null;
    offset += length;
    return bytes.subarray(offset - length, offset);
  });
  return {
    ...pair,
    request: { ...pair.request, body: request ?? null },
    legacy: withBody(pair.legacy, legacy ?? NOTHING),
    candidate: withBody(pair.candidate, candidate ?? NOTHING),
  };
}

function withBody(exchange: Exchange, body: Uint8Array): Exchange {
  if (exchange.answer === null) return exchange;
  const answer: Answer = { ...exchange.answer, body };
  return { ...exchange, answer };
}
