/** The configuration as the product uses it: parsed, checked, frozen. Written by config/load. */
import type { RawHeaders } from './exchange.ts';
import type { DivergenceKind } from './pair.ts';

/** Certificates as files, read when the proxy starts and when it reloads. */
export interface TlsListenSettings {
  readonly certPath: string;
  readonly keyPath: string;
  /** Clients must show a certificate signed by one of these; null asks for none. */
  readonly clientCaPath: string | null;
  /** Of the certificate as it was read, by the wall clock. */
  readonly validFromMs: number;
  readonly validUntilMs: number;
}

export interface TlsUpstreamSettings {
  /** Certificates to trust instead of the system's; null for the system's. */
  readonly caPath: string | null;
  /** The proxy's own certificate and key, for mutual TLS; both or none. */
  readonly certPath: string | null;
  readonly keyPath: string | null;
  /** Name asked for (SNI) and checked; null for the URL's host. */
  readonly serverName: string | null;
  /** False takes any certificate. */
  readonly isVerified: boolean;
}

export interface UpstreamSettings {
  /** Origin and optional path prefix, as a URL text without a trailing slash. */
  readonly url: string;
  /** Prometheus text to read memory, CPU and collections from; null when not given. */
  readonly metricsUrl: string | null;
  /** `preserve`: the client's Host; `rewrite`: the URL's own. */
  readonly host: 'preserve' | 'rewrite';
  /** Fields set on each request to this side, in place of the client's: name, value, … */
  readonly setHeaders: RawHeaders;
  /** Fields never sent to this side, in lower case. */
  readonly removeHeaders: readonly string[];
  readonly tls: TlsUpstreamSettings;
  /** False: as shadow it gets no credentials of clients, only its own `setHeaders`. */
  readonly isTrusted: boolean;
  /** Fields and query parameters that are credentials too, in lower case. */
  readonly stripHeaders: readonly string[];
  readonly stripQuery: readonly string[];
}

/** The data port: where clients connect, whom it believes, what it takes. */
export interface PortSettings {
  readonly tls: TlsListenSettings | null;
  /** Each connection begins with a PROXY protocol header, version 1 or 2. */
  readonly hasProxyProtocol: boolean;
  /** Addresses or CIDR blocks whose X-Forwarded-* and Forwarded fields are believed. */
  readonly trustedHops: readonly string[];
  /** Bytes of a request's line and fields. */
  readonly headMaxBytes: number;
  /** Bytes of a request's body; null for no limit. */
  readonly bodyMaxBytes: number | null;
  /** From a connection's first byte of a request to the end of its head. */
  readonly headTimeoutMs: number;
  /** Silence in the middle of a request's body. */
  readonly bodyIdleTimeoutMs: number;
  /** Silence between requests before a connection is closed. */
  readonly keepAliveMs: number;
  /** Bytes of an answer's line and fields. */
  readonly answerHeadMaxBytes: number;
}

/** Where the key of a request is. */
export type KeySource =
  | { readonly from: 'path'; readonly pattern: string; readonly name: string }
  | { readonly from: 'header'; readonly name: string }
  | { readonly from: 'query'; readonly name: string }
  | { readonly from: 'cookie'; readonly name: string }
  /** JSON Pointer; a segment `*` stands for every element of an array. */
  | { readonly from: 'body'; readonly path: string }
  /** A claim of an unverified JWT in a header (after `Bearer `, where that stands) or a cookie. */
  | {
      readonly from: 'jwt';
      readonly in: 'header' | 'cookie';
      readonly name: string;
      /** JSON Pointer into the payload. */
      readonly claim: string;
    };

