import type {StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import type {TensorEntry} from '#shared/model/manifest/manifest.ts';
import {sumByteLength} from '#shared/model/manifest/shard-tensors.ts';
import type {KeepNews} from '../../../ports/lend-service.ts';
import {EngineError} from '../engine-error.ts';
import {checkTensor} from './check-tensor.ts';
import {NotKeptError, type WeightStore} from './weight-store.ts';

type Tensors = ReadonlyMap<string, StoredTensor>;

type Options = {
  /** `null`: nothing is kept on this device. */
  readonly store: WeightStore | null;
  /** Of the file; the tensors lie in it one after the other, as in `entries`. */
  readonly name: string;
  readonly entries: readonly TensorEntry[];
  readonly fetch: (entries: readonly TensorEntry[]) => Promise<Tensors>;
  readonly onBytes: (byteCount: number) => void;
  readonly onNews: (news: KeepNews) => void;
};

/**
 * Tensors from this device where it keeps them unharmed, else fetched, and then
 * kept. Every tensor is checked against its hash at every load. Tabs that want
 * the same file at the same time fetch it once.
 *
 * @throws whatever `fetch` throws; that nothing can be kept is news, and no error.
 */
export async function keepTensors(options: Options): Promise<Tensors> {
  const {store, name, entries, fetch} = options;
  if (store === null || entries.length === 0) return await fetch(entries);
  return await store.alone(name, async () => {
    const kept = await readKept(store, options);
    if (kept !== null) return kept;
    const fetched = await fetch(entries);
    await keep(store, fetched, options);
    return fetched;
  });
}

async function readKept(
  store: WeightStore,
  {name, entries, onBytes, onNews}: Options,
): Promise<Tensors | null> {
  const bytes = await store.read(name);
  // Of another length: a write that was cut off.
  if (bytes === null || bytes.byteLength !== sumByteLength(entries)) return null;
  const tensors = new Map<string, StoredTensor>();
  let startByte = 0;
  for (const entry of entries) {
    const own = bytes.subarray(startByte, startByte + entry.byteLength);
    try {
      await checkTensor(entry, own);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      onNews({kind: 'kept-damaged', tensor: entry.name});
      await store.delete(name);
      return null;
    }
    tensors.set(entry.name, {dtype: entry.dtype, shape: entry.shape, bytes: own});
    startByte += entry.byteLength;
  }
  onBytes(bytes.byteLength);
  return tensors;
}

async function keep(
  store: WeightStore,
  tensors: Tensors,
  {name, entries, onNews}: Options,
): Promise<void> {
  const bytes = new Uint8Array(sumByteLength(entries));
  let startByte = 0;
  for (const entry of entries) {
    bytes.set(tensors.get(entry.name)?.bytes ?? [], startByte);
    startByte += entry.byteLength;
  }
  try {
    await store.write(name, bytes);
  } catch (error) {
    if (!(error instanceof NotKeptError)) throw error;
    onNews({kind: 'not-kept', why: error.detail.why});
  }
}
