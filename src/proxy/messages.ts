/** What controller and proxies say to each other, as plain data over the process channel. */
import type { Assignment } from '../model/assignment.ts';
import type { Settings } from '../model/settings.ts';
import type { Summary, TaintedKey } from '../model/window.ts';
import type { OpenWrite } from './write-log.ts';

export type ToProxy =
  | {
      /** Comes with the listening socket's handle. */
      readonly kind: 'start';
      readonly worker: number;
      readonly settings: Settings;
      readonly assignment: Assignment;
      readonly tainted: readonly TaintedKey[];
      /** Where the controller in charge is named, in control.json. */
      readonly controlPath: string;
    }
  | { readonly kind: 'assign'; readonly assignment: Assignment }
  | { readonly kind: 'taint'; readonly keys: readonly TaintedKey[] }
  | { readonly kind: 'drain' };

export type FromProxy =
  | { readonly kind: 'ready' }
  | { readonly kind: 'listen-failed'; readonly code: string; readonly message: string }
  | {
      readonly kind: 'applied';
      readonly epoch: number;
      readonly revision: number;
      readonly mirrorRevision: number;
    }
  | { readonly kind: 'writing'; readonly write: OpenWrite }
  | {
      readonly kind: 'summary';
      readonly summary: Summary;
      /** Ids of the writes that have ended since the last one. */
      readonly endedWrites: readonly number[];
    };
