/** Every known bug that one answer has a place for. In: an answer as recorded. Out: bugs. */
import type { Answer } from '../model/exchange.ts';
import { type BodyText, bodyTextOf } from './body-text.ts';
import { bodyEdits } from './body-edits.ts';
import type { Injection } from './edit.ts';
import { fieldEdits } from './field-edits.ts';
import { isJson, readJson } from './json-text.ts';

/** Why an answer is left out. */
export type Unusable = 'too-large' | 'too-complex' | 'undecodable' | 'unavailable';

/** The answer's body, or why nothing can be tried with it: it could not be compared either. */
export function usableBody(answer: Answer): BodyText | Unusable {
  if (answer.status === 503) return 'unavailable';
  if (answer.body.length !== answer.bodyBytes) return 'too-large';
  const body = bodyTextOf(answer);
  if (body === null) return 'undecodable';
  const { shape, text } = body;
  const isDeep = shape === 'json' && text !== null && readJson(text) === null && isJson(text);
  return isDeep ? 'too-complex' : body;
}

/** Known bugs of every kind at every place of the answer; made only when asked for. */
export function injectionsOf(body: BodyText): Injection[] {
  return [...fieldEdits(body.answer), ...bodyEdits(body)];
}
