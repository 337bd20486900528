import {ModelUnreadableError} from '../model-unreadable-error.ts';

/** UTF-8 → text; bytes that are not UTF-8 become U+FFFD, and a byte order mark stays. */
type DecodeText = (bytes: Uint8Array) => string;

/** Reads on behind the bytes that are here: more of the file is needed, if there is more. */
export class BehindTheEnd extends Error {
  override readonly name = 'BehindTheEnd';
}

/** No text of a real file is longer; chat templates have some ten thousand bytes. */
const LONGEST_TEXT_BYTES = 16 * 1024 * 1024;

/** The little-endian numbers and texts of a header, one after the other. */
export class GgufCursor {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #decodeText: DecodeText;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>, decodeText: DecodeText) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#decodeText = decodeText;
  }

  /** In bytes, from the start of the file. */
  get position(): number {
    return this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  f32(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** A number where that is exact. */
  u64(): number | bigint {
    return exactNumber(this.#view.getBigUint64(this.#take(8), true));
  }

  i64(): number | bigint {
    return exactNumber(this.#view.getBigInt64(this.#take(8), true));
  }

  /** @throws {ModelUnreadableError} when it is above `most`: nothing is read or made for it. */
  count(what: string, most: number): number {
    const count = this.u64();
    if (typeof count === 'number' && count <= most) return count;
    throw new ModelUnreadableError(`${what} is ${count}; the most that is read is ${most}`);
  }

  text(what: string, mostBytes = LONGEST_TEXT_BYTES): string {
    const byteLength = this.count(`the length of ${what}`, mostBytes);
    const start = this.#take(byteLength);
    return this.#decodeText(this.#bytes.subarray(start, start + byteLength));
  }

  /** Fails before a list is made that these bytes cannot hold. */
  expect(byteLength: number): void {
    if (this.#at + byteLength > this.#bytes.byteLength) throw new BehindTheEnd();
  }

  #take(byteLength: number): number {
    this.expect(byteLength);
    const start = this.#at;
    this.#at += byteLength;
    return start;
  }
}

function exactNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
