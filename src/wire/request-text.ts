/** A request's head as it goes over the wire. */
import { isFieldText, isToken } from './fields.ts';
import type { LegRequest } from './leg.ts';

/**
 * The head's text, latin1. `prefix` goes before the path; `host` is named where the client, of
 * HTTP/1.0, has named none: what is sent is HTTP/1.1, which must have one.
 */
export function requestText(request: LegRequest, prefix: string, host: string): string {
  const { method, target, headers, upgrade, takesTrailers } = request;
  const path = target === '*' ? target : prefix + target;
  let text = `${method} ${path} HTTP/1.1\r\n`;
  if (!has(headers, 'host')) text += `Host: ${host}\r\n`;
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  if (isSentChunked(request)) text += CHUNKED;
  if (upgrade !== null) text += `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
  else if (takesTrailers) text += 'Connection: TE\r\nTE: trailers\r\n';
  return `${text}\r\n`;
}

const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;

/** Why the request cannot be sent; null when it can. What came off the wire always can. */
export function problemOf(request: LegRequest): string | null {
  const { method, target, headers, upgrade } = request;
  if (!isToken(method)) return 'its method cannot be sent';
  if (!TARGET.test(target)) return 'its target cannot be sent';
  for (let i = 0; i < headers.length; i += 2) {
    if (!isToken(headers[i]!) || !isFieldText(headers[i + 1]!)) {
      return `its field ${headers[i]} cannot be sent`;
    }
  }
  return upgrade === null || isFieldText(upgrade) ? null : 'its Upgrade field cannot be sent';
}

/** A body without Content-Length is sent as the client sent it: chunked. */
export function isSentChunked({ body, headers }: LegRequest): boolean {
  return body !== null && !has(headers, 'content-length');
}

/** `wanted` in lower case. */
function has(headers: readonly string[], wanted: string): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    if (name.length === wanted.length && name.toLowerCase() === wanted) return true;
  }
  return false;
}
