// Node, which tests run in, has none of the names that browsers have for them.

/** `GPUBufferUsage` storage, copy source and copy target. */
export const STORAGE_USAGE = 0x80 | 0x04 | 0x08;
/** `GPUBufferUsage` copy target and map to read. */
export const READ_USAGE = 0x08 | 0x01;
/** `GPUMapMode` read. */
export const MAP_READ = 0x01;
