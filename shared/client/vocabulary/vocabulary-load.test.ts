import {expect, test} from 'vitest';
import type {Vocabulary, VocabularyProgress} from '../model/vocabulary.ts';
import {VocabularyLoad} from './vocabulary-load.ts';

const VOCABULARY: Vocabulary = {
  encodeChat: async () => [],
  toolCallFormat: async () => null,
  encodeText: async () => [],
  tokenBytes: () => new Uint8Array(),
};
const at = (done: number): VocabularyProgress => ({step: 'build', done, total: 4});

/** A load that says and ends what a test wants. */
function scripted() {
  let onProgressOfLoad: ((progress: VocabularyProgress) => void) | null = null;
  const loaded = Promise.withResolvers<Vocabulary>();
  const load = new VocabularyLoad((onProgress) => {
    onProgressOfLoad = onProgress;
    return loaded.promise;
  });
  return {load, loaded, tell: (done: number) => onProgressOfLoad?.(at(done))};
}

async function read(load: VocabularyLoad): Promise<readonly number[]> {
  const seen: number[] = [];
  for await (const {done} of load.progress()) seen.push(done);
  return seen;
}

const settle = () => new Promise((resolve) => void setImmediate(resolve));

test('[VW4] all who wait for a vocabulary see how far it is, whoever came first, until it is there', async () => {
  const {load, loaded, tell} = scripted();
  const first = read(load);
  tell(1);
  await settle();
  const second = read(load);
  await settle();
  // What nobody could have shown in between is left out.
  tell(2);
  tell(3);
  await settle();
  loaded.resolve(VOCABULARY);
  expect(await first).toEqual([1, 3]);
  expect(await second).toEqual([1, 3]);
  expect(await load.get()).toBe(VOCABULARY);
  expect(await read(load)).toEqual([]);
});

test('[VW4] a load that fails ends the progress with its error, and the next who wants it begins again', async () => {
  let loads = 0;
  const load = new VocabularyLoad(async (onProgress) => {
    loads += 1;
    onProgress(at(loads));
    throw new Error('the line is cut');
  });
  await expect(read(load)).rejects.toThrow('the line is cut');
  expect(loads).toBe(1);
  await expect(load.get()).rejects.toThrow('the line is cut');
  expect(loads).toBe(2);
});
