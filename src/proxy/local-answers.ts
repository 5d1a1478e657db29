/** What the proxy answers by itself, because HTTP asks it of every hop. */
import { headerValue } from '../model/exchange.ts';
import type { Accumulator } from '../measure/accumulate.ts';
import type { Inbound } from '../wire/inbound.ts';
import { isLoop } from './fields/forwarded.ts';

interface LocalParts {
  readonly count: Accumulator;
  readonly pseudonym: string;
}

const NO_BODY = Buffer.alloc(0);

/** Answers the request where it is not to go any further; false when it is. */
export function answerLocally(inbound: Inbound, parts: LocalParts): boolean {
  const { head } = inbound;
  if (isLoop(head.headers, parts.pseudonym)) {
    parts.count.rejected('loop');
    const body = Buffer.from('crossfade: the request has passed this proxy before: a loop\n');
    const fields = ['Content-Type', 'text/plain; charset=utf-8', 'crossfade-error', 'loop'];
    inbound.answer(508, 'Loop Detected', [...fields, ...lengthOf(body)], body);
    return true;
  }
  if (head.method === 'OPTIONS' && headerValue(head.headers, 'max-forwards') === '0') {
    // Source: RFC 9110, section 7.6.2.
    const fields = ['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'];
    inbound.answer(200, 'OK', [...fields, ...lengthOf(NO_BODY)], NO_BODY);
    return true;
  }
  return false;
}

/** The last resort: the proxy has given up all else, and the next request would be too much. */
export function answerOverload(inbound: Inbound, count: Accumulator): void {
  count.rejected('overload');
  const body = Buffer.from('crossfade: out of memory or time for more requests\n');
  const fields = ['Content-Type', 'text/plain; charset=utf-8', 'Retry-After', '1'];
  const mark = ['crossfade-error', 'overload', ...lengthOf(body)];
  inbound.answer(503, 'Service Unavailable', [...fields, ...mark], body);
}

function lengthOf(body: Buffer): readonly string[] {
  return ['Content-Length', String(body.length)];
}
