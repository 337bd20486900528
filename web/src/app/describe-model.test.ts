import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {capacityOfMemory} from '#shared/model/manifest/layer-capacity.ts';
import {parseManifest} from '#shared/model/manifest/parse-manifest.ts';
import {sumByteLength, tensorsOfEmbedding} from '#shared/model/manifest/shard-tensors.ts';
import {describeModel} from './describe-model.ts';
import {choiceOfLayers, choiceWithin} from '../ports/model-card.ts';

const manifestUrl = new URL(
  '../../../public/catalog/smollm2-135m-instruct.manifest.json',
  import.meta.url,
);
const manifest = parseManifest(JSON.parse(readFileSync(manifestUrl, 'utf8')));
const KV_TOKENS = 8192;
const card = describeModel({title: 'A model', licence: 'X', manifest, kvTokens: KV_TOKENS});

test('[PG1] offers every whole number of cells, each dearer than the one before', () => {
  expect(card.choices.map(({layerCount}) => layerCount)).toEqual([5, 10, 15, 20, 25, 30]);
  card.choices.reduce((before, choice) => {
    expect(choice.memoryMiB).toBeGreaterThan(before.memoryMiB);
    expect(choice.maxDownloadBytes).toBeGreaterThan(before.maxDownloadBytes);
    return choice;
  });
});

test('[PG2] the memory of a choice is the least that phase 1 takes for this many layers anywhere', () => {
  const embeddingBytes = sumByteLength(tensorsOfEmbedding(manifest));
  const capacity = (memoryMiB: number) =>
    capacityOfMemory(manifest.spec, {
      budgetBytes: memoryMiB * 1024 * 1024,
      kvTokens: KV_TOKENS,
      embeddingBytes,
    });
  for (const {layerCount, memoryMiB} of card.choices) {
    const places = layerCount === 30 ? (['both'] as const) : (['first', 'last'] as const);
    const least = (at: number) => Math.min(...places.map((place) => capacity(at)[place]));
    expect(least(memoryMiB)).toBeGreaterThanOrEqual(layerCount);
    expect(least(memoryMiB - 1)).toBeLessThan(layerCount);
  }
});

/** The engine's code, on the CPU and at most. */
const [CPU_BYTES, MOST_BYTES] = [3_300_000, 5_400_000];

test('[PG3] the download of the whole model is every byte behind the header, and the engine; at most the header, too', () => {
  const whole = card.choices.at(-1);
  const bytes = manifest.tensors.reduce((sum, {byteLength}) => sum + byteLength, 0);
  expect(whole).toMatchObject({
    minDownloadBytes: CPU_BYTES + bytes,
    maxDownloadBytes: MOST_BYTES + manifest.header.byteLength + bytes,
  });
  expect(bytes).toBeLessThan(manifest.file.byteLength);
});

test('[PG4] a download says what the middle costs and what an end with its matrix costs', () => {
  const [least] = card.choices;
  const layerBytes = ((least?.minDownloadBytes ?? 0) - CPU_BYTES) / 5;
  const matrixBytes = sumByteLength(tensorsOfEmbedding(manifest));
  const mostWeightBytes = (least?.maxDownloadBytes ?? 0) - MOST_BYTES - manifest.header.byteLength;
  expect(mostWeightBytes).toBeGreaterThanOrEqual(5 * layerBytes + matrixBytes);
  expect(mostWeightBytes).toBeLessThan(5.1 * layerBytes + matrixBytes);
});

test('[PG5] a budget or a number of layers gives the most that it pays for, or the least there is', () => {
  const [least, second] = card.choices;
  expect(choiceWithin(card, (second?.memoryMiB ?? 0) + 1)).toBe(second);
  expect(choiceWithin(card, 1)).toBe(least);
  expect(choiceOfLayers(card, 14)).toBe(second);
  expect(choiceOfLayers(card, 1)).toBe(least);
});

test('[PG50] says by its manifest alone that nobody can chat with a model', () => {
  expect(card.cannotChat).toBeNull();
  const forIds = {...manifest, text: null};
  const {cannotChat} = describeModel({title: 'A', licence: 'X', kvTokens: 1, manifest: forIds});
  expect(cannotChat).toContain('its site offers it for token ids only');
});
