import {byteAt} from '../format/read-bytes.ts';
import type {StoredBlock} from '../format/storage-format.ts';

/** The 32 nibbles of 16 bytes: all low ones, then all high ones. */
export function readNibbles({bytes, at}: StoredBlock, integers: Int8Array): void {
  for (let i = 0; i < 16; i += 1) {
    const pair = byteAt(bytes, at + i);
    integers[i] = pair & 15;
    integers[16 + i] = pair >> 4;
  }
}

/** Adds 16 to each of 32 integers whose bit is set in the 4 bytes, the lowest bit first. */
export function addFifthBits({bytes, at}: StoredBlock, integers: Int8Array): void {
  for (let i = 0; i < 32; i += 1) {
    const bit = (byteAt(bytes, at + (i >> 3)) >> (i & 7)) & 1;
    integers[i] = (integers[i] ?? 0) | (bit << 4);
  }
}

/** Takes `centre` from each of the 32 integers. */
export function centreIntegers(integers: Int8Array, centre: number): void {
  for (let i = 0; i < 32; i += 1) integers[i] = (integers[i] ?? 0) - centre;
}
