import type {TinyModelShape} from './tiny-shape.ts';

/** What a tiny file has that a plain llama's has not. */
export type TinyFamily = {
  readonly architecture: string;
  readonly shape?: Partial<TinyModelShape>;
  /** Stated in the file. Absent: hidden size through heads. */
  readonly headSize?: number;
  /** Of its metadata, behind the name of the architecture. */
  readonly numbers?: Readonly<Record<string, number | string | readonly boolean[]>>;
  /** Of a layer, over the hidden state. */
  readonly norms?: readonly string[];
  /** Of queries and keys: of each head, or of all together. */
  readonly headNorms?: 'head' | 'all';
  readonly biases?: readonly string[];
  /** Query, key and value in one, and gate and up. */
  readonly isFused?: boolean;
  /** An LM head of its own. */
  readonly hasOutput?: boolean;
  /** Tensors with a number for each pair of RoPE. */
  readonly pairTensors?: readonly string[];
};

export const LLAMA: TinyFamily = {architecture: 'llama'};

const AROUND = ['attn_norm', 'post_attention_norm', 'ffn_norm', 'post_ffw_norm'];
const ALL_BIASES = ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down'];
/** A base that turns the slowest pairs within a tiny context too. */
const SLOW_BASE = 1_000_000;

/** A tiny model of every family, and of what models of one family differ in. Numbers are such that to leave one out shows. */
export const TINY_FAMILIES: Readonly<Record<string, TinyFamily>> = {
  llama: LLAMA,
  'llama, all biases': {...LLAMA, biases: ALL_BIASES},
  'llama, two biases': {...LLAMA, biases: ['attn_q', 'attn_v']},
  'llama, no groups': {...LLAMA, shape: {kvHeadCount: 4}, hasOutput: true},
  'llama, one group': {...LLAMA, shape: {kvHeadCount: 1}},
  'llama, wide heads': {...LLAMA, headSize: 24, hasOutput: true},
  'llama, linear': {...LLAMA, numbers: {'rope.scaling.factor': 4}},
  'llama, YaRN': {
    ...LLAMA,
    numbers: {
      'rope.scaling.type': 'yarn',
      'rope.scaling.factor': 8,
      'rope.scaling.original_context_length': 64,
    },
  },
  'llama, 3.1': {...LLAMA, pairTensors: ['rope_freqs.weight']},
  qwen2: {
    architecture: 'qwen2',
    numbers: {'rope.freq_base': SLOW_BASE},
    biases: ['attn_q', 'attn_k', 'attn_v'],
  },
  qwen3: {
    architecture: 'qwen3',
    headSize: 32,
    numbers: {'rope.freq_base': SLOW_BASE},
    headNorms: 'head',
  },
  gemma: {architecture: 'gemma', shape: {kvHeadCount: 1}, headSize: 32},
  gemma2: {
    architecture: 'gemma2',
    headSize: 32,
    numbers: {
      'attention.sliding_window': 16,
      attn_logit_softcapping: 3.5,
      final_logit_softcapping: 4.5,
    },
    norms: AROUND,
  },
  gemma3: {
    architecture: 'gemma3',
    shape: {layerCount: 7, kvHeadCount: 1},
    headSize: 32,
    numbers: {'rope.freq_base': SLOW_BASE, 'attention.sliding_window': 16},
    norms: AROUND,
    headNorms: 'head',
  },
  olmo2: {
    architecture: 'olmo2',
    norms: ['post_attention_norm', 'post_ffw_norm'],
    headNorms: 'all',
    hasOutput: true,
  },
  // As OLMo 3, of whose layers the fourth alone sees all, and is stretched.
  'olmo2, windows': {
    architecture: 'olmo2',
    numbers: {
      'attention.sliding_window': 16,
      'attention.sliding_window_pattern': [true, true, true, false],
      'rope.scaling.type': 'yarn',
      'rope.scaling.factor': 8,
      'rope.scaling.original_context_length': 64,
    },
    norms: ['post_attention_norm', 'post_ffw_norm'],
    headNorms: 'all',
    hasOutput: true,
  },
  granite: {
    architecture: 'granite',
    numbers: {
      embedding_scale: 4.5,
      residual_scale: 0.6,
      'attention.scale': 0.12,
      logit_scale: 0.2,
    },
  },
  // Some of a hidden state is within the range of f16, and some beyond.
  'granite, beyond f16': {
    architecture: 'granite',
    numbers: {
      embedding_scale: 400_000,
      residual_scale: 50_000,
      'attention.scale': 0.12,
      logit_scale: 0.2,
    },
  },
  smollm3: {architecture: 'smollm3', numbers: {'rope.freq_base': SLOW_BASE}},
  internlm2: {architecture: 'internlm2', hasOutput: true},
  exaone: {architecture: 'exaone', pairTensors: ['rope_freqs.weight']},
  exaone4: {
    architecture: 'exaone4',
    norms: ['post_attention_norm', 'post_ffw_norm'],
    headNorms: 'head',
    pairTensors: ['rope_freqs.weight'],
  },
  xverse: {architecture: 'xverse', hasOutput: true},
  ernie4_5: {architecture: 'ernie4_5', numbers: {'rope.freq_base': SLOW_BASE}},
  phi3: {
    architecture: 'phi3',
    numbers: {'attention.sliding_window': 16},
    isFused: true,
    hasOutput: true,
  },
  // As Phi-4-mini, of whose heads three quarters turn.
  'phi3, a part turned': {
    architecture: 'phi3',
    headSize: 32,
    numbers: {'rope.dimension_count': 24},
    isFused: true,
    hasOutput: true,
  },
  // Whole 16 numbers, and pairs that are neighbours.
  'llama, a part turned': {...LLAMA, headSize: 32, numbers: {'rope.dimension_count': 16}},
  'phi3, LongRoPE': {
    architecture: 'phi3',
    numbers: {
      'rope.scaling.attn_factor': 1.19,
      'rope.scaling.original_context_length': 64,
    },
    isFused: true,
    hasOutput: true,
    pairTensors: ['rope_factors_long.weight', 'rope_factors_short.weight'],
  },
};
