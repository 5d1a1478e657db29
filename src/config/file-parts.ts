import type { DivergenceKind } from '../model/pair.ts';
import type { RuleForm } from '../model/settings.ts';

/** The parts of a configuration file as written, texts not yet parsed. schema.ts keeps it true. */
export interface FileParts {
  readonly listen: string | undefined;
  readonly tls: FilePortTls | undefined;
  readonly proxyProtocol: boolean | undefined;
  readonly trustedHops: readonly string[] | undefined;
  readonly limits: FileLimits | undefined;
  readonly workers: number | undefined;
  readonly legacy: FileUpstream | undefined;
  readonly candidate: FileUpstream | undefined;
  readonly twin: FileUpstream | undefined;
  readonly noise: FileNoise | undefined;
  /** Whether the file has a key at all, valid or not. */
  readonly isKeyGiven: boolean;
  readonly key: FileKeys | undefined;
  readonly routes: readonly (FileRoute | undefined)[] | undefined;
  readonly compare: readonly (FileRule | undefined)[] | undefined;
  /** Whether the file has a state at all, valid or not. */
  readonly isStateGiven: boolean;
  readonly state: 'shared' | 'separate' | undefined;
  readonly cookies: 'shared' | 'separate' | undefined;
  readonly ladder: readonly (FileStep | undefined)[] | undefined;
  readonly gates: readonly (string | FileGate | undefined)[] | undefined;
  readonly mirror: string | FileMirror | undefined;
  readonly rescue: FileRescue | undefined;
  readonly timeouts: FileTimeouts | undefined;
  readonly overrides: { readonly secret: FileSecret } | undefined;
  readonly record: { readonly file: string; readonly maxSize?: string } | undefined;
  readonly store: { readonly sqlite?: string } | undefined;
  readonly control: { readonly listen?: string } | undefined;
}

/** A value that nobody is to see: here, or elsewhere by one of two ways. */
export type FileSecret = string | { readonly env?: string; readonly file?: string };

export interface FilePortTls {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}

export interface FileLimits {
  readonly head?: string;
  readonly body?: string;
  readonly headTime?: string;
  readonly bodyIdle?: string;
  readonly keepAlive?: string;
  readonly answerHead?: string;
}

export interface FileTimeouts {
  readonly live?: string;
  readonly shadow?: string;
}

export interface FileUpstreamTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly verify?: boolean;
}

export interface FileUpstream {
  readonly url: string;
  readonly metrics?: string;
  readonly host?: 'preserve' | 'rewrite';
  readonly headers?: {
    readonly set?: Readonly<Record<string, FileSecret>>;
    readonly remove?: readonly string[];
  };
  readonly tls?: FileUpstreamTls;
  readonly trusted?: boolean;
  readonly strip?: {
    readonly headers?: readonly string[];
    readonly query?: readonly string[];
  };
}

/** One place of a key; from the path, a route's own pattern serves where it names none. */
export type FileKey =
  | { readonly from: 'path'; readonly pattern?: string; readonly name: string }
  | { readonly from: 'header' | 'query' | 'cookie'; readonly name: string }
  | { readonly from: 'body'; readonly path: string }
  | {
      readonly from: 'jwt';
      readonly in?: 'header' | 'cookie';
      readonly name?: string;
      readonly claim: string;
    };

/** One place or several, the preferred one first. */
export type FileKeys = FileKey | readonly FileKey[];

export interface FileRule {
  readonly path?: string;
  readonly kind?: DivergenceKind | readonly DivergenceKind[];
  readonly as?: RuleForm;
  readonly by?: readonly string[];
  readonly tolerance?: number | string;
  readonly pattern?: string;
  readonly within?: string;
  /** FILE#NAME. */
  readonly map?: string;
  readonly reason?: string;
  readonly owner?: string;
  readonly until?: string;
}

export interface FileRoute {
  readonly match: string;
  readonly safe?: boolean;
  readonly writes?: 'never' | 'mirror';
  readonly idempotent?: boolean;
  readonly verifies?: boolean;
  readonly referee?: 'on' | 'off';
  readonly keys?: FileKeys;
  readonly compare?: readonly FileRule[];
  readonly unproven?: {
    readonly as: 'accept';
    readonly reason: string;
    readonly owner: string;
  };
}

export interface FileStep {
  readonly percent: number;
  readonly hold: string;
  readonly peaks?: number;
  readonly approve?: boolean;
}

/** A gate in its object form. */
export interface FileGate {
  readonly gate: string;
  readonly route?: string;
  readonly window?: string;
  readonly minPairs?: number;
  readonly alpha?: number;
  readonly onFail?: 'rollback' | 'hold';
}

/** The mirror's budget in its object form. */
export interface FileMirror {
  readonly percent?: string;
  readonly maxRate?: string | number;
  readonly routes?: readonly string[];
  readonly autoPause?: string | { readonly p99?: number; readonly errors?: string };
}

/** Shares of the mirrored reads, or `off`. */
export type FileNoise = string | { readonly twin?: string; readonly reask?: string };

export type FileRescue = string | { readonly after?: string };
