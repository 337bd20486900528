import {isWeftError} from '#shared/base/errors.ts';
import {makeGoldenVectors} from '#shared/lab/reference-forward/make-golden-vectors.ts';
import {memoryByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {makeManifest} from '#shared/model/manifest-of-file/make-manifest.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {dequantiseRows, rowCount, rowLength} from '#shared/model/storage/dequantise-rows.ts';

/** What became of a file: the code with which it was refused, or `taken`. */
export type Trial = {
  readonly outcome: 'taken' | 'MODEL_UNREADABLE' | 'MODEL_UNSUPPORTED' | 'TEXT_UNSUPPORTED';
  /** Of all reads of the file together. */
  readonly readBytes: number;
};

/** A sentence of ours in one line. */
const SENTENCE = /^Cannot [^\p{Cc}]{1,1100}$/u;

/**
 * Does with a file what whoever offers it and whoever lends it do, short of a graph: reads it,
 * makes its manifest and golden vectors, decodes every tensor.
 *
 * @throws whatever is no refusal with a code and a sentence.
 */
export async function tryFile(
  bytes: Uint8Array<ArrayBuffer>,
  sha256: (bytes: Uint8Array<ArrayBuffer>) => Promise<string>,
): Promise<Trial> {
  const memory = memoryByteSource(bytes);
  let readBytes = 0;
  const source = {
    byteLength: memory.byteLength,
    read: async (start: number, end: number) => {
      const piece = await memory.read(start, end);
      readBytes += piece.byteLength;
      return piece;
    },
  };
  try {
    const gguf = await parseGguf(source);
    const fileSha256 = await sha256(bytes);
    const manifest = await makeManifest({
      id: 'tried',
      cutEvery: 1,
      prompts: 'chat',
      gguf,
      source,
      fileSha256,
      sha256,
    });
    decodeTensors(manifest, bytes);
    const {contextTokens} = manifest.spec;
    await makeGoldenVectors(gguf, {source: memory, contextTokens, cutEvery: 1});
    return {outcome: 'taken', readBytes};
  } catch (error) {
    return {outcome: refusalOf(error), readBytes};
  }
}

function decodeTensors({tensors}: Manifest, file: Uint8Array): void {
  for (const {dtype, shape, offsetBytes, byteLength} of tensors) {
    const bytes = file.subarray(offsetBytes, offsetBytes + byteLength);
    const tensor = {dtype, shape, bytes};
    const row = new Float32Array(rowLength(tensor));
    for (let startRow = 0; startRow < rowCount(tensor); startRow += 1) {
      dequantiseRows(tensor, {startRow, endRow: startRow + 1}, row);
    }
  }
}

function refusalOf(error: unknown): Trial['outcome'] {
  if (!isWeftError(error) || !SENTENCE.test(error.message)) throw error;
  const {code} = error.detail;
  switch (code) {
    case 'MODEL_UNREADABLE':
    case 'MODEL_UNSUPPORTED':
    case 'TEXT_UNSUPPORTED':
      return code;
    default:
      throw error;
  }
}
