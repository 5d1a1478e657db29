/** What an analyst, the thread that keeps maps of the user's own, and their process say. */
import type { MessagePort } from 'node:worker_threads';
import type { RawHeaders, Side } from '../../model/exchange.ts';

/** What a map is given: a frozen copy of one side's answer. */
export interface MapAnswer {
  readonly status: number;
  /** By name in lower case; repeated fields joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON parsed, else text. Numbers that a double cannot hold come as texts of their digits. */
  readonly body: unknown;
}

/** The user's own; pure: the same answer gives the same value. */
export type AnswerMap = (answer: MapAnswer, side: Side) => unknown;

/** One side's answer on its way to the thread; the body unpacked. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: RawHeaders;
  readonly body: Uint8Array;
}

/** A request to the process; the thread passes it on. */
export type MapRequest =
  | { readonly kind: 'load'; readonly id: number; readonly path: string; readonly name: string }
  | {
      readonly kind: 'map';
      readonly id: number;
      readonly path: string;
      readonly name: string;
      readonly legacy: RawAnswer;
      readonly candidate: RawAnswer;
    };

/** `end`: the process is killed at once, whatever it does. */
export type ToMapThread = MapRequest | { readonly kind: 'end' };

export type FromMapThread =
  | { readonly kind: 'loaded'; readonly id: number }
  | {
      readonly kind: 'mapped';
      readonly id: number;
      readonly legacy: string;
      readonly candidate: string;
    }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly why: string;
      /** The process has ended with it. */
      readonly isLost?: boolean;
    };

/** What the thread is started with. */
export interface MapThreadStart {
  readonly port: MessagePort;
  /** Goes up by one with each answer: what an analyst waits on. */
  readonly signal: Int32Array<SharedArrayBuffer>;
}
