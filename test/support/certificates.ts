import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

/** Puts `NAME.pem` and `NAME.key` into a folder: a certificate of the fixtures and its key. */
export function putCertificate(folder: string, name: string, of: 'server' | 'client'): void {
  copyFileSync(`fixtures/tls/${of}.pem`, join(folder, `${name}.pem`));
  copyFileSync(`fixtures/tls/${of}-key.pem`, join(folder, `${name}.key`));
}
