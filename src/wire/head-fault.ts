/** What exactly is wrong with the head of an answer, for people: only asked once it is refused. */

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const SHOWN_MAX = 40;

/** A sentence's end on the first line that is malformed; `bytes` hold the head from its start. */
export function faultOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  let at = 0;
  for (let line = 0; at < text.length; line += 1) {
    const lineFeed = text.indexOf('\n', at);
    const end = lineFeed === -1 ? text.length : lineFeed;
    const isBare = lineFeed !== -1 && text[lineFeed - 1] !== '\r';
    const content = text.slice(at, !isBare && lineFeed !== -1 ? end - 1 : end);
    const name = line === 0 ? 'its status line' : 'a field of its answer';
    const fault = line === 0 ? statusLineFault(content) : fieldFault(content);
    if (isBare) return `${name} ends with a bare line feed`;
    if (fault !== null) return `${name} ${fault}`;
    if (content === '') break;
    at = end + 1;
  }
  return 'the head of its answer is malformed';
}

function statusLineFault(line: string): string | null {
  if (!line.startsWith('HTTP/1.')) return `does not say HTTP/1.x: ${shown(line)}`;
  return characterFault(line) ?? (STATUS_LINE.test(line) ? null : `is malformed: ${shown(line)}`);
}

const STATUS_LINE = /^HTTP\/1\.[01] [1-9]\d\d(?: .*)?$/;

function fieldFault(line: string): string | null {
  if (line === '') return null;
  if (line.startsWith(' ') || line.startsWith('\t')) return 'is folded over two lines';
  const colon = line.indexOf(':');
  const name = colon === -1 ? line : line.slice(0, colon);
  if (name === '') return 'has no name';
  if (/[ \t]/.test(name)) return `has a blank in or behind its name: ${shown(name)}`;
  if (colon === -1) return characterFault(line) ?? `has no colon: ${shown(line)}`;
  if (!TOKEN.test(name)) return `has a name that is none: ${shown(name)}`;
  return characterFault(line);
}

function characterFault(line: string): string | null {
  if (line.includes('\0')) return 'holds a NUL';
  if (line.includes('\r')) return 'holds a bare carriage return';
  return /[^\t\x20-\x7e\x80-\xff]/.test(line) ? 'holds a control character' : null;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, SHOWN_MAX));
}
