import type {ByteSource} from '../byte-source.ts';
import {ModelUnreadableError} from '../model-unreadable-error.ts';
import {BehindTheEnd, GgufCursor} from './gguf-cursor.ts';
import type {GgufFile, GgufMetadata} from './gguf-file.ts';
import {showValue} from './metadata-values.ts';
import {readKeyCount, readMetadata} from './read-metadata.ts';
import {readTensorCount, readTensorInfos} from './read-tensor-infos.ts';

const FIRST_PIECE_BYTES = 2 * 1024 * 1024;
/** The largest real ones, with 262,144 tokens and their merges, have 20 MB. */
const LONGEST_HEADER_BYTES = 128 * 1024 * 1024;

const MAGIC = 0x46554747; // "GGUF"
const VERSIONS = [2, 3];
const BIG_ENDIAN_VERSIONS = VERSIONS.map((version) => version * 2 ** 24);

const DEFAULT_ALIGNMENT_BYTES = 32;
const LARGEST_ALIGNMENT_BYTES = 2 ** 20;

/**
 * Reads metadata and tensor table, and no weights: the first 2 MB, twice as much
 * as long as that does not do. The header alone is enough as a source. Time and
 * memory are bounded by the bytes that are there, whatever they announce. Uses `TextDecoder`,
 * so it is not compiled with the pure part of `shared/`.
 *
 * @throws {ModelUnreadableError} when this is no whole GGUF header.
 */
export async function parseGguf(source: ByteSource): Promise<GgufFile> {
  const utf8 = new TextDecoder('utf-8', {ignoreBOM: true});
  for (let length = FIRST_PIECE_BYTES; ; length *= 2) {
    const bytes = await source.read(0, Math.min(length, source.byteLength));
    try {
      const cursor = new GgufCursor(bytes, (part) => utf8.decode(part));
      return readHeader(cursor, source.byteLength);
    } catch (error) {
      if (!(error instanceof BehindTheEnd)) throw error;
      if (length >= source.byteLength) {
        throw new ModelUnreadableError(
          `it ends inside its header, after ${bytes.byteLength} bytes`,
        );
      }
      if (length >= LONGEST_HEADER_BYTES) {
        throw new ModelUnreadableError(`its header is longer than ${LONGEST_HEADER_BYTES} bytes`);
      }
    }
  }
}

function readHeader(cursor: GgufCursor, fileByteLength: number): GgufFile {
  checkFormat(cursor);
  const tensorCount = readTensorCount(cursor);
  const keyCount = readKeyCount(cursor);
  const metadata = readMetadata(cursor, keyCount);
  const infos = readTensorInfos(cursor, tensorCount);
  const alignment = alignmentOf(metadata);
  // A vocabulary without weights has nothing to align, and may end where its table does.
  const headerByteLength =
    infos.length === 0 ? cursor.position : Math.ceil(cursor.position / alignment) * alignment;
  if (headerByteLength > fileByteLength) {
    throw new ModelUnreadableError(
      `it ends inside its header, after ${fileByteLength} of ${headerByteLength} bytes`,
    );
  }
  const tensors = infos.map(({name, dtype, shape, dataOffsetBytes}) => ({
    name,
    dtype,
    shape,
    offsetBytes: headerByteLength + dataOffsetBytes,
  }));
  return {metadata, tensors, headerByteLength};
}

function checkFormat(cursor: GgufCursor): void {
  if (!isMagic(cursor)) throw new ModelUnreadableError('it is no GGUF file');
  const version = cursor.u32();
  if (VERSIONS.includes(version)) return;
  if (BIG_ENDIAN_VERSIONS.includes(version)) {
    throw new ModelUnreadableError('it is big-endian', {instead: 'take the little-endian file'});
  }
  throw new ModelUnreadableError(
    `it has version ${version} of GGUF, and versions ${VERSIONS.join(' and ')} are read`,
    {instead: 'convert the model again'},
  );
}

function isMagic(cursor: GgufCursor): boolean {
  try {
    return cursor.u32() === MAGIC;
  } catch (error) {
    if (error instanceof BehindTheEnd) return false;
    throw error;
  }
}

function alignmentOf(metadata: GgufMetadata): number {
  const alignment = metadata['general.alignment'] ?? DEFAULT_ALIGNMENT_BYTES;
  const isSound =
    typeof alignment === 'number' &&
    alignment >= 1 &&
    alignment <= LARGEST_ALIGNMENT_BYTES &&
    Number.isInteger(Math.log2(alignment));
  if (isSound) return alignment;
  throw new ModelUnreadableError(
    `general.alignment is ${showValue(alignment)}, and must be a power of two up to ${LARGEST_ALIGNMENT_BYTES}`,
  );
}
