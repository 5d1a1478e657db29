/** The parts of a configuration file as written, texts not yet parsed. schema.ts keeps it true. */
export interface FileParts {
  readonly listen: string | undefined;
  readonly workers: number | undefined;
  readonly legacy: FileUpstream | undefined;
  readonly candidate: FileUpstream | undefined;
  /** Whether the file has a key at all, valid or not. */
  readonly isKeyGiven: boolean;
  readonly key: FileKey | undefined;
  readonly routes: readonly (FileRoute | undefined)[] | undefined;
  readonly ladder: readonly (FileStep | undefined)[] | undefined;
  readonly gates: readonly (string | FileGate | undefined)[] | undefined;
  readonly mirror: string | undefined;
  readonly timeouts: FileTimeouts | undefined;
  readonly record: { readonly file: string; readonly maxSize?: string } | undefined;
  readonly store: { readonly sqlite?: string } | undefined;
  readonly control: { readonly listen?: string } | undefined;
}

export interface FileTimeouts {
  readonly live?: string;
  readonly rescue?: string;
  readonly shadow?: string;
}

export interface FileUpstream {
  readonly url: string;
  readonly metrics?: string;
}

type FileNamedKey = { readonly from: 'header' | 'query' | 'cookie'; readonly name: string };
type FileBodyKey = { readonly from: 'body'; readonly path: string };

/** The general key. */
export type FileKey =
  | { readonly from: 'path'; readonly pattern: string; readonly name: string }
  | FileNamedKey
  | FileBodyKey;

/** Keys of one route: from the path, the route's own pattern serves. */
export type FileRouteKey =
  | { readonly from: 'path'; readonly pattern?: string; readonly name: string }
  | FileNamedKey
  | FileBodyKey;

export interface FileRule {
  readonly path: string;
  readonly as: 'ignore' | 'set' | 'tolerance' | 'instant';
  readonly by?: readonly string[];
  readonly tolerance?: number;
  readonly reason?: string;
  readonly owner?: string;
  readonly until?: string;
}

export interface FileRoute {
  readonly match: string;
  readonly safe?: boolean;
  readonly writes?: 'never' | 'mirror';
  readonly keys?: FileRouteKey;
  readonly compare?: readonly FileRule[];
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
