/** Heads of requests as the data port reads them: whole, and as they arrive byte by byte. */
import { expect } from 'vitest';
import type { RejectReason } from '../../src/model/reject.ts';
import type { RequestHead } from '../../src/wire/message.ts';
import type { Rejection } from '../../src/wire/rejection.ts';
import {
  type ParsedHead,
  parseRequestHead,
  type RequestLimits,
} from '../../src/wire/request-head.ts';

export const LIMITS: RequestLimits = { headMaxBytes: 32_768, bodyMaxBytes: 1_000_000 };
const OWN = {
  isOwn: (host: string, port: number): boolean => host === '10.0.0.1' && port === 8080,
};

export function parse(text: string, limits: RequestLimits = LIMITS): ParsedHead | Rejection | null {
  return parseRequestHead(Buffer.from(text, 'latin1'), limits, OWN);
}

/** As it arrives: the first verdict of all prefixes. */
export function parseAsItArrives(text: string): ParsedHead | Rejection | null {
  for (let length = 0; length <= text.length; length += 1) {
    const result = parse(text.slice(0, length));
    if (result !== null) return result;
  }
  return null;
}

export function headOf(text: string): RequestHead {
  const whole = parse(text);
  if (whole?.kind !== 'head') throw new Error(`refused: ${whole?.sentence ?? 'not whole'}`);
  const arrived = parseAsItArrives(text);
  expect(arrived).toEqual(whole);
  return whole.head;
}

export function refusal(text: string): [number, RejectReason] {
  const whole = parse(text);
  if (whole?.kind !== 'rejection') throw new Error(`not refused: ${JSON.stringify(whole)}`);
  const arrived = parseAsItArrives(text);
  if (arrived?.kind !== 'rejection') throw new Error('not refused as it arrived');
  expect(arrived.status).toBe(whole.status);
  return [whole.status, whole.reason];
}

/** A POST with these lines beside its Host. */
export function post(...lines: string[]): string {
  return `POST /x HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
}

export function get(target: string, ...lines: string[]): string {
  return `GET ${target} HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
}
