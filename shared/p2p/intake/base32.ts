const DIGITS = 'abcdefghijklmnopqrstuvwxyz234567';
const BITS_PER_DIGIT = 5;

/** RFC 4648 in lower case without padding, as kad-dht names what it stores. */
export function toBase32(bytes: Uint8Array): string {
  let [text, pending, pendingBits] = ['', 0, 0];
  for (const byte of bytes) {
    pending = (pending << 8) | byte;
    pendingBits += 8;
    while (pendingBits >= BITS_PER_DIGIT) {
      pendingBits -= BITS_PER_DIGIT;
      text += DIGITS[(pending >> pendingBits) & 31];
    }
    pending &= (1 << pendingBits) - 1;
  }
  if (pendingBits > 0) text += DIGITS[(pending << (BITS_PER_DIGIT - pendingBits)) & 31];
  return text;
}
