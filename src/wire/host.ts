/** Hosts and ports as clients name them, in the Host field or in an absolute target. */

export interface Authority {
  readonly host: string;
  /** Null where none is named. */
  readonly port: number | null;
}

/**
 * Stricter than the grammar of a URI: no comma and no user, for both have made two readers see
 * two hosts. Source: RFC 9110, section 7.2; RFC 3986, section 3.2.2.
 */
const NAME = /(?:[0-9A-Za-z._~!$&'()*+;=-]|%[0-9A-Fa-f]{2}){1,255}/.source;
const AUTHORITY = new RegExp(`^(\\[[0-9A-Fa-f:.]{2,45}\\]|${NAME})(?::([0-9]{0,5}))?$`);
const HOST_MAX_BYTES = 255;
/** So few that they are a port whatever they are. */
const PLAIN_PORT_DIGITS = 4;
const COLON = 58;
const PORT_MAX = 65_535;

/** Host and port; null where the text is not valid, or empty. */
export function parseAuthority(text: string): Authority | null {
  const match = AUTHORITY.exec(text);
  if (match === null) return null;
  const port = match[2] === undefined || match[2] === '' ? null : Number(match[2]);
  if (port !== null && port > PORT_MAX) return null;
  return { host: match[1]!, port };
}

/** A name or an IPv4 address with no port or a short one: what nearly every Host is. */
export function isPlainHost(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to && isNameCode(bytes[at]!)) at += 1;
  if (at === from || at - from > HOST_MAX_BYTES) return false;
  if (at === to) return true;
  if (bytes[at] !== COLON || to - at > PLAIN_PORT_DIGITS + 1) return false;
  at += 1;
  while (at < to && isDigit(bytes[at]!)) at += 1;
  return at === to;
}

function isNameCode(code: number): boolean {
  return (code >= 97 && code <= 122) || isDigit(code) || code === 46 || code === 45;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** An address of this very link, such as those where clouds keep their metadata. */
export function isLinkLocal(host: string): boolean {
  return host.startsWith('169.254.') || /^\[fe[89ab][0-9a-f]:/i.test(host);
}
