/** Which bound it was that two answers are not compared beyond. */
import { decodeBody } from '../../compare/decode.ts';
import { LIMITS } from '../../kit/limits.ts';
import { formatBytes } from '../../kit/units.ts';
import { type Answer, headerValue } from '../../model/exchange.ts';
import type { NotComparableReason } from '../../model/pair.ts';
import { formatCount, plural } from '../../report/wording.ts';
import type { GivenAnswer } from './answer-file.ts';

/** A sentence without its end. */
export function boundText(reason: NotComparableReason, answers: readonly GivenAnswer[]): string {
  switch (reason) {
    case 'too-large':
      if (answers.includes('file-too-large')) {
        return `one is more than ${formatBytes(LIMITS.answerFileMaxBytes)}`;
      }
      return (
        `one unpacks to more than ${formatBytes(LIMITS.decodedMaxBytes)}, or ` +
        `${LIMITS.decodedMaxRatio} times its size`
      );
    case 'too-complex':
      return complexText(answers.filter((answer) => typeof answer !== 'string'));
    case 'unavailable':
      return 'an answer 503 says that nobody was there to give one';
    case 'map-failed':
      return 'a map of the rules failed';
    default:
      return 'one of the two is no whole answer';
  }
}

function complexText(answers: readonly Answer[]): string {
  const layers = Math.max(...answers.map(({ headers }) => codingsOf(headers)));
  if (layers > LIMITS.decodedLayersMax) {
    return `one is packed ${layers} times, more than ${LIMITS.decodedLayersMax}`;
  }
  const depth = Math.max(...answers.map((answer) => depthOf(unpacked(answer))));
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

/** As it is looked into; as it came where it cannot be unpacked. */
function unpacked({ headers, body }: Answer): Uint8Array {
  const decoded = decodeBody(headers, body);
  return decoded.kind === 'decoded' ? decoded.bytes : body;
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
