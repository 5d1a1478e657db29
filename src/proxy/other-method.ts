/** The ways by which frameworks let a request be of another method than its line says. */
import { headerValue, type RawHeaders } from '../model/exchange.ts';
import { parameterName } from './query.ts';

const FIELDS = ['x-http-method-override', 'x-method-override', 'x-http-method'];
const FIELD_LENGTHS = FIELDS.map((name) => name.length);
const LETTER_X = 120;

/** A field may say so; some readers take `_` in its name for `-`. */
export function hasMethodField(headers: RawHeaders): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    if ((name.charCodeAt(0) | 32) !== LETTER_X || !FIELD_LENGTHS.includes(name.length)) continue;
    if (FIELDS.includes(name.toLowerCase().replaceAll('_', '-'))) return true;
  }
  return false;
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
