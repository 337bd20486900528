import {WeftError} from '#shared/base/errors.ts';

/**
 * The browser's cryptography, which it gives to secure pages only.
 *
 * @throws {WeftError} `INSECURE_PAGE`.
 */
export function secureCrypto(): SubtleCrypto {
  const subtle: SubtleCrypto | undefined = globalThis.crypto.subtle;
  if (subtle !== undefined) return subtle;
  throw new WeftError(
    {code: 'INSECURE_PAGE'},
    'This page came over an address that browsers do not call secure, so they give it no cryptography: open it over https, or on localhost',
  );
}
