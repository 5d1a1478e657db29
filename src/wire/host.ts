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
const AUTHORITY =
  /^(\[[0-9A-Fa-f:.]{2,45}\]|(?:[0-9A-Za-z._~!$&'()*+;=-]|%[0-9A-Fa-f]{2}){1,255})(?::([0-9]{0,5}))?$/;
const PORT_MAX = 65_535;

/** Host and port; null where the text is neither empty-free nor valid. */
export function parseAuthority(text: string): Authority | null {
  const match = AUTHORITY.exec(text);
  if (match === null) return null;
  const port = match[2] === undefined || match[2] === '' ? null : Number(match[2]);
  if (port !== null && port > PORT_MAX) return null;
  return { host: match[1]!, port };
}

let lastValid = '';

/** The text is a valid value of Host. Nearly all requests of a process name the same few. */
export function isValidHost(text: string): boolean {
  if (text === lastValid && text !== '') return true;
  if (parseAuthority(text) === null) return false;
  lastValid = text;
  return true;
}

/** An address of this very link, such as those where clouds keep their metadata. */
export function isLinkLocal(host: string): boolean {
  return host.startsWith('169.254.') || /^\[fe[89ab][0-9a-f]:/i.test(host);
}
