import {GGMLQuantizationType, gguf} from '@huggingface/gguf';
import type {ByteSource} from '../byte-source.ts';
import {ModelUnreadableError} from '../model-unreadable-error.ts';
import type {GgufFile} from './gguf-file.ts';

// The parser insists on a URL; all reading goes through the source.
const ANY_URL = 'https://model.invalid/model.gguf';

/**
 * Reads metadata and tensor table, in pieces of 2 MB, and no weights. The
 * header alone is enough as a source. Uses `Response`, so it is not compiled
 * with the pure part of `shared/`.
 *
 * @throws {ModelUnreadableError} when this is no whole GGUF header.
 */
export async function parseGguf(source: ByteSource): Promise<GgufFile> {
  const parsed = await parse(source);
  const headerByteLength = Number(parsed.tensorDataOffset);
  // The parser takes bytes behind the end for zeros, so a cut file can look like a short one.
  if (headerByteLength > source.byteLength) {
    throw new ModelUnreadableError(
      `it ends inside its header, after ${source.byteLength} of ${headerByteLength} bytes`,
    );
  }
  if (!parsed.littleEndian) throw new ModelUnreadableError('it is big-endian');
  return {
    metadata: {...parsed.metadata},
    tensors: parsed.tensorInfos.map((info) => ({
      name: info.name,
      dtype: GGMLQuantizationType[info.dtype] ?? `type ${String(info.dtype)}`,
      shape: info.shape.map(Number),
      offsetBytes: headerByteLength + Number(info.offset),
    })),
    headerByteLength,
  };
}

async function parse(source: ByteSource): ReturnType<typeof gguf> {
  try {
    return await gguf(ANY_URL, {fetch: async (_url, init) => readRange(source, init)});
  } catch (error) {
    if (error instanceof ModelUnreadableError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ModelUnreadableError(reason, {cause: error});
  }
}

async function readRange(source: ByteSource, init: RequestInit | undefined): Promise<Response> {
  const range = new Headers(init?.headers).get('range') ?? '';
  const [, first, last] = /^bytes=(\d+)-(\d+)$/u.exec(range) ?? [];
  if (first === undefined || last === undefined) {
    throw new ModelUnreadableError(`the parser asked for the range "${range}"`);
  }
  return new Response(await source.read(Number(first), Number(last) + 1), {status: 206});
}
