/** Bytes that are read by range: a file, a Blob, a URL that answers range requests, or memory. */
export interface ByteSource {
  /** Of the whole thing. */
  readonly byteLength: number;
  /**
   * Bytes `[startByte, endByte)`, fewer when the range passes the end.
   * Rejects when they cannot be read.
   */
  read(startByte: number, endByte: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A source over bytes that are already here, for example a file's header. No copy. */
export function memoryByteSource(bytes: Uint8Array<ArrayBuffer>): ByteSource {
  return {
    byteLength: bytes.byteLength,
    read: async (startByte, endByte) => bytes.subarray(startByte, endByte),
  };
}

/** A source over a `Blob` or `File`: what is not read stays on the disk. */
export function blobByteSource(blob: {
  readonly size: number;
  slice(start: number, end: number): {arrayBuffer(): Promise<ArrayBuffer>};
}): ByteSource {
  return {
    byteLength: blob.size,
    read: async (startByte, endByte) =>
      new Uint8Array(await blob.slice(startByte, endByte).arrayBuffer()),
  };
}
