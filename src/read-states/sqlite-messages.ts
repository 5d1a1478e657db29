import type { PackedRows } from './packed-rows.ts';

/** What the store asks of its SQLite thread; an array of these is one message. */
export type ThreadRequest =
  | {
      readonly kind: 'read';
      readonly id: number;
      readonly userHi: number;
      readonly userLo: number;
      /** type, channelHi, channelLo, and again. */
      readonly channels: Int32Array<ArrayBuffer>;
    }
  | {
      readonly kind: 'page';
      readonly id: number;
      readonly userHi: number;
      readonly userLo: number;
      /** Only states behind this one; type -1 from the beginning. */
      readonly afterType: number;
      readonly afterHi: number;
      readonly afterLo: number;
    }
  | { readonly kind: 'write'; readonly id: number; readonly rows: PackedRows }
  | { readonly kind: 'close'; readonly id: number };

/** An array of these is one message; `failure` is '' when it went well. */
export interface ThreadAnswer {
  readonly id: number;
  readonly rows: PackedRows;
  readonly failure: string;
}

/** First message of the thread, before any answer. */
export type ThreadOpening =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly message: string;
      readonly hint: string;
      readonly exitCode: number;
    };

/** What the thread is started with. */
export interface ThreadStart {
  readonly path: string;
}

/** Rows in a page: about 2 ms of work on either thread. A shorter page is the last one. */
export const PAGE_ROWS = 1000;
