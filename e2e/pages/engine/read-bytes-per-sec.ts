const ROUNDS = 5;

/** How fast so many threads together read memory with WebAssembly's vectors: the best of some rounds. */
export async function readBytesPerSec(threads: number): Promise<number> {
  const readers = await Promise.all(Array.from({length: threads}, startReader));
  try {
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const startMs = performance.now();
      const read = await Promise.all(readers.map(readAll));
      const byteLength = read.reduce((sum, bytes) => sum + bytes, 0);
      rates.push((1_000 * byteLength) / (performance.now() - startMs));
    }
    return Math.max(...rates);
  } finally {
    for (const reader of readers) reader.terminate();
  }
}

/** @returns a thread whose memory is there. */
async function startReader(): Promise<Worker> {
  const reader = new Worker(new URL('memory-reader.worker.ts', import.meta.url), {type: 'module'});
  await readAll(reader);
  return reader;
}

/** @returns how many bytes it read. */
async function readAll(reader: Worker): Promise<number> {
  return await new Promise((resolve, reject) => {
    reader.addEventListener('message', ({data}) => resolve(data), {once: true});
    reader.addEventListener('error', ({message}) => reject(new Error(message)), {once: true});
    reader.postMessage(null, []);
  });
}
