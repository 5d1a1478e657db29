import { describe, expect, it } from 'vitest';
import { certificateWarning, refuseExpired } from '../../src/engines/certificate-dates.ts';

const DAY_MS = 86_400_000;
const TLS = {
  certPath: '/c.pem',
  keyPath: '/c.key',
  clientCaPath: null,
  validFromMs: Date.UTC(2027, 0, 1),
  validUntilMs: Date.UTC(2027, 3, 1, 12, 30),
};

describe('the certificate of the data port', () => {
  it('is spoken of before it is valid, in its last fortnight, and when it has expired', () => {
    expect(certificateWarning(TLS, TLS.validFromMs - 1)).toBe(
      'the certificate /c.pem is not valid before 2027-01-01 00:00',
    );
    expect(certificateWarning(TLS, TLS.validFromMs)).toBeNull();
    expect(certificateWarning(TLS, TLS.validUntilMs - 14 * DAY_MS)).toBeNull();
    expect(certificateWarning(TLS, TLS.validUntilMs - 14 * DAY_MS + 1)).toBe(
      'the certificate /c.pem expires on 2027-04-01 12:30, in 13 days: ' +
        'renew it, then crossfade reload',
    );
    expect(certificateWarning(TLS, TLS.validUntilMs + 1)).toContain('has expired on 2027-04-01');
    expect(certificateWarning(null, 0)).toBeNull();
  });

  it('is not replaced by one that has expired; one that expired meanwhile stays', () => {
    const expired = { ...TLS, validUntilMs: TLS.validFromMs };
    const now = TLS.validFromMs + 1;
    expect(() => refuseExpired(TLS, expired, now)).toThrow('/c.pem has expired on 2027-01-01');
    expect(() => refuseExpired(null, expired, now)).toThrow('has expired');
    expect(() => refuseExpired(expired, expired, now)).not.toThrow();
    expect(() => refuseExpired(expired, TLS, now)).not.toThrow();
    expect(() => refuseExpired(TLS, null, now)).not.toThrow();
  });
});
