import type { RawHeaders } from '../model/exchange.ts';

/** Fields that belong to one hop and are never passed on. Source: RFC 9110, section 7.6.1. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What our own server has answered already, so that no side sees it. */
const ANSWERED_BY_US = new Set(['expect', 'http2-settings']);

/**
 * The end-to-end fields of a message, order and case kept: without the hop-by-hop ones and
 * those that its Connection field nominates.
 */
export function endToEnd(raw: RawHeaders, isRequest: boolean): RawHeaders {
  const nominated = nominatedByConnection(raw);
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (HOP_BY_HOP.has(name) || (isRequest && ANSWERED_BY_US.has(name))) continue;
    if (nominated?.has(name) === true && name !== 'host' && name !== 'content-length') continue;
    kept.push(raw[i]!, raw[i + 1]!);
  }
  return kept;
}

function nominatedByConnection(raw: RawHeaders): Set<string> | null {
  let names: Set<string> | null = null;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue;
    for (const token of raw[i + 1]!.toLowerCase().split(',')) {
      const nominated = token.trim();
      if (nominated === '' || nominated === 'close' || nominated === 'keep-alive') continue;
      names ??= new Set();
      names.add(nominated);
    }
  }
  return names;
}
