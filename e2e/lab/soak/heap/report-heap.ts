/// <reference types="node" />

/** Runs in the process that is measured, before its program: answers each message with its heap in bytes. */
process.on('message', () => {
  // Twice: what the first leaves to finalizers, the second takes.
  globalThis.gc?.();
  globalThis.gc?.();
  process.send?.(process.memoryUsage().heapUsed);
});
// Asking is no reason for the process to live on.
process.channel?.unref();
