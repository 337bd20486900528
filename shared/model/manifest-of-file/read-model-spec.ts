import {ARCHITECTURES, familyOf} from '../families/families.ts';
import {
  familyMetadataSchema,
  understoodKeys,
  type FamilyMetadata,
} from '../families/metadata/family-metadata.ts';
import type {Family} from '../families/metadata/family.ts';
import {HARMLESS_KEYS, NEUTRAL_KEYS} from '../families/metadata/neutral-keys.ts';
import {headSizeOf, readRope, ropeSizeOf, scalingOf} from '../families/metadata/read-rope.ts';
import {ModelUnreadableError, OTHER_FILE} from '../model-unreadable-error.ts';
import {ModelUnsupportedError} from '../model-unsupported-error.ts';
import type {ModelSpec} from '../model-spec.ts';
import {EMBEDDING_TENSOR, LM_HEAD_TENSOR} from '../manifest/tensor-layout.ts';
import {readEndTokenIds, readTokenTexts} from '../text/metadata/end-tokens.ts';
import {checkFileKind} from './check-file-kind.ts';
import type {GgufFile} from '../gguf/gguf-file.ts';
import {readKeys, showValue} from '../gguf/metadata-values.ts';
import {refuseUnknownKeys} from '../gguf/refuse-unknown-keys.ts';

/** What a family's metadata says of one model. */
type Model = {
  readonly architecture: string;
  readonly family: Family;
  readonly metadata: FamilyMetadata;
};

/**
 * The shape of the model in a file: what the graph is built by. Needs no vocabulary.
 *
 * @throws {ModelUnsupportedError} for an architecture, a variant of attention or RoPE or any
 *   other number that the graph builder does not know.
 * @throws {ModelUnreadableError} when the file is a part, or its metadata lacks a number or contradicts itself.
 */
export function readModelSpec(file: GgufFile): ModelSpec {
  checkFileKind(file);
  const model = readModel(file);
  const {architecture, family, metadata} = model;
  checkHeads(model);
  const vocabularySize = vocabularySizeOf(file, model);
  const headCount = metadata['attention.head_count'];
  const spec: ModelSpec = {
    architecture,
    layerCount: metadata.block_count,
    hiddenSize: metadata.embedding_length,
    feedForwardSize: metadata.feed_forward_length,
    headCount,
    kvHeadCount: metadata['attention.head_count_kv'] ?? headCount,
    headSize: headSizeOf(metadata),
    vocabularySize,
    ...readRope(metadata, {architecture, tensors: file.tensors}),
    normEpsilon: metadata['attention.layer_norm_rms_epsilon'],
    tiedEmbedding: !file.tensors.some((tensor) => tensor.name === LM_HEAD_TENSOR),
    endTokenIds: readEndTokenIds(file.metadata, {vocabularySize}),
    ...biasesOf(file, family),
    ...family.constant,
    ...presentTraits(model),
  };
  refuseVariants(model, spec);
  const scaling = scalingOf(metadata, file.tensors);
  const isYarn = scaling === 'yarn';
  refuseUnknownKeys(file.metadata, {
    architecture,
    understood: understoodKeys({
      ofFamily: family.keys ?? [],
      isScaled: isYarn || scaling === 'longrope',
    }),
    harmless: HARMLESS_KEYS,
    neutral: NEUTRAL_KEYS,
    facts: {...spec, isYarn},
  });
  return spec;
}

function readModel(file: GgufFile): Model {
  const architecture = file.metadata['general.architecture'];
  if (architecture === undefined) {
    throw new ModelUnreadableError('the key "general.architecture" is missing');
  }
  const family = typeof architecture === 'string' ? familyOf(architecture) : undefined;
  if (typeof architecture !== 'string' || family === undefined) {
    const last = ARCHITECTURES.at(-1);
    throw new ModelUnsupportedError({
      part: 'architecture',
      found: [showValue(architecture)],
      instead: `take a model of the architecture ${ARCHITECTURES.slice(0, -1).join(', ')} or ${last}`,
    });
  }
  const metadata = readKeys(familyMetadataSchema, file.metadata, `${architecture}.`);
  return {architecture, family, metadata};
}

/** A scale or cap of 0 means none. */
function presentTraits({family, metadata}: Model): Partial<ModelSpec> {
  const traits = Object.entries(family.traits?.(metadata) ?? {});
  return Object.fromEntries(traits.filter(([, value]) => value !== undefined && value !== 0));
}

/** Of the first layer: the others must have the same. */
function biasesOf({tensors}: GgufFile, {optionalBiases = []}: Family): Pick<ModelSpec, 'biases'> {
  const names = new Set(tensors.map(({name}) => name));
  const biases = optionalBiases.filter((part) => names.has(`blk.0.${part}.bias`));
  return biases.length === 0 ? {} : {biases};
}

function checkHeads({architecture, metadata}: Model): void {
  const headCount = metadata['attention.head_count'];
  const kvHeadCount = metadata['attention.head_count_kv'] ?? headCount;
  const headSize = headSizeOf(metadata);
  if (!Number.isInteger(headSize)) {
    throw new ModelUnreadableError(
      `"${architecture}.embedding_length" is ${metadata.embedding_length}, which ${headCount} heads cannot share`,
      {instead: OTHER_FILE},
    );
  }
  if (headSize % 2 !== 0) {
    throw new ModelUnsupportedError({
      part: 'attention variant',
      found: [`with heads of ${headSize} numbers, of which RoPE turns pairs`],
      instead: 'take a model with heads of an even size',
    });
  }
  const ropeSize = ropeSizeOf(metadata);
  if (ropeSize > headSize || ropeSize % 2 !== 0) {
    throw new ModelUnreadableError(
      `"${architecture}.rope.dimension_count" is ${ropeSize}, but RoPE turns pairs of the ${headSize} numbers of a head`,
      {instead: OTHER_FILE},
    );
  }
  if (headCount % kvHeadCount !== 0) {
    throw new ModelUnreadableError(
      `"${architecture}.attention.head_count_kv" is ${kvHeadCount}, which ${headCount} heads cannot share`,
      {instead: OTHER_FILE},
    );
  }
}

/** By the vocabulary; by the embedding where the file has none. */
function vocabularySizeOf({metadata, tensors}: GgufFile, model: Model): number {
  const tokenCount = readTokenTexts(metadata)?.length;
  const embedding = tensors.find(({name}) => name === EMBEDDING_TENSOR);
  const size = tokenCount ?? embedding?.shape[1];
  if (size === undefined) {
    throw new ModelUnreadableError(`it has neither tokens nor the tensor "${EMBEDDING_TENSOR}"`);
  }
  const stated = model.metadata.vocab_size ?? size;
  if (stated !== size) {
    throw new ModelUnreadableError(
      `"${model.architecture}.vocab_size" is ${stated}, but there are ${size} tokens`,
    );
  }
  return size;
}

function refuseVariants({metadata}: Model, {headSize}: ModelSpec): void {
  const valueLength = metadata['attention.value_length'] ?? headSize;
  if (valueLength !== headSize) {
    throw new ModelUnsupportedError({
      part: 'attention variant',
      found: [`with keys of ${headSize} and values of ${valueLength}`],
      instead: 'take a model with keys and values of one size',
    });
  }
}
