import {coalesceRanges, type ByteRange} from '#shared/model/coalesce-ranges.ts';
import type {StoredTensor} from '#shared/model/dequantise/dequantise-rows.ts';
import type {TensorEntry} from '#shared/model/manifest.ts';
import {checkTensor} from './check-tensor.ts';
import {readRange} from './read-range.ts';

/** GGUF aligns tensors, to 32 bytes as a rule: a read spans such a gap, but no tensor of others. */
const MAX_GAP_BYTES = 256;
const MAX_READ_BYTES = 16 * 2 ** 20;

/**
 * Fetches tensors by byte range, in as few reads as their places allow, and
 * checks each against its hash.
 *
 * @returns them by name, as stored.
 * @throws {EngineError} `WEIGHTS_UNREACHABLE`, `TENSOR_ALTERED`; the signal's reason when aborted.
 */
export async function readTensors(options: {
  readonly url: string;
  readonly entries: readonly TensorEntry[];
  readonly onBytes: (byteCount: number) => void;
  readonly signal: AbortSignal;
}): Promise<ReadonlyMap<string, StoredTensor>> {
  const {url, entries, onBytes, signal} = options;
  const ranges = coalesceRanges(entries, {
    maxGapBytes: MAX_GAP_BYTES,
    maxRangeBytes: MAX_READ_BYTES,
  });
  const read = async (range: ByteRange): Promise<readonly (readonly [string, StoredTensor])[]> => {
    const bytes = await readRange({url, ...range, onBytes, signal});
    const inside = entries.filter(({offsetBytes}) => isInside(range, offsetBytes));
    return await Promise.all(
      inside.map(async (entry) => {
        const startByte = entry.offsetBytes - range.startByte;
        const own = bytes.subarray(startByte, startByte + entry.byteLength);
        await checkTensor(entry, own);
        return [entry.name, {dtype: entry.dtype, shape: entry.shape, bytes: own}] as const;
      }),
    );
  };
  return new Map((await Promise.all(ranges.map(read))).flat());
}

function isInside(range: ByteRange, byte: number): boolean {
  return byte >= range.startByte && byte < range.endByte;
}
