import { isIP } from 'node:net';
import type { PortSettings } from '../model/settings.ts';
import { settlePortTls } from './certificates.ts';
import { DEFAULT_PORT } from './defaults.ts';
import type { FileLimits, FileParts } from './file-parts.ts';
import { type Problems } from './problems.ts';
import { settleDuration, settleSize, type Surroundings } from './surroundings.ts';

/** The data port; what is wrong with it is added to the problems. */
export function settlePort(parts: FileParts, around: Surroundings): PortSettings {
  const { problems } = around;
  const trustedHops = parts.trustedHops ?? DEFAULT_PORT.trustedHops;
  for (const [index, hop] of trustedHops.entries()) checkHop(hop, index, problems);
  return {
    tls: settlePortTls(parts.tls, around),
    hasProxyProtocol: parts.proxyProtocol ?? DEFAULT_PORT.hasProxyProtocol,
    trustedHops,
    ...settleLimits(parts.limits ?? {}, problems),
  };
}

function checkHop(hop: string, index: number, problems: Problems): void {
  const [address = '', bits] = hop.split('/');
  const version = isIP(address);
  const isBlock = bits === undefined || Number(bits) <= (version === 6 ? 128 : 32);
  if (version !== 0 && isBlock) return;
  problems.add(
    ['trustedHops', index],
    `expected an address or a block of them such as 10.0.0.0/8, found "${hop}"`,
  );
}

type PortLimits = Omit<PortSettings, 'tls' | 'hasProxyProtocol' | 'trustedHops'>;

const HEAD_BOUNDS = ['1KiB', '1MiB'] as const;
const BODY_BOUNDS = ['1B', '1048576GiB'] as const;

function settleLimits(given: FileLimits, problems: Problems): PortLimits {
  const head = (name: 'head' | 'answerHead', fallback: number): number => {
    const text = given[name];
    if (text === undefined) return fallback;
    return settleSize(text, ['limits', name], problems, HEAD_BOUNDS);
  };
  const time = (name: 'headTime' | 'bodyIdle' | 'keepAlive', fallback: number): number => {
    const text = given[name];
    return text === undefined ? fallback : settleDuration(text, ['limits', name], problems);
  };
  const { body = 'none' } = given;
  return {
    headMaxBytes: head('head', DEFAULT_PORT.headMaxBytes),
    bodyMaxBytes:
      body === 'none' ? null : settleSize(body, ['limits', 'body'], problems, BODY_BOUNDS),
    headTimeoutMs: time('headTime', DEFAULT_PORT.headTimeoutMs),
    bodyIdleTimeoutMs: time('bodyIdle', DEFAULT_PORT.bodyIdleTimeoutMs),
    keepAliveMs: time('keepAlive', DEFAULT_PORT.keepAliveMs),
    answerHeadMaxBytes: head('answerHead', DEFAULT_PORT.answerHeadMaxBytes),
  };
}
