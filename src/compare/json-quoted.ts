const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SURROGATES = 0xd800;

/** Longer texts are looked through sooner by the engine. */
const SHORT_CHARS = 64;

/** A string as JSON text. Most are short with nothing to escape, and that is seen quickly. */
export function quoted(text: string): string {
  if (text.length > SHORT_CHARS) return JSON.stringify(text);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const isPlain = code >= SPACE && code !== QUOTE && code !== BACKSLASH && code < SURROGATES;
    if (!isPlain) return JSON.stringify(text);
  }
  return `"${text}"`;
}
