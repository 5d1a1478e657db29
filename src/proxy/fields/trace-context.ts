import { randomBytes } from 'node:crypto';

/** How our mark stands in `tracestate`, so that a shadow's spans can be told from the live ones. */
const MARK = 'crossfade=shadow';
const TRACEPARENT = /^(00-[0-9a-f]{32}-)[0-9a-f]{16}(-[0-9a-f]{2})$/;
const B3_SINGLE = /^([0-9a-f]{32}|[0-9a-f]{16})-([0-9a-f]{16})(-[01d](?:-[0-9a-f]{16})?)?$/i;

/** One span id for one shadow copy: 16 hexadecimal digits. */
export function newSpanId(): string {
  return randomBytes(8).toString('hex');
}

/**
 * A trace field as the shadow's copy carries it: the same trace, a span of its own. What cannot
 * be read is passed on unchanged. `name` in lower case.
 * Source: W3C Trace Context level 1, section 3; B3 Propagation.
 */
export function shadowTraceValue(name: string, value: string, spanId: string): string {
  switch (name) {
    case 'traceparent':
      return value.replace(TRACEPARENT, `$1${spanId}$2`);
    case 'tracestate':
      return value === '' ? MARK : `${MARK},${value}`;
    case 'b3':
      return value.replace(B3_SINGLE, (_all, trace: string, parent: string, rest?: string) => {
        const sampled = rest === undefined ? '' : rest.slice(0, 2);
        return sampled === '' ? `${trace}-${spanId}` : `${trace}-${spanId}${sampled}-${parent}`;
      });
    case 'x-b3-spanid':
      return spanId;
    default:
      return value;
  }
}

/** The field that carries the mark where a trace came without a `tracestate`. */
export const TRACE_MARK: readonly [name: string, value: string] = ['tracestate', MARK];
