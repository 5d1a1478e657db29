import { describe, expect, it } from 'vitest';
import { isCredentialName } from '../../src/kit/credentials.ts';

describe('a credential', () => {
  it.each(
    [
      'authorization Proxy-Authorization api-key apikey X-API-KEY x_api_key x-id-token',
      'x-access-token X-XSRF-Token x-csrftoken x-session private-token x-amzn-oidc-data',
      'cf-access-jwt-assertion x-goog-iap-jwt-assertion cookie2 x-hub-signature-256',
      'x-auth-user x-authenticated-user x-password accessToken x-ssl-client-cert',
      'client-cert-chain sessionId client_secret X-Amz-Credential',
    ].flatMap((names) => names.split(' ')),
  )('is known by the name of %s', (name) => {
    expect(isCredentialName(name)).toBe(true);
  });

  it.each(
    [
      'accept content-type x-author authors x-authority author_id x-user',
      'idempotency-key sec-websocket-key traceparent if-none-match host origin',
    ].flatMap((names) => names.split(' ')),
  )('is nothing by the name of %s', (name) => {
    expect(isCredentialName(name)).toBe(false);
  });
});
