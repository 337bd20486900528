/** `GPUBufferUsage` storage, copy source and copy target: Node, which tests run in, has no such name. */
export const STORAGE_USAGE = 0x80 | 0x04 | 0x08;
