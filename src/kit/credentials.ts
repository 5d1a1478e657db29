/** Which names of fields, parameters and cookies are those of credentials, as a closed list. */

const CREDENTIAL = new RegExp(
  [
    'api-?key',
    'access-?key',
    'auth-?key',
    'private-?key',
    'secret',
    'token',
    'assertion',
    'session',
    'credential',
    'passw(?:or)?d',
    'passphrase',
    'signature',
    'cookie',
    'csrf',
    'xsrf',
    'jwt',
    'saml',
    'oidc',
    '(?:client|ssl|tls)-?cert',
    // But not `author` and `authority`, which tell who wrote something.
    'auth(?!or(?:s|-|ity|$))',
  ].join('|'),
);

/** Whether what stands under the name may admit somebody; `name` in any case, `_` as `-`. */
export function isCredentialName(name: string): boolean {
  return CREDENTIAL.test(name.toLowerCase().replaceAll('_', '-'));
}
