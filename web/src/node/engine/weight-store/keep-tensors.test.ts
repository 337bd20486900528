import {expect, test} from 'vitest';
import {sha256} from '#shared/testing/sha256.ts';
import type {StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import type {TensorEntry} from '#shared/model/manifest/manifest.ts';
import type {KeepNews, NotKept} from '../../../ports/lend-service.ts';
import {keepTensors} from './keep-tensors.ts';
import {MemoryWeightStore} from './testing/memory-weight-store.ts';

const bytesOf = (first: number, length: number) =>
  Uint8Array.from({length}, (_, at) => (first + at) % 256);
const CONTENT = new Map([
  ['a', bytesOf(1, 40)],
  ['b', bytesOf(7, 400)],
]);
const ENTRIES: readonly TensorEntry[] = await Promise.all(
  [...CONTENT].map(async ([name, bytes]) => ({
    name,
    dtype: 'F32' as const,
    shape: [bytes.byteLength / 4],
    offsetBytes: 0,
    byteLength: bytes.byteLength,
    sha256: await sha256(bytes),
  })),
);
const FILE_BYTES = 440;

/** A tab that loads the two tensors, and what came of it. */
function tab(store: MemoryWeightStore | null) {
  const news: KeepNews[] = [];
  let fetches = 0;
  let progressBytes = 0;
  const load = async () =>
    await keepTensors({
      store,
      name: 'layers-0-1',
      entries: ENTRIES,
      fetch: async (entries) => {
        fetches += 1;
        await Promise.resolve();
        return new Map(
          entries.map(({name, dtype, shape}): [string, StoredTensor] => [
            name,
            {dtype, shape, bytes: CONTENT.get(name) ?? new Uint8Array()},
          ]),
        );
      },
      onBytes: (count) => {
        progressBytes += count;
      },
      onNews: (one) => news.push(one),
    });
  return {load, news, fetches: () => fetches, progressBytes: () => progressBytes};
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
  expect([first.fetches(), second.fetches()]).toEqual([1, 0]);
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
    expect(damaged.fetches()).toBe(1);
    const after = tab(store);
    await expectContent(after.load);
    expect([after.fetches(), after.news]).toEqual([0, []]);
  },
);

test('[WK2] a file that was cut off is fetched again', async () => {
  const store = new MemoryWeightStore();
  store.files.set('layers-0-1', bytesOf(1, 40));
  const next = tab(store);
  await expectContent(next.load);
  expect(next.fetches()).toBe(1);
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
  expect(next.fetches()).toBe(1);
});

test('[WK4] tabs that want one file at the same time fetch it once', async () => {
  const store = new MemoryWeightStore();
  const tabs = [tab(store), tab(store), tab(store)];
  await Promise.all(tabs.map(async ({load}) => expectContent(load)));
  expect(tabs.map(({fetches}) => fetches())).toEqual([1, 0, 0]);
});
