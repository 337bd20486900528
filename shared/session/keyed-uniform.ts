function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/**
 * MurmurHash3 x86 32 of whole 32-bit words, little endian.
 * Source: Austin Appleby, https://github.com/aappleby/smhasher (public domain).
 */
export function hashWords(words: readonly number[], hashSeed: number): number {
  let hash = hashSeed | 0;
  for (const word of words) {
    const mixed = Math.imul(rotateLeft(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
    hash = (Math.imul(rotateLeft(hash ^ mixed, 13), 5) + 0xe6546b64) | 0;
  }
  hash ^= words.length * 4;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * A number in (0, 1), uniform over its keys: 52 bits of two hashes of
 * (seed low, seed high, position, token id), so neither 0 nor 1 can come out.
 */
export function keyedUniform(key: {
  readonly seed: number;
  readonly position: number;
  readonly tokenId: number;
}): number {
  const words = [key.seed | 0, Math.floor(key.seed / 2 ** 32) | 0, key.position, key.tokenId];
  const high = hashWords(words, 0x2545f491) >>> 6;
  const low = hashWords(words, 0x4f6cdd1d) >>> 6;
  return (high * 2 ** 26 + low + 0.5) / 2 ** 52;
}
