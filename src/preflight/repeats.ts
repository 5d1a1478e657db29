/** What two answers to the same safe request say of it: tokens given once, and side effects. */
import { headerValue, type RawHeaders } from '../model/exchange.ts';
import type { RawAnswer } from './answer-reader.ts';
import { receptionOf } from './ends.ts';
import type { Heard } from './raw-client.ts';

export interface RepeatSigns {
  /** Where a token stood that was another one the second time: `Set-Cookie sid`, `body: csrf`. */
  readonly tokens: readonly string[];
  /** How the second was refused where the first was not: `409 after 200`; '' where it was not. */
  readonly secondRefused: string;
  /** What shows that asking changes something; '' where nothing does. */
  readonly change: string;
}

const NO_SIGNS: RepeatSigns = { tokens: [], secondRefused: '', change: '' };
/** Bytes of a body that are looked at. */
const LOOKED_AT_MAX_BYTES = 262_144;
/** A moment, a clock's time, or a word. */
const WORD = /\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-][\d:]+)?|\d{1,2}(?::\d{2})+(?:\.\d+)?Z?|[\w.+-]+/g;
const TOKEN_FIELD = /csrf|xsrf|nonce|token/i;
const TOKEN_IN_BODY =
  /(csrf|xsrf|nonce|one[-_]?time|token)[\w"'\s=:>-]{0,40}?["'=:\s]([\w+/=.-]{16,})/gi;

/** The signs in the answers to one request, sent twice, the second after the first. */
export function signsOf(first: Heard, second: Heard): RepeatSigns {
  if (first.kind !== 'answered' || second.kind !== 'answered') return NO_SIGNS;
  if (receptionOf(first) !== 'taken') return NO_SIGNS;
  const [one, two] = [first.answer, second.answer];
  if (two.status >= 400 && two.status < 500) {
    return { ...NO_SIGNS, secondRefused: `${two.status} after ${one.status}` };
  }
  const cookies = cookieNames(one.headers);
  const change = bodyChange(textOf(one), textOf(two));
  const cookie = cookies.length === 0 ? '' : `it sets a cookie (${cookies.join(', ')})`;
  return { tokens: tokensOf(one, two), secondRefused: '', change: change || cookie };
}

function tokensOf(one: RawAnswer, two: RawAnswer): string[] {
  const found: string[] = [];
  for (const name of cookieNames(one.headers)) {
    if (areTokens(cookieOf(one.headers, name), cookieOf(two.headers, name))) {
      found.push(`Set-Cookie ${name}`);
    }
  }
  for (let i = 0; i < one.headers.length; i += 2) {
    const name = one.headers[i]!;
    const isToken = TOKEN_FIELD.test(name) && !/^set-cookie$/i.test(name);
    const other = isToken ? headerValue(two.headers, name.toLowerCase()) : undefined;
    if (isToken && areTokens(one.headers[i + 1], other)) found.push(name);
  }
  const etags = [headerValue(one.headers, 'etag'), headerValue(two.headers, 'etag')];
  if (etags[0] !== etags[1] && etags[1] !== undefined && one.body.equals(two.body)) {
    found.push('ETag');
  }
  const [before, after] = [textOf(one), textOf(two)].map((text) => [
    ...text.matchAll(TOKEN_IN_BODY),
  ]);
  before!.forEach((match, i) => {
    if (areTokens(match[2], after![i]?.[2])) found.push(`body: ${match[1]!.toLowerCase()}`);
  });
  return [...new Set(found)];
}

/** Both look drawn by chance, and are not the same. */
function areTokens(one: string | undefined, two: string | undefined): boolean {
  if (one === undefined || two === undefined || one === two) return false;
  return isTokenLike(one) && isTokenLike(two);
}

/** Sixteen characters or more without a space, digits and letters among them. */
function isTokenLike(text: string): boolean {
  return /^[^\s,;]{16,}$/.test(text) && /\d/.test(text) && /[a-z]/i.test(text);
}

function cookieNames(headers: RawHeaders): string[] {
  return setCookies(headers).map((cookie) => cookie.slice(0, cookie.indexOf('=')).trim());
}

function cookieOf(headers: RawHeaders, name: string): string | undefined {
  const cookie = setCookies(headers).find((text) => text.startsWith(`${name}=`));
  return cookie?.slice(name.length + 1).split(';')[0];
}

function setCookies(headers: RawHeaders): string[] {
  return headers.filter((_, i) => i % 2 === 1 && headers[i - 1]!.toLowerCase() === 'set-cookie');
}

function textOf(answer: RawAnswer): string {
  return answer.body.toString('latin1', 0, LOOKED_AT_MAX_BYTES);
}

/** How the second body is another one; '' where it is not, but for the time of day. */
function bodyChange(before: string, after: string): string {
  if (before === after) return '';
  const [words, later] = [wordsOf(before), wordsOf(after)];
  if (words.length !== later.length) return 'asked twice, it answers with another body';
  for (const [i, word] of words.entries()) {
    const next = later[i]!;
    if (word === next || (isTime(word) && isTime(next)) || areTokens(word, next)) continue;
    const isCounter = /^\d{1,15}$/.test(word) && /^\d{1,15}$/.test(next);
    const name = /^[a-z_][\w-]*$/i.test(words[i - 1] ?? '') ? ` of "${words[i - 1]}"` : '';
    return isCounter && Number(next) > Number(word)
      ? `asked twice, a count${name} went from ${word} to ${next}`
      : `asked twice, a value${name} differs`;
  }
  return '';
}

function wordsOf(text: string): string[] {
  return text.match(WORD) ?? [];
}

/** A clock's, a date's, or seconds, milliseconds or microseconds since 1970 in this decade. */
function isTime(word: string): boolean {
  return (
    /^\d{1,2}:\d{2}(:\d{2})?(\.\d+)?Z?$/.test(word) ||
    /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-][\d:]+)?)?$/.test(word) ||
    /^[12]\d{9}(\d{3}|\d{6})?(\.\d+)?$/.test(word)
  );
}

const DANGEROUS = new Set(
  (
    'logout signout logoff unsubscribe delete remove destroy confirm verify activate deactivate ' +
    'disable enable reset cancel revoke approve purge redeem checkout'
  ).split(' '),
);

/**
 * The word of a target's path that says that asking it changes something; null where none does.
 * Such a request is named and never sent.
 */
export function dangerousWord(target: string): string | null {
  const path = target.split('?')[0]!.toLowerCase();
  const words = path.replaceAll(/(log|sign)[-_](out|off)/g, '$1$2').split(/[^a-z0-9]+/);
  return words.find((word) => DANGEROUS.has(word)) ?? null;
}
