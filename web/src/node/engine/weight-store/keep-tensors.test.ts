import {expect, test} from 'vitest';
import {sha256} from '#shared/testing/sha256.ts';
import type {StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import type {TensorEntry} from '#shared/model/manifest/manifest.ts';
import type {KeepNews, NotKept} from '../load-progress.ts';
import {keepTensors} from './keep-tensors.ts';
import {MemoryWeightStore} from './testing/memory-weight-store.ts';

const bytesOf = (first: number, length: number) =>
  Uint8Array.from({length}, (_, at) => (first + at) % 256);
const CONTENT = new Map([
  ['a', bytesOf(1, 40)],
  ['b', bytesOf(7, 400)],
]);
const ENTRIES: readonly TensorEntry[] = await Promise.all(
  [...CONTENT].map(async ([name, bytes], at) => ({
    name,
    dtype: 'F32' as const,
    shape: [bytes.byteLength / 4],
    offsetBytes: at * 1_000,
    byteLength: bytes.byteLength,
    sha256: await sha256(bytes),
  })),
);
const FILE_BYTES = 440;

/**
 * A tab that loads the two tensors, and what came of it.
 *
 * @param order in which they come; a tab that gets only some of them is closed then.
 */
function tab(store: MemoryWeightStore | null, order: readonly string[] = ['b', 'a']) {
  const news: KeepNews[] = [];
  const fetched: string[] = [];
  let progressBytes = 0;
  const load = async () =>
    await keepTensors({
      store,
      name: 'layers-0-1',
      entries: ENTRIES,
      fetch: async (entries, onTensor) => {
        fetched.push(entries.map(({name}) => name).join(' '));
        const tensors = new Map<string, StoredTensor>();
        for (const coming of order) {
          const entry = entries.find(({name}) => name === coming);
          if (entry === undefined) continue;
          const {name, dtype, shape} = entry;
          const bytes = CONTENT.get(name) ?? new Uint8Array();
          tensors.set(name, {dtype, shape, bytes});
          await onTensor(entry, bytes);
        }
        if (tensors.size < entries.length) throw new Error('The tab was closed');
        return tensors;
      },
      onBytes: (count) => {
        progressBytes += count;
      },
      onNews: (one) => news.push(one),
    });
  return {load, news, fetched, progressBytes: () => progressBytes};
}

async function expectContent(load: () => Promise<ReadonlyMap<string, StoredTensor>>) {
  const tensors = await load();
  for (const {name, shape} of ENTRIES) {
    expect(tensors.get(name)).toEqual({dtype: 'F32', shape, bytes: CONTENT.get(name)});
  }
}

test('[WK1] what was fetched once is read from the device, and counts as progress', async () => {
  const store = new MemoryWeightStore();
  const first = tab(store);
  await expectContent(first.load);
  expect([...store.files.keys()]).toEqual(['layers-0-1']);
  const second = tab(store);
  await expectContent(second.load);
  expect([first.fetched, second.fetched]).toEqual([['a b'], []]);
  expect(second.progressBytes()).toBe(FILE_BYTES);
  expect([...first.news, ...second.news]).toEqual([]);
});

test.each(ENTRIES.map(({name}) => name))(
  '[WK2] one flipped byte in tensor %s is found by name, and the file fetched again once',
  async (tensor) => {
    const store = new MemoryWeightStore();
    await tab(store).load();
    const file = store.files.get('layers-0-1') ?? new Uint8Array();
    const at = tensor === 'a' ? 39 : FILE_BYTES - 1;
    file[at] = (file[at] ?? 0) ^ 1;
    const damaged = tab(store);
    await expectContent(damaged.load);
    expect(damaged.news).toEqual([{kind: 'kept-damaged', tensor}]);
    expect(damaged.fetched).toEqual(['a b']);
    const after = tab(store);
    await expectContent(after.load);
    expect([after.fetched, after.news]).toEqual([[], []]);
  },
);

test('[WK8] a download that was cut off goes on behind the last whole tensor', async () => {
  const store = new MemoryWeightStore();
  const closed = tab(store, ['a']);
  await expect(closed.load()).rejects.toThrow('The tab was closed');
  const next = tab(store);
  await expectContent(next.load);
  expect([next.fetched, next.news, next.progressBytes()]).toEqual([['b'], [], 40]);
  const after = tab(store);
  await expectContent(after.load);
  expect(after.fetched).toEqual([]);
});

test('[WK8] a tensor that came before those in front of it, or was written in part, is fetched again', async () => {
  const early = new MemoryWeightStore();
  await expect(tab(early, ['b']).load()).rejects.toThrow('The tab was closed');
  const cut = new MemoryWeightStore();
  cut.files.set('layers-0-1', Uint8Array.from([...bytesOf(1, 40), ...bytesOf(7, 9)]));
  for (const [store, missing] of [
    [early, 'a b'],
    [cut, 'b'],
  ] as const) {
    const next = tab(store);
    await expectContent(next.load);
    expect([next.fetched, next.news]).toEqual([[missing], []]);
    expect(store.files.get('layers-0-1')).toHaveLength(FILE_BYTES);
  }
});

test.each<NotKept>(['full', 'blocked'])(
  '[WK3] where storage is %s the tensors are used from memory, and that is news',
  async (why) => {
    const store = new MemoryWeightStore();
    store.refuses = why;
    const next = tab(store);
    await expectContent(next.load);
    expect(next.news).toEqual([{kind: 'not-kept', why}]);
  },
);

test('[WK3] a page without storage fetches, and keeps nothing', async () => {
  const next = tab(null);
  await expectContent(next.load);
  expect(next.fetched).toEqual(['a b']);
});

test('[WK4] tabs that want one file at the same time fetch it once', async () => {
  const store = new MemoryWeightStore();
  const tabs = [tab(store), tab(store), tab(store)];
  await Promise.all(tabs.map(async ({load}) => expectContent(load)));
  expect(tabs.map(({fetched}) => fetched)).toEqual([['a b'], [], []]);
});
