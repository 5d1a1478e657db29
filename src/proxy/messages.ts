/** What controller and proxies say to each other, as plain data over the process channel. */
import type { Assignment } from '../model/assignment.ts';
import type { HeldKey, LiftedKey, MissedWrite, ReplayEnd } from '../model/missed-write.ts';
import type { Settings } from '../model/settings.ts';
import type { Summary, TaintedKey } from '../model/window.ts';
import type { OpenWrite } from './missed/write-log.ts';

/** The most connections of one proxy: to each side, and of clients. */
export interface ConnectionLimits {
  readonly live: number;
  readonly shadow: number;
  readonly clients: number;
}

export type ToProxy =
  | {
      /** Comes with the listening socket's handle. */
      readonly kind: 'start';
      readonly worker: number;
      readonly settings: Settings;
      readonly assignment: Assignment;
      readonly tainted: readonly TaintedKey[];
      /** Keys with writes that wait to be replayed. */
      readonly held: readonly HeldKey[];
      readonly connections: ConnectionLimits;
      /** Only serves: nothing is mirrored, compared or recorded, and there is no analyst. */
      readonly isSafeMode: boolean;
      /** Where the controller in charge is named, in control.json. */
      readonly controlPath: string;
    }
  | { readonly kind: 'assign'; readonly assignment: Assignment }
  | { readonly kind: 'taint'; readonly keys: readonly TaintedKey[] }
  | { readonly kind: 'lift'; readonly keys: readonly LiftedKey[] }
  | { readonly kind: 'held'; readonly keys: readonly HeldKey[] }
  /** No writes of these keys wait any more, of all that the proxy has told up to `seenSeq`. */
  | { readonly kind: 'released'; readonly keys: readonly string[]; readonly seenSeq: number }
  /** The missed writes told up to `seq` are on disk. */
  | { readonly kind: 'kept'; readonly seq: number }
  | { readonly kind: 'replay'; readonly id: number; readonly write: MissedWrite }
  /** Nobody takes connections after it: take those that wait, and then no more. */
  | { readonly kind: 'close' }
  /** Take no more connections, finish what is under way, end. */
  /** Within `maxMs`; a second one may only shorten the time. */
  | { readonly kind: 'drain'; readonly maxMs: number };

export type FromProxy =
  | { readonly kind: 'ready' }
  | {
      /** It cannot serve, and ends. */
      readonly kind: 'failed';
      /** What stands in the way: the port, what the operator configured, a bug of ours. */
      readonly cause: 'listen' | 'settings' | 'bug';
      readonly message: string;
      readonly hint: string;
    }
  /** It takes no connections any more. */
  | { readonly kind: 'closed' }
  /** Of all it had begun only clients with long answers are left. */
  | { readonly kind: 'lingers' }
  /** It was asked to end (SIGTERM), and does so when another serves in its place. */
  | { readonly kind: 'replace' }
  | {
      readonly kind: 'applied';
      readonly epoch: number;
      readonly revision: number;
      readonly mirrorRevision: number;
    }
  | { readonly kind: 'writing'; readonly write: OpenWrite }
  /** Ids of writes that have been under way for a while. */
  | { readonly kind: 'lasting'; readonly ids: readonly number[] }
  /** A write that a side missed; `seq` counts those of this proxy. */
  | { readonly kind: 'missed'; readonly seq: number; readonly write: MissedWrite }
  | { readonly kind: 'replayed'; readonly id: number; readonly end: ReplayEnd }
  /** Ids of writes that have ended, while it drains: sooner than with its next summary. */
  | { readonly kind: 'written'; readonly ids: readonly number[] }
  | {
      readonly kind: 'summary';
      readonly summary: Summary;
      /** Ids of the writes that have ended since the last one. */
      readonly endedWrites: readonly number[];
    };
