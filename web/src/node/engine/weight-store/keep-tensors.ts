import type {StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import type {TensorEntry} from '#shared/model/manifest/manifest.ts';
import {sumByteLength} from '#shared/model/manifest/shard-tensors.ts';
import type {KeepNews} from '../load-progress.ts';
import {EngineError} from '../engine-error.ts';
import {checkTensor} from './check-tensor.ts';
import {TensorWriter} from './tensor-writer.ts';
import type {WeightStore} from './weight-store.ts';

type Tensors = ReadonlyMap<string, StoredTensor>;
/** `onTensor` is called for each tensor as soon as it is there, and waited for. */
export type FetchTensors = (
  entries: readonly TensorEntry[],
  onTensor: (entry: TensorEntry, bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
) => Promise<Tensors>;

type Options = {
  /** `null`: nothing is kept on this device. */
  readonly store: WeightStore | null;
  /** Of the file; the tensors lie in it one after the other, as in the model file. */
  readonly name: string;
  readonly entries: readonly TensorEntry[];
  readonly fetch: FetchTensors;
  readonly onBytes: (byteCount: number) => void;
  readonly onNews: (news: KeepNews) => void;
};

/**
 * Tensors from this device where it keeps them unharmed, else fetched, and kept as
 * they come: a download that was cut off goes on behind the last whole tensor.
 * Every tensor is checked against its hash at every load. Tabs that want the same
 * file at the same time fetch it once.
 *
 * @throws whatever `fetch` throws; that nothing can be kept is news, and no error.
 */
export async function keepTensors(options: Options): Promise<Tensors> {
  const {store, name, fetch, onNews} = options;
  const entries = options.entries.toSorted((a, b) => a.offsetBytes - b.offsetBytes);
  if (store === null || entries.length === 0) return await fetch(entries, async () => {});
  return await store.alone(name, async () => {
    const kept = await readKept(store, {...options, entries});
    const missing = entries.slice(kept.size);
    if (missing.length === 0) return kept;
    const startByte = sumByteLength(entries.slice(0, kept.size));
    const writer = new TensorWriter({store, name, entries: missing, startByte, onNews});
    const fetched = await fetch(missing, (entry, bytes) => writer.add(entry, bytes));
    return new Map([...kept, ...fetched]);
  });
}

/** The first tensors of the file, as far as they are there. */
async function readKept(
  store: WeightStore,
  {name, entries, onBytes, onNews}: Options,
): Promise<Tensors> {
  const tensors = new Map<string, StoredTensor>();
  const bytes = await store.read(name);
  let startByte = 0;
  for (const entry of entries) {
    const endByte = startByte + entry.byteLength;
    if (bytes === null || endByte > bytes.byteLength) break;
    const own = bytes.subarray(startByte, endByte);
    try {
      await checkTensor(entry, own);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      onNews({kind: 'kept-damaged', tensor: entry.name});
      await store.delete(name);
      return new Map();
    }
    tensors.set(entry.name, {dtype: entry.dtype, shape: entry.shape, bytes: own});
    startByte = endByte;
  }
  onBytes(startByte);
  return tensors;
}
