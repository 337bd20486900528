/// <reference types="node" />
import {openAsBlob} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {type ByteSource, blobByteSource} from '#shared/model/byte-source.ts';

const CACHED = new URL('../../.cache/models/SmolLM2-135M-Instruct.Q4_1.gguf', import.meta.url);

/**
 * The real model for tests that are about it: `WEFT_MODEL`, or where `npm test` puts it.
 *
 * @throws {Error} when it is not there. Such tests never skip.
 */
export async function openModelFile(): Promise<ByteSource> {
  const path = process.env['WEFT_MODEL'] ?? fileURLToPath(CACHED);
  const blob = await openAsBlob(path).catch((error: unknown) => {
    throw new Error(
      `Cannot open the model file "${path}": run "npm test", which fetches it, or set WEFT_MODEL`,
      {cause: error},
    );
  });
  return blobByteSource(blob);
}
