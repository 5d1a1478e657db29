import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createRedactor, isSensitiveHeader } from '../../src/recording/redact.ts';

const redactor = createRedactor(Buffer.alloc(32, 7));

describe('redaction', () => {
  test.each([
    'Authorization',
    'cookie',
    'SET-COOKIE',
    'Proxy-Authorization',
    'Proxy-Anything',
    'X-API-Key',
    'api-key',
    'apikey',
    'api_key',
    'x-auth-token',
    'X-Auth',
    'x-amz-security-token',
    'X-CSRF-Token',
    'X-Goog-Api-Key',
    'client-secret',
    'x-session-id',
  ])('treats %s as sensitive', (name) => {
    expect(isSensitiveHeader(name)).toBe(true);
    const secret = 'hunter2-hunter2-hunter2';
    expect(redactor.value(name, secret)).not.toContain('hunter2');
  });

  test.each(['host', 'content-type', 'accept', 'etag', 'user-agent', 'x-request-id'])(
    'leaves %s as it is',
    (name) => {
      expect(isSensitiveHeader(name)).toBe(false);
      expect(redactor.value(name, 'Bearer abc')).toBe('Bearer abc');
    },
  );

  test('keeps scheme, length and shape of a credential', () => {
    const kept = redactor.value('Authorization', 'Bearer eyJh.12345.AbCdEf-gh');
    expect(kept).toMatch(/^Bearer [a-z]{2}[A-Z][a-z]\.\d{5}\.([A-Z][a-z]){3}-[a-z]{2}$/);
    expect(kept).not.toContain('eyJh');
  });

  test('hides a first word that is no authentication scheme', () => {
    expect(redactor.value('Authorization', 'hunter2 rest')).not.toContain('hunter2');
  });

  test('keeps cookie names and attributes, not their values', () => {
    expect(redactor.value('Cookie', 'sid=abcdefgh1; theme=darkdark')).toMatch(
      /^sid=[a-z]{8}\d; theme=[a-z]{8}$/,
    );
    expect(redactor.value('Set-Cookie', 'sid=abcdefgh1; Path=/; HttpOnly')).toMatch(
      /^sid=[a-z]{8}\d; Path=\/; HttpOnly$/,
    );
    expect(redactor.value('Cookie', 'hunter2')).not.toContain('hunter2');
  });

  test('gives one value the same token on both sides and in both cookie headers', () => {
    const sent = redactor.value('Cookie', 'sid=abcdefgh12345').slice(4);
    const set = redactor.value('set-cookie', 'sid=abcdefgh12345; Secure').slice(4, -8);
    expect(sent).toBe(set);
    expect(redactor.value('cookie', 'sid=abcdefgh12346').slice(4)).not.toBe(sent);
  });

  test('gives different tokens under different keys', () => {
    const other = createRedactor(randomBytes(32));
    const secret = 'a-long-secret-value-0123456789';
    expect(other.value('x-api-key', secret)).not.toBe(redactor.value('x-api-key', secret));
  });

  test('never answers a short secret itself', () => {
    for (const secret of ['1', '-', '--', 'a', 'é', '12']) {
      expect(redactor.value('x-api-key', secret)).not.toBe(secret);
    }
    expect(redactor.value('x-api-key', '')).toBe('');
  });

  test('replaces the values of sensitive query parameters alone', () => {
    const target = redactor.target('/a?q=1&access_token=hunter2hunter2&api_key=abc&flag&x=%20');
    expect(target).toMatch(
      /^\/a\?q=1&access_token=[a-z]{6}\d[a-z]{6}\d&api_key=[a-z]{3}&flag&x=%20$/,
    );
    expect(target).not.toContain('hunter2');
    expect(redactor.target('/token/secret')).toBe('/token/secret');
  });

  test('keeps order, case and number of the header fields', () => {
    const raw = ['Host', 'a', 'COOKIE', 'a=b', 'cookie', 'c=d', 'Accept', '*/*'];
    const kept = redactor.headers(raw);
    expect(kept.filter((_, i) => i % 2 === 0)).toEqual(['Host', 'COOKIE', 'cookie', 'Accept']);
    expect([kept[1], kept[7]]).toEqual(['a', '*/*']);
  });
});
