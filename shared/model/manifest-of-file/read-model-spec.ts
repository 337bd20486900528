import {
  LLAMA_HARMLESS_KEYS,
  LLAMA_NEUTRAL_KEYS,
  llamaMetadataSchema,
  type LlamaMetadata,
} from '../families/llama-metadata.ts';
import {ModelUnreadableError} from '../model-unreadable-error.ts';
import {ModelUnsupportedError} from '../model-unsupported-error.ts';
import {type ModelSpec, modelSpecSchema} from '../model-spec.ts';
import {EMBEDDING_TENSOR, LM_HEAD_TENSOR} from '../manifest/tensor-layout.ts';
import {readEndTokenIds, readTokenTexts} from '../text/metadata/end-tokens.ts';
import {checkFileKind} from './check-file-kind.ts';
import type {GgufFile} from '../gguf/gguf-file.ts';
import {readKeys, showValue} from '../gguf/metadata-values.ts';
import {refuseUnknownKeys} from '../gguf/refuse-unknown-keys.ts';

const SUPPORTED_ARCHITECTURES = modelSpecSchema.def.innerType.shape.architecture.options;

/**
 * The shape of the model in a file: what the graph is built by. Needs no vocabulary.
 *
 * @throws {ModelUnsupportedError} for an architecture, a variant of attention or RoPE or any
 *   other number that the graph builder does not know.
 * @throws {ModelUnreadableError} when the file is a part, or its metadata lacks a number or contradicts itself.
 */
export function readModelSpec(file: GgufFile): ModelSpec {
  checkFileKind(file);
  checkArchitecture(file.metadata['general.architecture']);
  const llama = readKeys(llamaMetadataSchema, file.metadata);
  const headSize = headSizeOf(llama);
  const vocabularySize = vocabularySizeOf(file, llama);
  const spec: ModelSpec = {
    architecture: 'llama',
    layerCount: llama['llama.block_count'],
    hiddenSize: llama['llama.embedding_length'],
    feedForwardSize: llama['llama.feed_forward_length'],
    headCount: llama['llama.attention.head_count'],
    kvHeadCount: llama['llama.attention.head_count_kv'] ?? llama['llama.attention.head_count'],
    headSize,
    vocabularySize,
    contextTokens: llama['llama.context_length'],
    ropeBase: llama['llama.rope.freq_base'],
    ...ropeFactorOf(llama),
    ropeInterleaved: true,
    normEpsilon: llama['llama.attention.layer_norm_rms_epsilon'],
    tiedEmbedding: !file.tensors.some((tensor) => tensor.name === LM_HEAD_TENSOR),
    endTokenIds: readEndTokenIds(file.metadata, {vocabularySize}),
  };
  refuseVariants(llama, headSize);
  refuseUnknownKeys(file.metadata, {
    architecture: 'llama',
    understood: new Set(Object.keys(llamaMetadataSchema.shape)),
    harmless: LLAMA_HARMLESS_KEYS,
    neutral: LLAMA_NEUTRAL_KEYS,
    facts: spec,
  });
  return spec;
}

function checkArchitecture(architecture: unknown): void {
  if (SUPPORTED_ARCHITECTURES.some((supported) => supported === architecture)) return;
  if (architecture === undefined) {
    throw new ModelUnreadableError('the key "general.architecture" is missing');
  }
  throw new ModelUnsupportedError({
    part: 'architecture',
    found: [showValue(architecture)],
    instead: `take a model of the architecture ${SUPPORTED_ARCHITECTURES.join(' or ')}`,
  });
}

function headSizeOf(llama: LlamaMetadata): number {
  const hiddenSize = llama['llama.embedding_length'];
  const headCount = llama['llama.attention.head_count'];
  const kvHeadCount = llama['llama.attention.head_count_kv'] ?? headCount;
  const headSize = llama['llama.attention.key_length'] ?? hiddenSize / headCount;
  if (!Number.isInteger(headSize)) {
    throw new ModelUnreadableError(
      `"llama.embedding_length" is ${hiddenSize}, which ${headCount} heads cannot share`,
    );
  }
  if (headSize % 2 !== 0) {
    throw new ModelUnreadableError(`the head size ${headSize} is odd, and RoPE turns pairs`);
  }
  if (headCount % kvHeadCount !== 0) {
    throw new ModelUnreadableError(
      `"llama.attention.head_count_kv" is ${kvHeadCount}, which ${headCount} heads cannot share`,
    );
  }
  return headSize;
}

/** By the vocabulary; by the embedding where the file has none. */
function vocabularySizeOf({metadata, tensors}: GgufFile, llama: LlamaMetadata): number {
  const tokenCount = readTokenTexts(metadata)?.length;
  const embedding = tensors.find(({name}) => name === EMBEDDING_TENSOR);
  const size = tokenCount ?? embedding?.shape[1];
  if (size === undefined) {
    throw new ModelUnreadableError(`it has neither tokens nor the tensor "${EMBEDDING_TENSOR}"`);
  }
  const stated = llama['llama.vocab_size'] ?? size;
  if (stated !== size) {
    throw new ModelUnreadableError(`"llama.vocab_size" is ${stated}, but there are ${size} tokens`);
  }
  return size;
}

/**
 * A factor without a type is linear, and so is the old key: as in llama.cpp. A type "none" with a
 * factor scales nothing.
 */
function ropeFactorOf(llama: LlamaMetadata): Pick<ModelSpec, 'ropeFactor'> {
  const factor = llama['llama.rope.scaling.factor'];
  const oldFactor = llama['llama.rope.scale_linear'];
  if (factor !== undefined && oldFactor !== undefined && factor !== oldFactor) {
    throw new ModelUnreadableError(
      `"llama.rope.scaling.factor" is ${factor}, but "llama.rope.scale_linear" is ${oldFactor}`,
    );
  }
  const ropeFactor = factor ?? oldFactor ?? 1;
  const isScaled = ropeFactor !== 0 && ropeFactor !== 1;
  return isScaled && llama['llama.rope.scaling.type'] !== 'none' ? {ropeFactor} : {};
}

function refuseVariants(llama: LlamaMetadata, headSize: number): void {
  const scaling = llama['llama.rope.scaling.type'] ?? 'linear';
  if (scaling !== 'none' && scaling !== 'linear') {
    throw new ModelUnsupportedError({
      part: 'RoPE variant',
      found: [showValue(scaling)],
      instead: 'take a model with plain or linear RoPE',
    });
  }
  const rotated = llama['llama.rope.dimension_count'] ?? headSize;
  if (rotated !== headSize) {
    throw new ModelUnsupportedError({
      part: 'RoPE variant',
      found: [`with ${rotated} of ${headSize} dimensions rotated`],
      instead: 'take a model with all dimensions rotated',
    });
  }
  const valueLength = llama['llama.attention.value_length'] ?? headSize;
  if (valueLength !== headSize) {
    throw new ModelUnsupportedError({
      part: 'attention variant',
      found: [`with keys of ${headSize} and values of ${valueLength}`],
      instead: 'take a model with keys and values of one size',
    });
  }
}
