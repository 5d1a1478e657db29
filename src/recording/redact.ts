import { createHmac } from 'node:crypto';
import { isCredentialName } from '../kit/credentials.ts';
import type { RawHeaders } from '../model/exchange.ts';

/**
 * Replaces the secret values of headers by one-way tokens, before anything is written or kept
 * as an example. The same value gives the same token under the same key, whichever side or
 * header it stood in, so that differences can still be seen; without the key nothing leads back.
 */
export interface Redactor {
  /** The same fields in the same order and case, with the values of sensitive ones replaced. */
  headers(raw: RawHeaders): RawHeaders;
  /** The value as it may be kept: unchanged unless `name` is sensitive. */
  value(name: string, value: string): string;
  /** The request target with the values of sensitive query parameters replaced. */
  target(target: string): string;
}

/** True for names whose value may identify or admit somebody: `name` in any case. */
export function isSensitiveHeader(name: string): boolean {
  return isCredentialName(name) || name.toLowerCase().startsWith('proxy-');
}

// Registered authentication schemes; a first word that is none of these may be the secret.
const SCHEMES: ReadonlySet<string> = new Set([
  'apikey',
  'aws4-hmac-sha256',
  'basic',
  'bearer',
  'concealed',
  'digest',
  'dpop',
  'gnap',
  'hawk',
  'hoba',
  'mutual',
  'negotiate',
  'ntlm',
  'oauth',
  'privatetoken',
  'scram-sha-1',
  'scram-sha-256',
  'token',
  'vapid',
]);

/**
 * A redactor under `key` (at least 16 bytes). Tokens keep length and shape: digits stay digits,
 * letters stay letters of their case, separators stay where there is enough around them.
 */
export function createRedactor(key: Buffer): Redactor {
  const value = (name: string, text: string): string => {
    if (!isSensitiveHeader(name)) return text;
    const field = name.toLowerCase();
    if (field === 'cookie' || field === 'cookie2') return redactCookies(key, text);
    if (field === 'set-cookie' || field === 'set-cookie2') return redactSetCookie(key, text);
    const space = text.indexOf(' ');
    if (space > 0 && SCHEMES.has(text.slice(0, space).toLowerCase())) {
      return text.slice(0, space + 1) + tokenOf(key, text.slice(space + 1));
    }
    return tokenOf(key, text);
  };
  return {
    value,
    target: (target) => redactQuery(target, value),
    headers(raw) {
      const kept: string[] = [];
      for (let i = 0; i < raw.length; i += 2) {
        kept.push(raw[i]!, value(raw[i]!, raw[i + 1] ?? ''));
      }
      return kept;
    },
  };
}

function redactQuery(target: string, redact: (name: string, value: string) => string): string {
  const start = target.indexOf('?') + 1;
  if (start === 0) return target;
  const parameters = target.slice(start).split('&');
  const kept = parameters.map((parameter) => {
    const end = parameter.indexOf('=') + 1;
    if (end === 0) return parameter;
    return parameter.slice(0, end) + redact(parameter.slice(0, end - 1), parameter.slice(end));
  });
  return target.slice(0, start) + kept.join('&');
}

/** Cookie names stay, each value becomes a token; a part without a name is a value. */
function redactCookies(key: Buffer, text: string): string {
  return text
    .split(';')
    .map((part) => redactNamed(key, part))
    .join(';');
}

/** Only the first part of Set-Cookie is a secret; the attributes behind it are not. */
function redactSetCookie(key: Buffer, text: string): string {
  const end = text.indexOf(';');
  if (end < 0) return redactNamed(key, text);
  return redactNamed(key, text.slice(0, end)) + text.slice(end);
}

function redactNamed(key: Buffer, part: string): string {
  const equals = part.indexOf('=');
  const start = equals < 0 ? part.length - part.trimStart().length : equals + 1;
  return part.slice(0, start) + tokenOf(key, part.slice(start));
}

const SEPARATORS = '-._~+/=:,@ "';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const DIGITS = '0123456789';

// Below so many letters and digits, separators would be most of what there is to hide.
const SHAPED_MIN = 8;

/** One-way and keyed; never the text itself, unless that is empty. */
function tokenOf(key: Buffer, text: string): string {
  if (text === '') return '';
  const keepsSeparators = text.replaceAll(/[^A-Za-z0-9]/g, '').length >= SHAPED_MIN;
  for (let round = 0; ; round += 1) {
    const token = shapedToken(key, text, round, keepsSeparators);
    if (token !== text) return token;
  }
}

function shapedToken(key: Buffer, text: string, round: number, keepsSeparators: boolean): string {
  let stream = Buffer.alloc(0);
  let token = '';
  for (let i = 0; i < text.length; i += 1) {
    if (i % 32 === 0) {
      stream = createHmac('sha256', key).update(`${round}:${i}:${text}`, 'utf8').digest();
    }
    token += shapedChar(text[i]!, stream[i % 32]!, keepsSeparators);
  }
  return token;
}

function shapedChar(char: string, byte: number, keepsSeparators: boolean): string {
  if (char >= '0' && char <= '9') return DIGITS[byte % 10]!;
  if (char >= 'A' && char <= 'Z') return UPPER[byte % 26]!;
  if (keepsSeparators && SEPARATORS.includes(char)) return char;
  return LOWER[byte % 26]!;
}
