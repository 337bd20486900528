import {GGMLQuantizationType, GGUFValueType, serializeGgufMetadata} from '@huggingface/gguf';
import {BYTE_ALPHABET} from '#shared/model/text/bytes/byte-alphabet.ts';
import type {TensorDtype} from '#shared/model/storage/block-sizes.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {EMBEDDING_TENSOR, modelTensors} from '#shared/model/manifest/tensor-layout.ts';
import {tinyTensorBytes} from './tiny-tensor-bytes.ts';

/** One value of a file's metadata, as the writer of headers takes it. */
export type MetadataEntry = {
  readonly value: string | number | bigint | boolean | readonly (string | number | bigint)[];
  readonly type: GGUFValueType;
  readonly subType?: GGUFValueType;
};
/** Keys to add or to replace; `null` leaves one out. */
export type MetadataChange = Readonly<Record<string, MetadataEntry | null>>;

export type TinyModelShape = Pick<
  ModelSpec,
  'layerCount' | 'hiddenSize' | 'feedForwardSize' | 'headCount' | 'kvHeadCount' | 'contextTokens'
>;

const DEFAULT_SHAPE: TinyModelShape = {
  layerCount: 4,
  hiddenSize: 64,
  feedForwardSize: 128,
  headCount: 4,
  kvHeadCount: 2,
  contextTokens: 512,
};

const ALIGNMENT_BYTES = 32;
const CONTROL_TOKENS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];
// Odd and large: the tensors of two neighbouring seeds have no seed in common.
const SEED_STRIDE = 0x9e3779b1;
const END_TOKEN_ID = 2;
const CONTROL_TYPE = 3;
const NORMAL_TYPE = 1;
// Merged letter by letter, so that BPE has something to do.
const WORDS = [
  'Ġthe',
  'Ġand',
  'Ġyou',
  'Ġwhat',
  'Ġhello',
  'Ġworld',
  'Ġbecause',
  'Ġlayer',
  'user',
  'system',
  'assistant',
];
const CHAT_TEMPLATE =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content']" +
  " + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}" +
  "{{ '<|im_start|>assistant\\n' }}{% endif %}";

/**
 * A whole, valid GGUF file of a llama model with random weights: unless asked for
 * others, the storage types of SmolLM2 (Q4_1 layers, Q8_0 tied embedding, F32 norms) in
 * about 120 KB. The same options give the same bytes. It babbles, but never the same logits twice.
 */
export function tinyGguf(options: {
  readonly seed: number;
  readonly shape?: Partial<TinyModelShape>;
  readonly metadata?: MetadataChange;
  /** The storage type of each tensor, by its name. Rows must be whole blocks of it. */
  readonly dtypeOf?: (name: string) => TensorDtype;
}): Uint8Array<ArrayBuffer> {
  const {dtypeOf = dtypeAsSmolLm2} = options;
  const shape = {...DEFAULT_SHAPE, ...options.shape};
  const vocabulary = tinyVocabulary();
  const spec = specOf(shape, vocabulary.tokens.length);
  const tensors = modelTensors(spec).map((tensor, index) => {
    const dtype = dtypeOf(tensor.name);
    const bytes = tinyTensorBytes({
      dtype,
      shape: tensor.shape,
      seed: Math.imul(options.seed, SEED_STRIDE) + index,
    });
    return {...tensor, dtype, bytes};
  });
  const table: Uint8Array[] = [];
  let offsetBytes = 0;
  for (const {name, shape: sizes, dtype, bytes} of tensors) {
    table.push(tensorLine({name, sizes, dtype, offsetBytes}));
    offsetBytes += alignUp(bytes.byteLength);
  }
  const header = concat([
    metadataBytes({...metadataOf(spec, vocabulary), ...options.metadata}, tensors.length),
    ...table,
  ]);
  return concat([padded(header), ...tensors.map((tensor) => padded(tensor.bytes))]);
}

function specOf(shape: TinyModelShape, vocabularySize: number): ModelSpec {
  return {
    ...shape,
    architecture: 'llama',
    headSize: shape.hiddenSize / shape.headCount,
    vocabularySize,
    ropeBase: 10_000,
    ropeInterleaved: true,
    normEpsilon: 1e-5,
    tiedEmbedding: true,
    endTokenIds: [END_TOKEN_ID],
  };
}

function dtypeAsSmolLm2(name: string): TensorDtype {
  if (name === EMBEDDING_TENSOR) return 'Q8_0';
  return name.includes('norm') ? 'F32' : 'Q4_1';
}

