import * as z from 'zod';
import {ModelUnreadableError} from '../model-unreadable-error.ts';
import {ModelUnsupportedError} from '../model-unsupported-error.ts';
import {type ModelSpec, modelSpecSchema} from '../model-spec.ts';
import type {GgufFile, GgufMetadata} from './gguf-file.ts';
import {readTokenizerMetadata} from '../text/tokenizer-metadata.ts';

const SUPPORTED_ARCHITECTURES = modelSpecSchema.unwrap().shape.architecture.options;

// GGUF may store any integer in 64 bits.
const count = z.preprocess(
  (value) => (typeof value === 'bigint' ? Number(value) : value),
  z.int().positive(),
);

const llamaSchema = z.object({
  'llama.block_count': count,
  'llama.context_length': count,
  'llama.embedding_length': count,
  'llama.feed_forward_length': count,
  'llama.attention.head_count': count,
  'llama.attention.head_count_kv': count.optional(),
  'llama.attention.key_length': count.optional(),
  'llama.attention.value_length': count.optional(),
  'llama.attention.layer_norm_rms_epsilon': z.number().positive(),
  'llama.rope.freq_base': z.number().positive().default(10_000),
  'llama.rope.dimension_count': count.optional(),
  'llama.rope.scaling.type': z.string().default('none'),
  'llama.expert_count': z.number().default(0),
});

/**
 * @throws {ModelUnsupportedError} for an architecture or a variant of attention or RoPE that the
 *   graph builder does not build.
 * @throws {ModelUnreadableError} when the metadata lacks a number or contradicts itself.
 */
export function readModelSpec(file: GgufFile): ModelSpec {
  const llama = readLlama(file.metadata);
  const headCount = llama['llama.attention.head_count'];
  const hiddenSize = llama['llama.embedding_length'];
  const headSize = llama['llama.attention.key_length'] ?? hiddenSize / headCount;
  const {tokens, endTokenIds} = readTokenizerMetadata(file.metadata);
  const spec = modelSpecSchema.safeParse({
    architecture: 'llama',
    layerCount: llama['llama.block_count'],
    hiddenSize,
    feedForwardSize: llama['llama.feed_forward_length'],
    headCount,
    kvHeadCount: llama['llama.attention.head_count_kv'] ?? headCount,
    headSize,
    vocabularySize: tokens.length,
    contextTokens: llama['llama.context_length'],
    ropeBase: llama['llama.rope.freq_base'],
    ropeInterleaved: true,
    normEpsilon: llama['llama.attention.layer_norm_rms_epsilon'],
    tiedEmbedding: !file.tensors.some((tensor) => tensor.name === 'output.weight'),
    endTokenIds,
  });
  if (!spec.success) throw unreadable(spec.error);
  refuseVariants(llama, headSize);
  return spec.data;
}

function readLlama(metadata: GgufMetadata): z.infer<typeof llamaSchema> {
  const architecture = metadata['general.architecture'];
  if (architecture !== 'llama') {
    throw new ModelUnsupportedError('architecture', String(architecture), SUPPORTED_ARCHITECTURES);
  }
  const llama = llamaSchema.safeParse(metadata);
  if (!llama.success) throw unreadable(llama.error);
  return llama.data;
}

function refuseVariants(llama: z.infer<typeof llamaSchema>, headSize: number): void {
  const experts = llama['llama.expert_count'];
  if (experts > 0) {
    throw new ModelUnsupportedError('architecture', `llama with ${experts} experts`, ['llama']);
  }
  const scaling = llama['llama.rope.scaling.type'];
  if (scaling !== 'none') throw new ModelUnsupportedError('RoPE variant', scaling, ['none']);
  const rotated = llama['llama.rope.dimension_count'] ?? headSize;
  if (rotated !== headSize) {
    throw new ModelUnsupportedError(
      'RoPE variant',
      `${rotated} of ${headSize} dimensions rotated`,
      ['all dimensions'],
    );
  }
  const valueLength = llama['llama.attention.value_length'] ?? headSize;
  if (valueLength !== headSize) {
    throw new ModelUnsupportedError(
      'attention variant',
      `keys of ${headSize}, values of ${valueLength}`,
      ['keys and values of one size'],
    );
  }
}

function unreadable(error: z.ZodError): ModelUnreadableError {
  const issue = error.issues[0];
  return new ModelUnreadableError(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, {
    cause: error,
  });
}
