/** The head of an answer, and its way into bytes: checked, with the body in one buffer. */
import type { RawHeaders } from '../model/exchange.ts';

const TAB = 9;
const LF = 10;
const CR = 13;
const BLANK = 32;

/** Collects head after head; one serves all answers of a process. */
export class AnswerHead {
  #text = '';
  #lines = 0;

  begin(status: number, reason: string): void {
    this.#text = `HTTP/1.1 ${status} ${reason}\r\n`;
    this.#lines = 1;
  }

  /** The last chunk of a body, in front of its trailers. */
  beginTrailers(): void {
    this.#text = '0\r\n';
    this.#lines = 1;
  }

  add(name: string, value: string): void {
    this.#text += `${name}: ${value}\r\n`;
    this.#lines += 1;
  }

  /** Fields just as they are. */
  addAll(headers: RawHeaders): void {
    for (let i = 0; i < headers.length; i += 2) this.add(headers[i]!, headers[i + 1]!);
  }

  /**
   * End-to-end fields in their order, names and case kept, and a Date where none is. Those of the
   * connection are left out, should there be any: they are the connection's to write. `length`
   * takes the place of a Content-Length, or stands behind the others; null: there is none, unless
   * `keepsLength` leaves the one that tells of a body which is not sent.
   */
  addEndToEnd(
    headers: RawHeaders,
    length: string | null,
    keepsLength: boolean,
    date: string,
  ): void {
    let needsDate = true;
    let needsLength = length !== null;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i]!;
      switch (name.length) {
        case 4:
          if (isSame(name, 'Date', 'date')) needsDate = false;
          break;
        case 10:
          if (isSame(name, 'Connection', 'connection')) continue;
          break;
        case 14:
          if (!keepsLength && isSame(name, 'Content-Length', 'content-length')) {
            if (needsLength) this.add(name, length!);
            needsLength = false;
            continue;
          }
          break;
        case 17:
          if (isSame(name, 'Transfer-Encoding', 'transfer-encoding')) continue;
          break;
        default:
      }
      this.add(name, headers[i + 1]!);
    }
    if (needsLength) this.add('Content-Length', length!);
    if (needsDate) this.add('Date', date);
  }

  /**
   * The head with the body behind it; null where a field holds a control character, for with a
   * line end in it the client would read another answer than was given.
   */
  bytes(body: Uint8Array | null): Buffer | null {
    const end = this.#text.length + 2;
    const buffer = Buffer.allocUnsafe(end + (body === null ? 0 : body.length));
    buffer.write(this.#text, 0, 'latin1');
    buffer[end - 2] = CR;
    buffer[end - 1] = LF;
    this.#text = '';
    let controls = 0;
    for (let at = 0; at < end; at += 1) {
      const code = buffer[at]!;
      if (code < BLANK && code !== TAB) controls += 1;
    }
    // Two each line and two for the empty one are ours.
    if (controls !== (this.#lines + 1) * 2) return null;
    if (body !== null) buffer.set(body, end);
    return buffer;
  }
}

function isSame(name: string, usual: string, lower: string): boolean {
  return name === usual || name.toLowerCase() === lower;
}
