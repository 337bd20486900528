import {expect, test} from 'vitest';
import {capacityOfLayers, capacityOfMemory} from './layer-capacity.ts';
import {rotaryTableBytes, type ModelSpec} from '../model-spec.ts';

const spec: ModelSpec = {
  architecture: 'llama',
  layerCount: 30,
  hiddenSize: 576,
  feedForwardSize: 1536,
  headCount: 9,
  kvHeadCount: 3,
  headSize: 64,
  vocabularySize: 49152,
  contextTokens: 8192,
  ropeBase: 100_000,
  ropeInterleaved: true,
  normEpsilon: 1e-5,
  tiedEmbedding: true,
  endTokenIds: [2],
};
const MIB = 1024 * 1024;
const memory = {kvTokens: 4096, embeddingBytes: 30 * MIB};

test('[LC1] a layer cap is a cap at the model, embedding and LM head free under it', () => {
  expect(capacityOfLayers(spec, 10)).toEqual({plain: 10, first: 10, last: 10, both: 10});
  expect(capacityOfLayers(spec, 99).both).toBe(30);
});

test('[LC2] embedding and LM head at the ends of a chain cost layers', () => {
  const {plain, first, last, both} = capacityOfMemory(spec, {...memory, budgetBytes: 640 * MIB});
  // 3.54 M weights and 4,096 cached tokens: 13.5 + 6 MiB a layer, in 0.8 × 640 − 200 MiB.
  expect(plain).toBe(15);
  expect(first).toBe(14);
  expect(last).toBe(10);
  expect(both).toBe(8);
});

test('[LC4] a longer context costs nothing that the cache cannot reach', () => {
  const capacity = (contextTokens: number) =>
    capacityOfMemory({...spec, contextTokens}, {...memory, budgetBytes: 640 * MIB});
  expect(capacity(1_048_576)).toEqual(capacity(4096));
  expect(rotaryTableBytes({...spec, contextTokens: 1_048_576}, 4096)).toBe(MIB);
});

test('[LC3] a budget below the runtime holds nothing', () => {
  expect(capacityOfMemory(spec, {...memory, budgetBytes: 100 * MIB})).toEqual({
    plain: 0,
    first: 0,
    last: 0,
    both: 0,
  });
});
