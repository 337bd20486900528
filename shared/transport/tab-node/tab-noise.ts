import type {ChaCha20Poly1305} from '@chainsafe/as-chacha20poly1305';
import {noise, pureJsCrypto} from '@libp2p/noise';

type Crypto = typeof pureJsCrypto;
type Cipher = Pick<Crypto, 'chaCha20Poly1305Encrypt' | 'chaCha20Poly1305Decrypt'>;

/**
 * Noise for a tab, with its cipher in WebAssembly: all that servers send is decrypted on the
 * page's thread, and until V8 has compiled it the cipher in JavaScript takes five times as long.
 */
export async function tabNoise(): Promise<ReturnType<typeof noise>> {
  return noise({crypto: {...pureJsCrypto, ...(await loadCipher())}});
}

/** The cipher in WebAssembly, or in JavaScript where the browser allows no WebAssembly: to the other side they are the same. */
export async function loadCipher(
  load = async () => import('@chainsafe/as-chacha20poly1305'),
): Promise<Cipher> {
  try {
    const {ChaCha20Poly1305, newInstance} = await load();
    return cipherOf(new ChaCha20Poly1305(newInstance()));
  } catch {
    return pureJsCrypto;
  }
}

function cipherOf(wasm: ChaCha20Poly1305): Cipher {
  return {
    chaCha20Poly1305Encrypt: (plaintext, nonce, data, key) =>
      wasm.seal(key, nonce, plaintext.subarray(), data),
    chaCha20Poly1305Decrypt: (sealed, nonce, data, key, into) => {
      const plaintext = wasm.open(key, nonce, sealed.subarray(), data, into);
      if (plaintext === null) throw new Error('Cannot decrypt: the message was changed on its way');
      return plaintext;
    },
  };
}
