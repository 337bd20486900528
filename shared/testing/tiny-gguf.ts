import {GGMLQuantizationType, GGUFValueType, serializeGgufMetadata} from '@huggingface/gguf';
import {BYTE_ALPHABET} from '#shared/model/text/bytes/byte-alphabet.ts';
import type {TensorDtype} from '#shared/model/storage/block-sizes.ts';
import type {TinyModelShape, TinySizes} from './tiny-models/tiny-shape.ts';
import {LLAMA, type TinyFamily} from './tiny-models/tiny-families.ts';
import {tinyTensors} from './tiny-models/tiny-tensors.ts';
import {tinyTensorBytes} from './tiny-tensor-bytes.ts';

/** One value of a file's metadata, as the writer of headers takes it. */
export type MetadataEntry = {
  readonly value:
    | string
    | number
    | bigint
    | boolean
    | readonly (string | number | bigint | boolean)[];
  readonly type: GGUFValueType;
  readonly subType?: GGUFValueType;
};
/** Keys to add or to replace; `null` leaves one out. */
export type MetadataChange = Readonly<Record<string, MetadataEntry | null>>;

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
 * A whole, valid GGUF file of a model with random weights: unless asked for
 * others, the storage types of SmolLM2 (Q4_1 layers, Q8_0 tied embedding, F32 norms) in
 * about 120 KB. The same options give the same bytes. It babbles, but never the same logits twice.
 */
export function tinyGguf(options: {
  readonly seed: number;
  /** A plain llama, unless asked for another. */
  readonly family?: TinyFamily;
  readonly shape?: Partial<TinyModelShape>;
  readonly metadata?: MetadataChange;
  /** In the byte alphabet: a token for each besides the usual ones. */
  readonly words?: readonly string[];
  /** So many tokens more, made of two or three bytes, each with its merge. */
  readonly madeUpTokens?: number;
  /** The storage type of each tensor, by its name. Rows must be whole blocks of it. */
  readonly dtypeOf?: (name: string) => TensorDtype;
}): Uint8Array<ArrayBuffer> {
  const {dtypeOf = dtypeAsSmolLm2, family = LLAMA} = options;
  const shape = {...DEFAULT_SHAPE, ...family.shape, ...options.shape};
  const vocabulary = tinyVocabulary(options);
  const headSize = family.headSize ?? shape.hiddenSize / shape.headCount;
  const sizes = {...shape, headSize, vocabularySize: vocabulary.tokens.length};
  const tensors = tinyTensors(family, sizes).map((tensor, index) => {
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
  for (const {name, shape: rows, dtype, bytes} of tensors) {
    table.push(tensorLine({name, sizes: rows, dtype, offsetBytes}));
    offsetBytes += alignUp(bytes.byteLength);
  }
  const header = concat([
    metadataBytes({...metadataOf(family, sizes, vocabulary), ...options.metadata}, tensors.length),
    ...table,
  ]);
  return concat([padded(header), ...tensors.map((tensor) => padded(tensor.bytes))]);
}

function dtypeAsSmolLm2(name: string): TensorDtype {
  if (name === 'token_embd.weight') return 'Q8_0';
  return /norm|bias|rope/u.test(name) ? 'F32' : 'Q4_1';
}

type TinyVocabulary = {
  readonly tokens: readonly string[];
  readonly merges: readonly string[];
  /** By GGUF's `token_type`. */
  readonly types: readonly number[];
};

/** What every tiny model's file has for turning text into ids. */
export function tinyVocabulary({
  words = [],
  madeUpTokens = 0,
}: Pick<Parameters<typeof tinyGguf>[0], 'words' | 'madeUpTokens'> = {}): TinyVocabulary {
  const tokens = new Set([...CONTROL_TOKENS, ...BYTE_ALPHABET]);
  const merges = new Set<string>();
  for (const word of [...WORDS, ...words]) {
    for (let end = 2; end <= word.length; end += 1) {
      merges.add(`${word.slice(0, end - 1)} ${word.charAt(end - 1)}`);
      tokens.add(word.slice(0, end));
    }
  }
  const most = tokens.size + madeUpTokens;
  for (const [left, right] of madeUpMerges()) {
    if (tokens.size >= most) break;
    merges.add(`${left} ${right}`);
    tokens.add(left + right);
  }
  const isControl = (id: number) => id < CONTROL_TOKENS.length;
  const types = [...tokens].map((_, id) => (isControl(id) ? CONTROL_TYPE : NORMAL_TYPE));
  return {tokens: [...tokens], merges: [...merges], types};
}

/** Two bytes, in every order; then three. */
function* madeUpMerges(): Generator<readonly [left: string, right: string]> {
  const pairs = BYTE_ALPHABET.flatMap((left) =>
    BYTE_ALPHABET.map((right) => [left, right] as const),
  );
  yield* pairs;
  for (const [left, right] of pairs) for (const third of BYTE_ALPHABET) yield [left + right, third];
}

function metadataOf(
  {architecture, numbers = {}, headSize: ownHeadSize}: TinyFamily,
  sizes: TinySizes,
  {tokens, merges, types}: TinyVocabulary,
): MetadataChange {
  const usual = {
    block_count: integer(sizes.layerCount),
    context_length: integer(sizes.contextTokens),
    embedding_length: integer(sizes.hiddenSize),
    feed_forward_length: integer(sizes.feedForwardSize),
    'attention.head_count': integer(sizes.headCount),
    'attention.head_count_kv': integer(sizes.kvHeadCount),
    'attention.layer_norm_rms_epsilon': float(1e-5),
    'rope.freq_base': float(10_000),
    'rope.dimension_count': integer(sizes.headSize),
    ...(ownHeadSize !== undefined && {
      'attention.key_length': integer(ownHeadSize),
      'attention.value_length': integer(ownHeadSize),
    }),
  };
  const own = Object.entries(numbers).map(([key, value]) => [key, entryOf(value)] as const);
  const all = Object.entries({...usual, ...Object.fromEntries(own)});
  return {
    'general.architecture': text(architecture),
    'general.basename': text('tiny'),
    'general.alignment': integer(ALIGNMENT_BYTES),
    ...Object.fromEntries(all.map(([key, entry]) => [`${architecture}.${key}`, entry])),
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
const entryOf = (value: number | string | readonly boolean[]): MetadataEntry => {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'object') return list(GGUFValueType.BOOL, value);
  return Number.isInteger(value) ? integer(value) : float(value);
};
const list = (
  subType: GGUFValueType,
  value: readonly (string | number | boolean)[],
): MetadataEntry => ({
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
