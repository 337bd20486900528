import {cellsOf} from '#shared/model/cut-grid.ts';
import {capacityOfMemory} from '#shared/model/manifest/layer-capacity.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {
  sumByteLength,
  tensorsOfEmbedding,
  tensorsOfShard,
} from '#shared/model/manifest/shard-tensors.ts';
import {TokenIdsOnlyError} from '#shared/client/chat/token-ids-only-error.ts';
import type {LendChoice, ModelCard} from '../ports/model-card.ts';

export type DescribedModel = {
  readonly title: string;
  readonly licence: string;
  readonly manifest: Manifest;
  /** Cache positions that a lending tab promises. */
  readonly kvTokens: number;
};

/**
 * The engine's code as it goes over the wire, packed: onnxruntime on the CPU, and on a GPU where
 * the browser cannot suspend WebAssembly. PG52 measures it.
 */
const ENGINE_CODE_BYTES = {least: 3_300_000, most: 5_400_000};
/** No browser gives one tab more than this. */
const MOST_MEMORY_MIB = 1024 * 1024;

/** What lending and asking take from a person, by the model's manifest. Pure; O(cells²). */
export function describeModel({title, licence, manifest, kvTokens}: DescribedModel): ModelCard {
  const {spec, cutEvery, header} = manifest;
  const {layerCount} = spec;
  // Read once the tab serves, if no question needed it before.
  const vocabularyBytes = manifest.text === null ? 0 : header.byteLength;
  const cells = cellsOf({layerCount, cutEvery}, {startLayer: 0, endLayer: layerCount});
  const choices = cells.map(({endLayer}): LendChoice => {
    const downloads = downloadsOf(manifest, endLayer);
    return {
      layerCount: endLayer,
      memoryMiB: memoryFor(manifest, endLayer, kvTokens),
      minDownloadBytes: ENGINE_CODE_BYTES.least + Math.min(...downloads),
      maxDownloadBytes: ENGINE_CODE_BYTES.most + vocabularyBytes + Math.max(...downloads),
    };
  });
  const cannotChat = manifest.text === null ? new TokenIdsOnlyError().message : null;
  return {title, licence, layerCount, cannotChat, choices};
}

/** Download for each place on the grid where a shard of at most `heldLayers` layers fits. */
function downloadsOf(manifest: Manifest, heldLayers: number): readonly number[] {
  const {cutEvery, spec} = manifest;
  const {layerCount} = spec;
  const lastStart = Math.ceil((layerCount - heldLayers) / cutEvery) * cutEvery;
  const downloads: number[] = [];
  for (let startLayer = 0; startLayer <= lastStart; startLayer += cutEvery) {
    const range = {startLayer, endLayer: Math.min(startLayer + heldLayers, layerCount)};
    const shard = {range, embedding: startLayer === 0, lmHead: range.endLayer === layerCount};
    downloads.push(sumByteLength(tensorsOfShard(manifest, shard)));
  }
  return downloads;
}

/** The least budget that holds `heldLayers` layers, with the embedding or the LM head where they belong. */
function memoryFor(manifest: Manifest, heldLayers: number, kvTokens: number): number {
  const {spec} = manifest;
  const embeddingBytes = sumByteLength(tensorsOfEmbedding(manifest));
  const isEnough = (memoryMiB: number): boolean => {
    const budgetBytes = memoryMiB * 1024 * 1024;
    const capacity = capacityOfMemory(spec, {budgetBytes, kvTokens, embeddingBytes});
    if (heldLayers === spec.layerCount) return capacity.both >= heldLayers;
    return Math.min(capacity.first, capacity.last) >= heldLayers;
  };
  let tooLittle = 0;
  let enough = MOST_MEMORY_MIB;
  while (enough - tooLittle > 1) {
    const middle = Math.floor((tooLittle + enough) / 2);
    if (isEnough(middle)) enough = middle;
    else tooLittle = middle;
  }
  return enough;
}