/** What a rule may make of a difference. */
export const RULE_FORMS = [
  /** Not compared. */
  'ignore',
  /** Equal when both name the same moment, however written. */
  'instant',
  /** Equal when both are the same number, however written. */
  'number',
  /** Equal but for the case of letters. */
  'case',
  /** Equal when both are the same URL in its normal form. */
  'url',
  /** An array (or a list in a field) without order, in which duplicates do not count. */
  'set',
  /** The same, and duplicates count. */
  'multiset',
  /** Numbers may differ by so much. */
  'tolerance',
  /** Both values, each as a whole, fit a regular expression. */
  'pattern',
  /** There on both sides; the values are free. */
  'presence',
  /** Values differ, but stand for each other one to one. */
  'bijection',
  /** Values differ, but on neither side do they ever go down. */
  'monotonic',
  /** Moments may be so far apart. */
  'within',
  /** A function of the user's own makes of each answer's body what is compared. */
  'map',
] as const;
export type RuleForm = (typeof RULE_FORMS)[number];

/** Where a function of the user's own is. */
export interface MapSource {
  /** Absolute path of a module. */
  readonly path: string;
  /** What it exports. */
  readonly name: string;
  /** As it stands in the file: `shapes.ts#flat`. */
  readonly text: string;
}

/** How a difference at a place of the answer is looked at. */
export interface CompareRule {
  /**
   * JSON Pointer into the body, `*` any one segment, `**` any number; or `status`, `body`,
   * `header:name` or `trailer:name`, in lower case; '' with map.
   */
  readonly path: string;
  readonly as: RuleForm;
  /** The route it was written for, by its `match`; absent: it holds for all. */
  readonly route?: string;
  /** It excuses divergences of these kinds alone; absent: of all. */
  readonly kinds?: readonly DivergenceKind[];
  /** With set and multiset: fields that elements are known by; by value where there are none. */
  readonly by: readonly string[];
  /** With tolerance: an absolute difference, or a ratio where `isRelative`. */
  readonly tolerance: number;
  readonly isRelative?: boolean;
  /** With pattern: RE2's syntax. */
  readonly pattern?: string;
  readonly withinMs?: number;
  readonly map?: MapSource;
  readonly reason: string;
  readonly owner: string;
  /** ISO date after which the rule no longer holds; '' for ever. */
  readonly until: string;
}

/** A route of which too little may be compared before all clients are on the candidate. */
export interface AcceptedRoute {
  /** By its `match`. */
  readonly route: string;
  readonly reason: string;
  readonly owner: string;
}

export interface RouteSettings {
  /** `METHOD /path/:name/*`; also the route's name in every report. */
  readonly match: string;
  readonly method: string;
  readonly pattern: string;
  /** Declared a read in spite of its method. */
  readonly safe: boolean;
  readonly writes: 'never' | 'mirror';
  /** Doing a write twice is as doing it once: one of unknown outcome may be replayed. */
  readonly isIdempotent: boolean;
  /** A read that shows the whole state of its key: equal answers lift the key's taint. */
  readonly isVerifying: boolean;
  /** False: a read that a write overlaps is not compared, and none is asked again; absent: true. */
  readonly isRefereed?: boolean;
  /** Keys of this route where they are not the general key's: the first that is there. */
  readonly keys: readonly KeySource[] | null;
  /** Its own rules, and behind them those that hold for all routes. */
  readonly compare: readonly CompareRule[];
}

export interface LadderStep {
  readonly percent: number;
  readonly holdMs: number;
  /** Distinct traffic peaks that must have passed. */
  readonly peaks: number;
  /** A person must approve before the step is left. */
  readonly approve: boolean;
}

export type GateMetric =
  | 'mismatch.rate'
  | 'errors.excess'
  | 'errors.ratio'
  /** The candidate's quantile to legacy's. */
  | 'latency'
  /** The candidate's own quantile. */
  | 'latency.limit'
  /** Of the ratios within pairs. */
  | 'latency.paired'
  /** How many times too many of the candidate's answers are over legacy's quantile. */
  | 'latency.burn'
  | 'coverage'
  | 'memory.ratio'
  | 'cpu.ratio'
  | 'candidate.spikes';

