import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import { CrossfadeError, messageOf } from '../kit/errors.ts';
import type { TlsUpstreamSettings } from '../model/settings.ts';

/** What TLS to a side trusts and shows. Throws a CrossfadeError `tls.files` naming the files. */
export function upstreamContext(tls: TlsUpstreamSettings): SecureContext {
  const { caPath, certPath, keyPath } = tls;
  try {
    return createSecureContext({
      ...(caPath === null ? {} : { ca: readFileSync(caPath) }),
      ...(certPath === null ? {} : { cert: readFileSync(certPath) }),
      ...(keyPath === null ? {} : { key: readFileSync(keyPath) }),
    });
  } catch (cause) {
    const files = [caPath, certPath, keyPath].filter((path) => path !== null).join(', ');
    throw new CrossfadeError(
      'tls.files',
      `cannot use the TLS files ${files}: ${messageOf(cause)}`,
      {
        hint: 'Check that they are PEM, and that certificate and key belong together.',
        cause,
      },
    );
  }
}
