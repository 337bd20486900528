import type {NextRandom} from '#shared/scheduling/seeded-choice.ts';

/** Counts that no file can hold, and those just beside what a u32 or an f64 holds. */
const ABSURD_COUNTS = [2n ** 63n, 2n ** 60n, 2n ** 53n + 1n, 2n ** 32n, 2n ** 31n, 0n];
const MOST_WOUNDS = 3;
const LONGEST_WOUND_BYTES = 8;

/** A file with one to three wounds in its header, as `random` says; every fourth is cut somewhere as well. */
export function damageFile(
  sound: Uint8Array<ArrayBuffer>,
  {headerByteLength, random}: {readonly headerByteLength: number; readonly random: NextRandom},
): Uint8Array<ArrayBuffer> {
  const bytes = sound.slice();
  const below = (most: number): number => Math.floor(random() * most);
  const wounds = 1 + below(MOST_WOUNDS);
  for (let wound = 0; wound < wounds; wound += 1) {
    const at = below(headerByteLength - LONGEST_WOUND_BYTES);
    if (below(2) === 0) {
      bytes.set(littleEndian(ABSURD_COUNTS[below(ABSURD_COUNTS.length)] ?? 0n), at);
    } else {
      const length = 1 + below(LONGEST_WOUND_BYTES);
      for (let i = 0; i < length; i += 1) bytes[at + i] = below(256);
    }
  }
  return below(4) === 0 ? bytes.slice(0, below(bytes.byteLength)) : bytes;
}

const HEADER_START = Uint8Array.of(0x47, 0x47, 0x55, 0x46, 3, 0, 0, 0); // "GGUF", version 3
/** Most numbers of a header are small: random bytes alone would all end at the first count. */
const SMALL_BYTES = 16;

/** Random bytes behind the first eight of a header, small and zero ones more often than others. */
export function randomHeader(byteLength: number, random: NextRandom): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_START.length + byteLength);
  bytes.set(HEADER_START);
  for (let at = HEADER_START.length; at < bytes.length; at += 1) {
    const kind = Math.floor(random() * 8);
    if (kind < 5) continue;
    bytes[at] = Math.floor(random() * (kind < 7 ? SMALL_BYTES : 256));
  }
  return bytes;
}

function littleEndian(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}
