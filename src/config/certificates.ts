import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { messageOf } from '../kit/errors.ts';
import type { TlsListenSettings, TlsUpstreamSettings } from '../model/settings.ts';
import type { FilePortTls, FileUpstreamTls } from './file-parts.ts';
import type { Path } from './problems.ts';
import { readBeside } from './secrets.ts';
import type { Surroundings } from './surroundings.ts';

/** The port's certificates, each read once to see that it is one. Null where there is no TLS. */
export function settlePortTls(
  given: FilePortTls | undefined,
  around: Surroundings,
): TlsListenSettings | null {
  if (given === undefined) return null;
  const { cert, key, clientCa } = given;
  const certificate = checkPair(cert, key, ['tls'], around);
  return {
    certPath: resolve(around.folder, cert),
    keyPath: resolve(around.folder, key),
    clientCaPath: settleAuthorities(clientCa, ['tls', 'clientCa'], around),
    validFromMs: certificate?.validFromDate.getTime() ?? 0,
    validUntilMs: certificate?.validToDate.getTime() ?? 0,
  };
}

/** A side's certificates, each read once; without any, the system's are trusted. */
export function settleUpstreamTls(
  given: FileUpstreamTls,
  at: Path,
  around: Surroundings,
): TlsUpstreamSettings {
  const { ca, cert, key, serverName = null, verify = true } = given;
  if (cert !== undefined && key !== undefined) checkPair(cert, key, at, around);
  else if (cert !== undefined || key !== undefined) {
    const missing = cert === undefined ? 'cert' : 'key';
    const there = cert === undefined ? 'key' : 'cert';
    around.problems.add(at, `expected the key "${missing}" beside "${there}"; found none`);
  }
  return {
    caPath: settleAuthorities(ca, [...at, 'ca'], around),
    certPath: cert === undefined ? null : resolve(around.folder, cert),
    keyPath: key === undefined ? null : resolve(around.folder, key),
    serverName,
    isVerified: verify,
  };
}

function settleAuthorities(
  path: string | undefined,
  at: Path,
  around: Surroundings,
): string | null {
  if (path === undefined) return null;
  readCertificate(path, at, around);
  return resolve(around.folder, path);
}

/** The certificate, whether or not the key is its own; null where it cannot be read. */
function checkPair(
  cert: string,
  key: string,
  at: Path,
  around: Surroundings,
): X509Certificate | null {
  const certificate = readCertificate(cert, [...at, 'cert'], around);
  const privateKey = readPrivateKey(key, [...at, 'key'], around);
  if (certificate === null || privateKey === null) return certificate;
  if (!certificate.checkPrivateKey(privateKey)) {
    around.problems.add(
      [...at, 'key'],
      `expected the private key of "${cert}", found another's in "${key}"`,
    );
  }
  return certificate;
}

function readCertificate(path: string, at: Path, around: Surroundings): X509Certificate | null {
  const bytes = readBeside(path, at, around);
  if (bytes === null) return null;
  try {
    return new X509Certificate(bytes);
  } catch (error) {
    const why = messageOf(error);
    around.problems.add(at, `expected a certificate (PEM), found none in "${path}": ${why}`);
    return null;
  }
}

function readPrivateKey(path: string, at: Path, around: Surroundings): KeyObject | null {
  const bytes = readBeside(path, at, around);
  if (bytes === null) return null;
  try {
    return createPrivateKey(bytes);
  } catch (error) {
    around.problems.add(
      at,
      `expected a private key (PEM) without a passphrase, found none in "${path}": ` +
        messageOf(error),
    );
    return null;
  }
}
