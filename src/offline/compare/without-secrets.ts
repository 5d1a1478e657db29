/**
 * Answers without the values that a recording replaces: each has tokens of its own for them, so
 * that the same value is another text in each.
 */
import type { Answer, RawHeaders } from '../../model/exchange.ts';
import { isSensitiveHeader } from '../../recording/redact.ts';

/** What stands for every such value that is not empty. */
const REPLACED = 'redacted';

/** The same answer; names of cookies, their attributes, and which values are empty stay. */
export function withoutSecrets(answer: Answer): Answer {
  const { headers, trailers } = answer;
  return { ...answer, headers: replaced(headers), trailers: replaced(trailers) };
}

function replaced(fields: RawHeaders): RawHeaders {
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const [name, value] = [fields[i]!, fields[i + 1] ?? ''];
    kept.push(name, isSensitiveHeader(name) ? replacedValue(name, value) : value);
  }
  return kept;
}

function replacedValue(name: string, value: string): string {
  if (!/^set-cookie2?$/i.test(name)) return value === '' ? '' : REPLACED;
  const [first = '', ...attributes] = value.split(';');
  const equals = first.indexOf('=') + 1;
  const secret = first.slice(equals).trim() === '' ? '' : REPLACED;
  return [first.slice(0, equals) + secret, ...attributes].join(';');
}
