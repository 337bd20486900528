const DIGITS = 'abcdefghijklmnopqrstuvwxyz234567';
const BITS_PER_DIGIT = 5;

/** RFC 4648 in lower case without padding, as kad-dht names what it stores. */
export function toBase32(bytes: Uint8Array): string {
  // Not by `+=`: that string would stay a chain of as many objects as it has digits.
  const digits: (string | undefined)[] = [];
  let [pending, pendingBits] = [0, 0];
  for (const byte of bytes) {
    pending = (pending << 8) | byte;
    pendingBits += 8;
    while (pendingBits >= BITS_PER_DIGIT) {
      pendingBits -= BITS_PER_DIGIT;
      digits.push(DIGITS[(pending >> pendingBits) & 31]);
    }
    pending &= (1 << pendingBits) - 1;
  }
  if (pendingBits > 0) digits.push(DIGITS[(pending << (BITS_PER_DIGIT - pendingBits)) & 31]);
  return digits.join('');
}
