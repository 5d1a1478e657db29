/** Requests that reach no side: with which status, counted as what, in which words. */
import type { RejectReason } from '../model/reject.ts';

export interface Rejection {
  readonly kind: 'rejection';
  readonly status: number;
  readonly reason: RejectReason;
  /** For the client's author; never holds anything that the client sent. */
  readonly sentence: string;
}

function rejection(status: number, reason: RejectReason, sentence: string): Rejection {
  return { kind: 'rejection', status, reason, sentence };
}

type RejectionName =
  | 'requestLine'
  | 'method'
  | 'methodRefused'
  | 'target'
  | 'targetTooLong'
  | 'noVersion'
  | 'version'
  | 'http2'
  | 'host'
  | 'header'
  | 'lookAlike'
  | 'connectionField'
  | 'headTooLarge'
  | 'framing'
  | 'coding'
  | 'expect'
  | 'bodyTooLarge'
  | 'chunk'
  | 'trailer'
  | 'cut'
  | 'headTimeout'
  | 'bodyTimeout';

/** Every refusal of the data port; none is made per request. */
export const REJECTED: Readonly<Record<RejectionName, Rejection>> = {
  requestLine: rejection(400, 'request-line', 'the request line is malformed'),
  method: rejection(400, 'method', 'a method is upper-case letters and hyphens'),
  methodRefused: rejection(405, 'method', 'CONNECT and TRACE are not served'),
  target: rejection(400, 'target', 'the request target is malformed or not served here'),
  targetTooLong: rejection(414, 'target-too-long', 'the request target is too long'),
  noVersion: rejection(400, 'version', 'the request line names no version of HTTP/1'),
  version: rejection(505, 'version', 'only HTTP/1.1 and HTTP/1.0 are spoken'),
  http2: rejection(505, 'version', 'HTTP/2 is not spoken here: use HTTP/1.1'),
  host: rejection(400, 'host', 'exactly one valid Host field is required'),
  header: rejection(400, 'header', 'a header field is malformed'),
  lookAlike: rejection(400, 'header', 'a field looks like one that frames the message'),
  connectionField: rejection(400, 'connection-field', 'Connection names an end-to-end field'),
  headTooLarge: rejection(431, 'head-too-large', 'the header fields are too large or too many'),
  framing: rejection(400, 'framing', 'the length of the body is malformed or ambiguous'),
  coding: rejection(501, 'coding', 'no transfer coding but chunked is known'),
  expect: rejection(417, 'expect', 'no expectation but 100-continue is known'),
  bodyTooLarge: rejection(413, 'body-too-large', 'the body is too large'),
  chunk: rejection(400, 'chunk', 'the chunked coding is malformed'),
  trailer: rejection(400, 'trailer', 'the trailer section is malformed'),
  cut: rejection(400, 'framing', 'the body ended before it was whole'),
  headTimeout: rejection(408, 'head-timeout', 'the head of the request took too long'),
  bodyTimeout: rejection(408, 'body-timeout', 'the body of the request took too long'),
};

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  505: 'HTTP Version Not Supported',
};

/** The whole answer to a refused request, as it is written; `date` is the value of a Date field. */
export function rejectionText(refused: Rejection, date: string): string {
  const body = `crossfade: ${refused.sentence}\n`;
  // A 405 has to name what is allowed. Source: RFC 9110, section 15.5.6.
  const allow = refused.status === 405 ? 'Allow: DELETE, GET, HEAD, OPTIONS, POST, PUT\r\n' : '';
  return (
    `HTTP/1.1 ${refused.status} ${REASONS[refused.status] ?? ''}\r\nDate: ${date}\r\n${allow}` +
    `crossfade-error: rejected\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n` +
    `Connection: close\r\n\r\n${body}`
  );
}
