/** The ways by which frameworks let a request be of another method than its line says. */
import { headerValue, type RawHeaders } from '../../model/exchange.ts';
import { parameterName } from './query.ts';

const FIELDS = ['x-http-method-override', 'x-method-override', 'x-http-method'];

/** A field may say so; some readers take `_` in its name for `-`. */
export function hasMethodField(headers: RawHeaders): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    switch (name.length) {
      case 13:
      case 17:
      case 22:
        if (isMethodField(name)) return true;
        break;
      default:
    }
  }
  return false;
}

const LETTER_H = 104;
const LETTER_M = 109;

function isMethodField(name: string): boolean {
  // Fields that nearly every request has are as long, X-Forwarded-Proto among them.
  const third = name.charCodeAt(2) | 32;
  if (third !== LETTER_H && third !== LETTER_M) return false;
  return FIELDS.includes(name.toLowerCase().replaceAll('_', '-'));
}

const PARAMETER = '_method';
const FORM = 'application/x-www-form-urlencoded';

/**
 * A form may say so in its field `_method`, or the query in a parameter of that name. What nobody
 * has read may say anything: `body` is null where it streams.
 */
export function hasMethodParameter(
  target: string,
  headers: RawHeaders,
  body: Uint8Array | null,
): boolean {
  const query = target.indexOf('?');
  if (query !== -1 && namesMethod(target.slice(query + 1))) return true;
  const type = headerValue(headers, 'content-type')?.toLowerCase() ?? '';
  const isForm = type.startsWith(FORM);
  if (!isForm && !type.startsWith('multipart/')) return false;
  if (body === null) return true;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  return isForm ? namesMethod(bytes.toString('latin1')) : bytes.includes(PARAMETER);
}

function namesMethod(parameters: string): boolean {
  // None of its characters has to be escaped, and each may be.
  if (!parameters.includes(PARAMETER) && !parameters.includes('%')) return false;
  return parameters.split(/[&;]/).some((parameter) => parameterName(parameter) === PARAMETER);
}
