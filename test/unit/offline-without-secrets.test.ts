import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/model/exchange.ts';
import { withoutSecrets } from '../../src/offline/compare/without-secrets.ts';
import { createRedactor } from '../../src/recording/redact.ts';
import { answer } from '../support/answers.ts';

/** Name, value as sent, value that is compared. */
const FIELDS = [
  ['Set-Cookie', 'theme=dark; Path=/; HttpOnly', 'theme=redacted; Path=/; HttpOnly'],
  ['set-cookie', 'plain', 'redacted'],
  ['Set-Cookie', 'gone=; Max-Age=0', 'gone=; Max-Age=0'],
  ['WWW-Authenticate', 'Basic realm="a b"', 'redacted'],
  ['X-CSRF-Token', 'abc', 'redacted'],
  ['Proxy-Status', 'ok', 'redacted'],
  ['X-Session-Id', '', ''],
  ['Content-Type', 'text/plain', 'text/plain'],
  ['ETag', '"1"', '"1"'],
] as const;

function recordedUnder(key: number): Answer {
  const sent = FIELDS.flatMap(([name, value]) => [name, value]);
  const fields = createRedactor(Buffer.alloc(32, key)).headers(sent);
  return { ...answer('x', fields), trailers: fields };
}

describe('an answer without its secrets', () => {
  it('is the same whatever key it was recorded under', () => {
    expect(recordedUnder(1)).not.toEqual(recordedUnder(2));
    expect(withoutSecrets(recordedUnder(1))).toEqual(withoutSecrets(recordedUnder(2)));
  });

  it('keeps every name, attribute and other value, and which values are empty', () => {
    const { headers, trailers } = withoutSecrets(recordedUnder(1));
    expect(headers).toEqual(FIELDS.flatMap(([name, , compared]) => [name, compared]));
    expect(trailers).toEqual(headers);
  });
});
