/** Which bound it was that two answers are not compared beyond. */
import { LIMITS } from '../../kit/limits.ts';
import { formatBytes } from '../../kit/units.ts';
import { type Answer, headerValue } from '../../model/exchange.ts';
import type { NotComparableReason } from '../../model/pair.ts';
import { formatCount, plural } from '../../report/wording.ts';

/** A sentence without its end. `answers`: null for one that was not read to its end. */
export function boundText(
  reason: NotComparableReason,
  answers: readonly (Answer | null)[],
): string {
  switch (reason) {
    case 'too-large':
      if (answers.some((answer) => answer === null)) {
        return `one is, or unpacks to, more than ${formatBytes(LIMITS.answerFileMaxBytes)}`;
      }
      return (
        `one unpacks to more than ${formatBytes(LIMITS.decodedMaxBytes)}, or ` +
        `${LIMITS.decodedMaxRatio} times its size`
      );
    case 'too-complex':
      return complexText(answers);
    case 'unavailable':
      return 'an answer 503 says that nobody was there to give one';
    case 'map-failed':
      return 'a map of the rules failed';
    default:
      return 'one of the two is no whole answer';
  }
}

function complexText(answers: readonly (Answer | null)[]): string {
  const given = answers.filter((answer) => answer !== null);
  const layers = Math.max(...given.map(({ headers }) => codingsOf(headers)));
  if (layers > LIMITS.decodedLayersMax) {
    return `one is packed ${layers} times, more than ${LIMITS.decodedLayersMax}`;
  }
  const depth = Math.max(...given.map(({ body }) => depthOf(body)));
  if (depth > LIMITS.jsonDepthMax) {
    const max = plural(LIMITS.jsonDepthMax, 'level');
    return `they are ${plural(depth, 'level')} deep, and no more than ${max} are looked into`;
  }
  return `they have more than ${formatCount(LIMITS.jsonNodesMax)} values`;
}

function codingsOf(headers: Answer['headers']): number {
  const field = headerValue(headers, 'content-encoding') ?? '';
  return field.split(',').filter((coding) => coding.trim() !== '').length;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** Levels of brackets outside of texts. */
function depthOf(body: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let isText = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at]!;
    if (isText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (OPENING.has(byte)) {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (CLOSING.has(byte)) depth -= 1;
  }
  return deepest;
}