export interface GateSettings {
  /** The gate as written, its name everywhere: `latency.p99.ratio < 1.05`. */
  readonly gate: string;
  readonly metric: GateMetric;
  /** 0.99 for p99; null where the metric has no quantile. */
  readonly quantile: number | null;
  readonly comparator: '<' | '>' | '=';
  /** A ratio (0.001 for 0.1 %), microseconds for a time; 0 for `candidate.spikes = none`. */
  readonly limit: number;
  /** Only this route (a route's `match`); null for all of them together. */
  readonly route: string | null;
  readonly windowMs: number;
  readonly minPairs: number;
  /** Chance of a wrong pass; that of a wrong failure is no larger. */
  readonly alpha: number;
  /** What a failure does above 0 %; at 0 % every failure holds. */
  readonly onFail: 'rollback' | 'hold';
}

export interface ListenSettings {
  readonly host: string;
  readonly port: number;
}

export interface RecordSettings {
  readonly path: string;
  readonly maxBytes: number;
}

export interface AutoPauseSettings {
  /** Legacy's own p99 while mirroring, to its p99 with mirroring off, beyond which it pauses. */
  readonly p99Ratio: number;
  /** Share of legacy's live answers that fail, beyond the share with mirroring off. */
  readonly errorsExcessRatio: number;
}

export interface MirrorSettings {
  /** 0 to 100: share of the eligible keys (requests, where they have none) that are mirrored. */
  readonly percent: number;
  /** Mirrored requests a second, all proxies together; null for no limit. */
  readonly maxRatePerSec: number | null;
  /** Names of the routes whose reads are mirrored; null for all. */
  readonly routes: readonly string[] | null;
  readonly autoPause: AutoPauseSettings | null;
}

/** Shares of the mirrored reads, 0 to 1, that legacy's second answer is asked for. */
export interface NoiseSettings {
  /** Of the twin, where there is one. */
  readonly twinRatio: number;
  /** Of legacy itself, where there is none. */
  readonly reaskRatio: number;
}

export interface Settings {
  readonly listen: ListenSettings;
  readonly port: PortSettings;
  readonly workers: number;
  readonly legacy: UpstreamSettings;
  readonly candidate: UpstreamSettings;
  /** A second legacy on legacy's own store: what the two disagree on is noise. Null: none. */
  readonly twin: UpstreamSettings | null;
  readonly noise: NoiseSettings;
  /** Where keys are, in order of preference; null: no key, and so no canary. */
  readonly key: readonly KeySource[] | null;
  /**
   * `shared`: both sides write to one store. `separate`: each has its own. Null where the
   * ladder never leaves 0 %.
   */
  readonly state: 'shared' | 'separate' | null;
  /**
   * `shared`: each side honours the other's cookies, they pass unchanged. `separate`: those the
   * candidate sets are kept apart under names of their own, so that legacy's survive a rollback.
   */
  readonly cookies: 'shared' | 'separate';
  readonly routes: readonly RouteSettings[];
  /** Routes that need not be proved; absent: none. */
  readonly unproven?: readonly AcceptedRoute[];
  /** Rules for all routes, and for requests that match none. */
  readonly compare: readonly CompareRule[];
  readonly ladder: readonly LadderStep[];
  readonly gates: readonly GateSettings[];
  readonly mirror: MirrorSettings;
  /** Longest a live leg may take before the client gets 504. */
  readonly liveTimeoutMs: number;
  /** How long a canary's safe request waits for the candidate before legacy's answer is taken. */
  readonly rescueAfterMs: number;
  /** False: a canary's failures reach its clients. */
  readonly isRescueOn: boolean;
  readonly shadowTimeoutMs: number;
  readonly record: RecordSettings | null;
  /** Secret under which a tester's `crossfade-side` header is signed; null: none is obeyed. */
  readonly overrideSecret: string | null;
  /** Path of the SQLite file; control.json and recordings stand beside it. */
  readonly storePath: string;
  readonly control: ListenSettings;
}
