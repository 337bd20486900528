/** Token ids as the payload of a `tokens` frame: u32, little endian. */
export function encodeTokenIds(tokenIds: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(tokenIds.length * 4);
  const view = new DataView(bytes.buffer);
  tokenIds.forEach((id, i) => {
    view.setUint32(i * 4, id, true);
  });
  return bytes;
}

/** The ids in the payload of a `tokens` frame, whose size `parseFrame` has checked. */
export function decodeTokenIds(payload: Uint8Array): Uint32Array {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return Uint32Array.from({length: payload.byteLength / 4}, (_, i) => view.getUint32(i * 4, true));
}
