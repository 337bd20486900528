import {coalesceRanges, type ByteRange} from '#shared/model/coalesce-ranges.ts';
import type {StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import type {TensorEntry} from '#shared/model/manifest/manifest.ts';
import {DownloadError} from '#shared/client/download/download-error.ts';
import {downloadRange} from '#shared/client/download/download-range.ts';
import type {Patience} from '#shared/client/download/patience.ts';
import {EngineError} from '../engine-error.ts';
import {checkTensor} from '../weight-store/check-tensor.ts';

/** GGUF aligns tensors, to 32 bytes as a rule: a read spans such a gap, but no tensor of others. */
const MAX_GAP_BYTES = 256;
/** What a tab has to fetch again that was closed in the middle. */
const MAX_READ_BYTES = 4 * 2 ** 20;
/** A browser opens six connections to a host, for all tabs together; a read that waits for one looks like a stall. */
const READS_AT_ONCE = 3;

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
  /** Called for each tensor that has been checked; waited for. */
  readonly onTensor: (entry: TensorEntry, bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  readonly signal: AbortSignal;
  readonly patience?: Patience;
}): Promise<ReadonlyMap<string, StoredTensor>> {
  const {entries, onTensor} = options;
  const ranges = coalesceRanges(entries, {
    maxGapBytes: MAX_GAP_BYTES,
    maxRangeBytes: MAX_READ_BYTES,
  });
  const tensors = new Map<string, StoredTensor>();
  const waiting = ranges.values();
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const readOneByOne = async (): Promise<void> => {
    for (const range of waiting) {
      const bytes = await readRange(range, {...options, signal});
      const inside = entries.filter(({offsetBytes}) => isInside(range, offsetBytes));
      for (const entry of inside) {
        const startByte = entry.offsetBytes - range.startByte;
        const own = bytes.subarray(startByte, startByte + entry.byteLength);
        await checkTensor(entry, own);
        tensors.set(entry.name, {dtype: entry.dtype, shape: entry.shape, bytes: own});
        await onTensor(entry, own);
      }
    }
  };
  try {
    await Promise.all(Array.from({length: READS_AT_ONCE}, readOneByOne));
  } catch (error) {
    failed.abort(error); // Nobody waits for the others any more.
    throw error;
  }
  return tensors;
}

async function readRange(
  range: ByteRange,
  options: Omit<Parameters<typeof downloadRange>[0], keyof ByteRange>,
): Promise<Uint8Array<ArrayBuffer>> {
  const {url, onBytes, signal, patience} = options;
  try {
    return await downloadRange({url, ...range, onBytes, signal, ...(patience && {patience})});
  } catch (cause) {
    if (!(cause instanceof DownloadError)) throw cause;
    const {status, fault} = cause.detail;
    const detail = {code: 'WEIGHTS_UNREACHABLE', url, status, fault} as const;
    throw new EngineError(detail, cause.message, {cause});
  }
}

function isInside(range: ByteRange, byte: number): boolean {
  return byte >= range.startByte && byte < range.endByte;
}
