/** The form of the wire tables: what is sent, what must come of it, and where that is written. */
import type { RejectReason } from '../../src/model/reject.ts';
import type { NotComparableReason } from '../../src/model/pair.ts';
import type { Settings } from '../../src/model/settings.ts';

/** One row of a table, as docs/wire.md shows it. */
export interface WireRow {
  readonly id: string;
  readonly input: string;
  readonly expected: string;
  /** Where it is written: RFC and section, or the reason it is ours. */
  readonly clause: string;
  /** How the test differs from the row: sizes and times made smaller, a choice that was open. */
  readonly note?: string;
  /** Why the outcome is another than the row's; at most three in all tables. */
  readonly deviation?: string;
  /** Inputs of the data port, each sent whole and byte by byte. */
  readonly requests?: readonly RequestCase[];
  /** Answers of a side, each as live and as shadow. A row with neither is a scenario. */
  readonly answers?: readonly AnswerCase[];
}

/** A request as a side must have got it. */
export interface Forwarded {
  /** `METHOD target`. */
  readonly line: string;
  readonly body?: string;
  /** Fields as sent: `Name: value`. */
  readonly has?: readonly string[];
  /** Names, in lower case, of fields that must not be there. */
  readonly lacks?: readonly string[];
  /** The shadow gets it too; by default safe methods and everything below `/safe/` do. */
  readonly isMirrored?: boolean;
}

/**
 * `rejected`: answered by the proxy with `status`, closed, counted under `reason`; nothing whole
 * reaches a side. `aborted`: the same, but the live side may have seen a part of it. `forwarded`:
 * the requests reach both sides (unsafe ones the live side alone) and are answered in order, and
 * then the connection is `kept`, `closed`, or refused for what follows.
 */
export type Expected =
  | {
      readonly kind: 'rejected' | 'aborted';
      readonly status: number;
      readonly reason: RejectReason;
    }
  | {
      readonly kind: 'forwarded';
      readonly requests: readonly Forwarded[];
      readonly end: 'kept' | 'closed' | { readonly status: number; readonly reason: RejectReason };
    }
  /** Closed without a word, and nothing forwarded; counted where there is a reason. */
  | { readonly kind: 'closed'; readonly reason: RejectReason | null };

/** One input of a row of requests. `{id}` stands for what is unique to its run. */
export interface RequestCase {
  readonly name: string;
  /** latin1: one char, one byte. */
  readonly send: string;
  readonly expect: Expected;
  /** Behind the input: a canary in the same segment (the default for refused input), or an end. */
  readonly tail?: 'canary' | 'fin' | 'reset' | 'silence';
  readonly settings?: Changes;
}

/** Settings that differ from the suite's. */
export interface Changes extends Partial<Omit<Settings, 'port'>> {
  readonly port?: Partial<Settings['port']>;
}

/** One exact answer of a side and what must come of it in both roles. */
export interface AnswerCase {
  readonly name: string;
  /** What the side sends, latin1; each part in a segment of its own. */
  readonly answer: readonly string[];
  /** What it does behind it; `keep` by default. */
  readonly end?: 'keep' | 'fin' | 'reset';
  readonly method?: string;
  /** HTTP/1.1 by default. */
  readonly version?: '1.0' | '1.1';
  readonly live: LiveOutcome;
  /** What becomes of the pair where this side is the shadow; `compared` where it answers. */
  readonly shadow: 'compared' | NotComparableReason;
  readonly settings?: Changes;
}

/** What the client gets of the live side's answer. */
export interface LiveOutcome {
  readonly status: number;
  readonly body?: string;
  readonly has?: readonly string[];
  readonly lacks?: readonly string[];
  /** Statuses of interim answers before it. */
  readonly interim?: readonly number[];
  /** The answer is begun and then cut: the client cannot take it for whole. */
  readonly isCut?: boolean;
  /** The side's connection carries no further request. */
  readonly isDiscarded?: boolean;
}

/** A request without a body: its line, Host, and these lines. */
export function bare(line: string, ...fields: readonly string[]): string {
  return `${line}\r\nHost: h\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
}

/** A POST to `/{id}` with these field lines and these bytes behind its head. */
export function post(fields: readonly string[], body: string): string {
  return bare('POST /{id} HTTP/1.1', ...fields) + body;
}

/** A chunked POST to `/{id}`. */
export function chunked(body: string, ...fields: readonly string[]): string {
  return post(['Transfer-Encoding: chunked', ...fields], body);
}

/** A GET of `/{id}` with these field lines. */
export function get(...fields: readonly string[]): string {
  return bare('GET /{id} HTTP/1.1', ...fields);
}

export function rejected(status: number, reason: RejectReason): Expected {
  return { kind: 'rejected', status, reason };
}

export function aborted(status: number, reason: RejectReason): Expected {
  return { kind: 'aborted', status, reason };
}

/** Both legs get exactly these, and the connection stays open. */
export function forwarded(...requests: readonly Forwarded[]): Expected {
  return { kind: 'forwarded', requests, end: 'kept' };
}

/** As {@link forwarded}, and then the connection is closed or refused. */
export function forwardedThen(
  end: 'closed' | { readonly status: number; readonly reason: RejectReason },
  ...requests: readonly Forwarded[]
): Expected {
  return { kind: 'forwarded', requests, end };
}

/** Inputs that differ in one text and come to the same. */
export function each(
  texts: readonly string[],
  send: (text: string) => string,
  expect: Expected,
  more: Partial<RequestCase> = {},
): RequestCase[] {
  return texts.map((text) => ({ name: shown(text), send: send(text), expect, ...more }));
}

/** A text with its control characters visible, short. */
export function shown(text: string): string {
  const visible = JSON.stringify(text).slice(1, -1);
  return visible.length > 60 ? `${visible.slice(0, 40)}… (${text.length} bytes)` : visible;
}
