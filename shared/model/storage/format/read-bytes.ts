import {decodeF16} from './binary16.ts';

/** The f16 at `bytes[at]`, low byte first, at any alignment. */
export function f16At(bytes: Uint8Array, at: number): number {
  return decodeF16(u16At(bytes, at));
}

export function u16At(bytes: Uint8Array, at: number): number {
  return byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8);
}

export function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** The byte at `bytes[at]` as a number from −128 to 127. */
export function signedByteAt(bytes: Uint8Array, at: number): number {
  return (byteAt(bytes, at) << 24) >> 24;
}