type TinyVocabulary = {
  readonly tokens: readonly string[];
  readonly merges: readonly string[];
  /** By GGUF's `token_type`. */
  readonly types: readonly number[];
};

/** What every tiny model's file has for turning text into ids. */
export function tinyVocabulary(): TinyVocabulary {
  const tokens = new Set([...CONTROL_TOKENS, ...BYTE_ALPHABET]);
  const merges = new Set<string>();
  for (const word of WORDS) {
    for (let end = 2; end <= word.length; end += 1) {
      merges.add(`${word.slice(0, end - 1)} ${word.charAt(end - 1)}`);
      tokens.add(word.slice(0, end));
    }
  }
  const isControl = (id: number) => id < CONTROL_TOKENS.length;
  const types = [...tokens].map((_, id) => (isControl(id) ? CONTROL_TYPE : NORMAL_TYPE));
  return {tokens: [...tokens], merges: [...merges], types};
}

function metadataOf(spec: ModelSpec, {tokens, merges, types}: TinyVocabulary): MetadataChange {
  return {
    'general.architecture': text('llama'),
    'general.basename': text('tiny'),
    'general.alignment': integer(ALIGNMENT_BYTES),
    'llama.block_count': integer(spec.layerCount),
    'llama.context_length': integer(spec.contextTokens),
    'llama.embedding_length': integer(spec.hiddenSize),
    'llama.feed_forward_length': integer(spec.feedForwardSize),
    'llama.attention.head_count': integer(spec.headCount),
    'llama.attention.head_count_kv': integer(spec.kvHeadCount),
    'llama.attention.layer_norm_rms_epsilon': float(spec.normEpsilon),
    'llama.rope.freq_base': float(spec.ropeBase),
    'llama.rope.dimension_count': integer(spec.headSize),
    'tokenizer.ggml.model': text('gpt2'),
    'tokenizer.ggml.pre': text('smollm'),
    'tokenizer.ggml.tokens': list(GGUFValueType.STRING, tokens),
    'tokenizer.ggml.token_type': list(GGUFValueType.INT32, types),
    'tokenizer.ggml.merges': list(GGUFValueType.STRING, merges),
    'tokenizer.ggml.bos_token_id': integer(1),
    'tokenizer.ggml.eos_token_id': integer(END_TOKEN_ID),
    'tokenizer.chat_template': text(CHAT_TEMPLATE),
  };
}

function metadataBytes(change: MetadataChange, tensorCount: number): Uint8Array {
  const entries = Object.fromEntries(Object.entries(change).filter(([, entry]) => entry !== null));
  return serializeGgufMetadata(
    {
      version: {value: 3, type: GGUFValueType.UINT32},
      tensor_count: {value: BigInt(tensorCount), type: GGUFValueType.UINT64},
      kv_count: {value: BigInt(Object.keys(entries).length), type: GGUFValueType.UINT64},
      ...entries,
    },
    // The tensor table follows at once; the header is padded as a whole.
    {alignment: 1},
  );
}

const text = (value: string): MetadataEntry => ({value, type: GGUFValueType.STRING});
const integer = (value: number): MetadataEntry => ({value, type: GGUFValueType.UINT32});
const float = (value: number): MetadataEntry => ({value, type: GGUFValueType.FLOAT32});
const list = (subType: GGUFValueType, value: readonly (string | number)[]): MetadataEntry => ({
  value: [...value],
  type: GGUFValueType.ARRAY,
  subType,
});

function tensorLine(tensor: {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly dtype: TensorDtype;
  readonly offsetBytes: number;
}): Uint8Array {
  const name = new TextEncoder().encode(tensor.name);
  const sizesAt = 8 + name.byteLength + 4;
  const typeAt = sizesAt + 8 * tensor.sizes.length;
  const bytes = new Uint8Array(typeAt + 4 + 8);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(name.byteLength), true);
  bytes.set(name, 8);
  view.setUint32(sizesAt - 4, tensor.sizes.length, true);
  for (const [index, size] of tensor.sizes.entries()) {
    view.setBigUint64(sizesAt + 8 * index, BigInt(size), true);
  }
  view.setUint32(typeAt, GGMLQuantizationType[tensor.dtype], true);
  view.setBigUint64(typeAt + 4, BigInt(tensor.offsetBytes), true);
  return bytes;
}

function alignUp(byteLength: number): number {
  return Math.ceil(byteLength / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

function padded(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(alignUp(bytes.byteLength));
  result.set(bytes);
  return result;
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.byteLength;
  }
  return result;
}
