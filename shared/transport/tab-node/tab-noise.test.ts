import {pureJsCrypto} from '@libp2p/noise';
import {expect, test} from 'vitest';
import {loadCipher} from './tab-noise.ts';

const KEY = Uint8Array.from({length: 32}, (_, at) => at);
const NONCE = Uint8Array.from({length: 12}, (_, at) => 255 - at);
const HANDSHAKE_HASH = Uint8Array.from({length: 32}, (_, at) => at * 7);
/** Up to the longest message of Noise, and around its blocks. */
const LENGTHS = [0, 1, 15, 16, 17, 63, 64, 65, 4_096, 65_519];

const textOf = (length: number): Uint8Array =>
  Uint8Array.from({length}, (_, at) => (at * 31) % 256);

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

async function loadForbidden(): Promise<never> {
  throw new ReferenceError('WebAssembly is not defined');
}

test('[TR22] the cipher in WebAssembly gives and reads the bytes of the one in JavaScript', async () => {
  const cipher = await loadCipher();
  expect(cipher).not.toBe(pureJsCrypto);
  for (const data of [new Uint8Array(0), HANDSHAKE_HASH]) {
    for (const length of LENGTHS) {
      const text = textOf(length);
      const sealed = cipher.chaCha20Poly1305Encrypt(text, NONCE, data, KEY).subarray();
      const expected = pureJsCrypto.chaCha20Poly1305Encrypt(text, NONCE, data, KEY).subarray();
      expect(hexOf(sealed)).toBe(hexOf(expected));
      const read = cipher.chaCha20Poly1305Decrypt(sealed, NONCE, data, KEY).subarray();
      expect(hexOf(read)).toBe(hexOf(text));
      // Noise decrypts in place.
      const into = sealed.subarray(0, length);
      expect(cipher.chaCha20Poly1305Decrypt(sealed, NONCE, data, KEY, into)).toBe(into);
      expect(hexOf(into)).toBe(hexOf(text));
    }
  }
});

test('[TR22] a message of which one bit was changed is not decrypted', async () => {
  const cipher = await loadCipher();
  const sealed = cipher.chaCha20Poly1305Encrypt(textOf(40), NONCE, HANDSHAKE_HASH, KEY).subarray();
  for (const at of sealed.keys()) {
    const changed = sealed.with(at, (sealed[at] ?? 0) ^ 1);
    expect(() => cipher.chaCha20Poly1305Decrypt(changed, NONCE, HANDSHAKE_HASH, KEY)).toThrow(
      'Cannot decrypt',
    );
  }
});

test('[TR22] where a browser allows no WebAssembly, the cipher is the one in JavaScript', async () => {
  expect(await loadCipher(loadForbidden)).toBe(pureJsCrypto);
});
