import {secureCrypto} from './secure-crypto.ts';

/** SHA-256 as 64 hex digits, by the browser. */
export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await secureCrypto().digest('SHA-256', bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
