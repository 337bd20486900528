import {open, type FileHandle} from 'node:fs/promises';
import type {ByteRange} from './byte-range.ts';

const CHUNK_BYTES = 262_144;

/**
 * The bytes of a part of a file. The file is opened when the first are wanted,
 * and closed after the last, or when nobody wants more.
 *
 * A file that became shorter ends the stream with an error: what was promised
 * cannot be kept.
 */
export function streamFile(path: string, range: ByteRange): ReadableStream<Uint8Array> {
  let file: FileHandle | null = null;
  let nextByte = range.startByte;
  const close = async () => {
    const opened = file;
    file = null;
    await opened?.close();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          file ??= await open(path, 'r');
          const chunk = new Uint8Array(Math.min(CHUNK_BYTES, range.endByte - nextByte));
          const {bytesRead} = await file.read(chunk, 0, chunk.length, nextByte);
          if (bytesRead === 0) throw new Error(`"${path}" became shorter while it was read`);
          nextByte += bytesRead;
          controller.enqueue(chunk.subarray(0, bytesRead));
          if (nextByte < range.endByte) return;
          await close();
          controller.close();
        } catch (error) {
          await close();
          throw error;
        }
      },
      cancel: close,
    },
    {highWaterMark: 0},
  );
}
