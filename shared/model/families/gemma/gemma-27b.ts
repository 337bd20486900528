import type {FamilyMetadata} from '../metadata/family-metadata.ts';

/**
 * The largest Gemma scales attention by its width and not by the size of its heads. Its files do not
 * say so; llama.cpp knows them by their layers (`llama_model::load_hparams`).
 */
export function attentionScaleOf27B(
  metadata: FamilyMetadata,
  {layers}: {readonly layers: number},
): number | undefined {
  if (metadata.block_count !== layers) return undefined;
  return 1 / Math.sqrt(metadata.embedding_length / metadata['attention.head_count']);
}
