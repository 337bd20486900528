/// <reference types="node" />
import {setTimeout as wait} from 'node:timers/promises';

const COLLECTIONS = 8;
const BETWEEN_MS = 250;

/**
 * The heap that is in use when nothing more can be collected. What a collection
 * hands to finalizers, or keeps until the end of a job, is free in a later turn.
 */
async function leastHeapBytes(): Promise<number> {
  let bytes = Number.POSITIVE_INFINITY;
  for (let i = 0; i < COLLECTIONS; i += 1) {
    globalThis.gc?.();
    bytes = Math.min(bytes, process.memoryUsage().heapUsed);
    await wait(BETWEEN_MS);
  }
  return bytes;
}

/** Runs in the process that is measured, before its program: answers each message with its heap in bytes. */
process.on('message', () => {
  void leastHeapBytes().then((bytes) => process.send?.(bytes));
});
// Asking is no reason for the process to live on.
process.channel?.unref();
