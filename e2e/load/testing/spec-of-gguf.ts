import {memoryByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {readModelSpec} from '#shared/model/manifest-of-file/read-model-spec.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';

/** What a file that a test wrote says of its model. */
export async function specOfGguf(gguf: Uint8Array<ArrayBuffer>): Promise<ModelSpec> {
  return readModelSpec(await parseGguf(memoryByteSource(gguf)));
}
