import type { FlawKind } from './flaws.ts';
import { formatId } from './ids.ts';
import type { ChannelRef, StateRow } from './store.ts';
import { formatTimestamp } from './timestamps.ts';

/** How states are written; anything but {@link TRUE_STYLE} is a flaw. */
export interface AnswerStyle {
  /** last_pin_timestamp ends in .000Z whatever the milliseconds. */
  readonly isPinFractionLost: boolean;
  /** mention_count and flags are exchanged where a state has both. */
  readonly areColumnsExchanged: boolean;
}

export const TRUE_STYLE: AnswerStyle = { isPinFractionLost: false, areColumnsExchanged: false };

/** The style that the flaws given make. */
export function styleOf(kinds: readonly FlawKind[]): AnswerStyle {
  return {
    isPinFractionLost: kinds.includes('timestamp-precision'),
    areColumnsExchanged: kinds.includes('column-order'),
  };
}

/**
 * One state as JSON, written by hand: every part is a number, digits or a fixed word, so nothing
 * needs escaping. What a state does not have is left out, never null.
 */
export function stateJson(state: StateRow, style: AnswerStyle): string {
  const isExchanged = style.areColumnsExchanged && state.flags >= 0;
  const id = formatId(state.channelHi, state.channelLo);
  let text = `{"id":"${id}","read_state_type":${state.type}`;
  if ((state.lastHi | state.lastLo) !== 0) {
    text += `,"last_message_id":"${formatId(state.lastHi, state.lastLo)}"`;
  }
  text += `,"mention_count":${isExchanged ? state.flags : state.mentions}`;
  if (state.pinAtMs >= 0) {
    const pinAtMs = style.isPinFractionLost
      ? state.pinAtMs - (state.pinAtMs % 1000)
      : state.pinAtMs;
    text += `,"last_pin_timestamp":"${formatTimestamp(pinAtMs)}"`;
  }
  if (state.flags >= 0) text += `,"flags":${isExchanged ? state.mentions : state.flags}`;
  if (state.viewed >= 0) text += `,"last_viewed":${state.viewed}`;
  return `${text}}`;
}

/** Where a list goes on: `TYPE:ID` of the last state answered, the value of `after` next time. */
export function cursorOf(ref: ChannelRef): string {
  return `${ref.type}:${formatId(ref.channelHi, ref.channelLo)}`;
}

/** Gathers the states that an engine visits into the text of a list. */
export class EntryList {
  readonly #style: AnswerStyle;
  #entries = '';
  #version = 0;
  #cursorType = 0;
  #cursorHi = 0;
  #cursorLo = 0;

  constructor(style: AnswerStyle) {
    this.#style = style;
  }

  add(state: StateRow): void {
    if (this.#entries !== '') this.#entries += ',';
    this.#entries += stateJson(state, this.#style);
    if (state.version > this.#version) this.#version = state.version;
    this.#cursorType = state.type;
    this.#cursorHi = state.channelHi;
    this.#cursorLo = state.channelLo;
  }

  /** `{"version":7,"entries":[…]}`; the version is the largest of the entries', 0 without any. */
  queryJson(): string {
    return `{"version":${this.#version},"entries":[${this.#entries}]}`;
  }

  /** As for a query, with `partial` (not the whole list) and where it goes on, or null. */
  listJson(isPartial: boolean, hasMore: boolean): string {
    const ref = {
      type: this.#cursorType,
      channelHi: this.#cursorHi,
      channelLo: this.#cursorLo,
    };
    const next = hasMore ? `"${cursorOf(ref)}"` : 'null';
    const head = `{"version":${this.#version},"partial":${isPartial}`;
    return `${head},"entries":[${this.#entries}],"next":${next}}`;
  }
}

/** `{"token":null,"version":8}`: the state's version after an ack. The token is always null. */
export function ackJson(version: number): string {
  return `{"token":null,"version":${version}}`;
}

/** `{"applied":3}`: for how many users a mention counted. */
export function appliedJson(applied: number): string {
  return `{"applied":${applied}}`;
}

/** 404: the user has no such state. Like every code here, that of the API this one follows. */
export const UNKNOWN_STATE = '{"code":10100,"message":"Unknown Read State"}';
/** 404: no such path, or not with this method. */
export const UNKNOWN_ROUTE = '{"code":0,"message":"404: Not Found"}';
/** 413. */
export const TOO_LARGE = '{"code":40005,"message":"Request entity too large"}';
/** 503: the store was needed and could not be reached, or too much waits to be written. */
export const UNAVAILABLE = '{"code":50300,"message":"store unavailable","retry_after":0.2}';
/** 500: a bug, or the flaw `error`. */
export const INTERNAL_ERROR = '{"code":0,"message":"500: Internal Server Error"}';

/** A 400's body: what is wrong at which path of the request. */
export function invalidFormJson(errors: Readonly<Record<string, string>>): string {
  return `{"code":50035,"message":"Invalid Form Body","errors":${JSON.stringify(errors)}}`;
}
