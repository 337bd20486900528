import {ModelUnreadableError} from '../model-unreadable-error.ts';
import type {ByteSource} from '../byte-source.ts';
import type {GgufFile} from '../gguf/gguf-file.ts';
import {readModelSpec} from './read-model-spec.ts';
import {readTensorTable} from './read-tensor-table.ts';
import type {Manifest, TensorEntry} from '../manifest/manifest.ts';
import type {ModelSpec} from '../model-spec.ts';
import {parseManifest} from '../manifest/parse-manifest.ts';
import {checkChat} from '../text/chat/check-chat.ts';

/** SHA-256 of bytes as 64 hex digits. */
type Sha256Bytes = (bytes: Uint8Array<ArrayBuffer>) => Promise<string>;

type MakeManifestInput = {
  readonly id: string;
  /** In layers. */
  readonly cutEvery: number;
  /** What may be asked of the model: a chat needs a vocabulary and a template that Weft knows. */
  readonly prompts: 'chat' | 'token-ids';
  readonly gguf: GgufFile;
  /** The whole file. */
  readonly source: ByteSource;
  /** Of the whole file: hashed by the caller, who can stream. */
  readonly fileSha256: string;
  readonly sha256: Sha256Bytes;
};

/**
 * Describes a GGUF file so that any part of it can be fetched and checked alone.
 * Reads every tensor once; one tensor in memory at a time.
 *
 * @throws {ModelUnsupportedError} and {ModelUnreadableError} as the readers in `gguf/` do.
 * @throws {TextUnsupportedError} when `prompts` is `chat` and no client could.
 * @throws {ManifestInvalidError} when `cutEvery` is more than the model has layers.
 */
export async function makeManifest(input: MakeManifestInput): Promise<Manifest> {
  const {id, cutEvery, prompts, gguf, source, fileSha256, sha256} = input;
  const spec = readModelSpec(gguf);
  const places = readTensorTable(gguf, spec, {fileByteLength: source.byteLength});
  const text = prompts === 'chat' ? checkChat(gguf.metadata, spec) : null;
  const header = await source.read(0, gguf.headerByteLength);
  const tensors: TensorEntry[] = [];
  // In turn, so that one tensor at a time is in memory.
  for (const place of places) {
    const bytes = await source.read(place.offsetBytes, place.offsetBytes + place.byteLength);
    if (bytes.byteLength !== place.byteLength) {
      throw new ModelUnreadableError(`it ends inside the tensor "${place.name}"`);
    }
    tensors.push({...place, sha256: await sha256(bytes)});
  }
  return parseManifest({
    manifestVersion: 1,
    id,
    family: familyOf(gguf, spec),
    cutEvery,
    spec,
    file: {byteLength: source.byteLength, sha256: fileSha256},
    header: {byteLength: gguf.headerByteLength, sha256: await sha256(header)},
    tensors,
    text,
  });
}

function familyOf(gguf: GgufFile, {architecture}: ModelSpec): string {
  const family = gguf.metadata['general.basename'];
  return typeof family === 'string' && family !== '' ? family.toLowerCase() : architecture;
}
