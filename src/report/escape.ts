/**
 * Text from requests, answers and operators made inert for each place it is printed. Such text
 * may be hostile: it must neither move a terminal's cursor, nor turn the direction of a line
 * around, nor become markup. What cannot be seen is shown as an escape, never dropped.
 */

/**
 * Control characters (C0, DEL, C1), line and paragraph separators, zero-width and format
 * characters (bidi marks and overrides, tags, variation of nothing), private use and halves
 * of surrogate pairs.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeUnseen(char: string): string {
  const code = char.codePointAt(0)!;
  return SHORT[char] ?? `\\u{${code.toString(16).padStart(4, '0')}}`;
}

/** `text` on one line, whatever has no shape of its own as `\n`, `\u{202e}` and the like. */
export function visible(text: string): string {
  return text.replace(UNSEEN, escapeUnseen);
}

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** {@link visible}, and inert in HTML: in an element and in a quoted attribute alike. */
export function escapeHtml(text: string): string {
  return visible(text).replace(/[&<>"']/g, (char) => HTML[char]!);
}

/** {@link visible}, and inert in Markdown: also in a table's cell, also for links and names. */
export function escapeMarkdown(text: string): string {
  return visible(text).replace(MARKDOWN, (match) => {
    if (/^[&<>]$/.test(match)) return HTML[match]!;
    if (/^[\\`*_[\]#~!$]$/.test(match)) return `\\${match}`;
    // The last character (a pipe, an at sign, what would make a link) as an entity.
    return `${match.slice(0, -1)}&#${match.charCodeAt(match.length - 1)};`;
  });
}

const MARKDOWN = /[&<>\\`*_[\]#~!$|@]|:(?=\/\/)|\bwww\./gi;

/** JSON text in which whatever has no shape of its own is a `\u` escape; the same value. */
export function escapeJson(json: string): string {
  return json.replace(UNSEEN, (char) => {
    if (char === '\n') return char;
    let escaped = '';
    for (let i = 0; i < char.length; i += 1) {
      escaped += `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`;
    }
    return escaped;
  });
}
