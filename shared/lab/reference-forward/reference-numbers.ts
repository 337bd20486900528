import type {GgufFile} from '../../model/gguf/gguf-file.ts';

/** What a file says of its model, read for the reference alone: no line of it is the product's. */
export type ReferenceNumbers = {
  readonly architecture: string;
  readonly layerCount: number;
  readonly hiddenSize: number;
  readonly headCount: number;
  readonly kvHeadCount: number;
  readonly headSize: number;
  /** Of each head, from its first number on, so many turn. */
  readonly turnedSize: number;
  readonly normEpsilon: number;
  /** Pairs of RoPE are halves of a head apart; else neighbours. */
  readonly turnsHalves: boolean;
  readonly usesGelu: boolean;
  /** Tokens that a layer with a window sees, itself included; 0: no layer has one. */
  readonly windowTokens: number;
  /** Of so many layers the last sees all; 0: none does. */
  readonly windowPeriod: number;
  /** Of so many layers the last turns nothing; 0: all turn. */
  readonly unturnedPeriod: number;
  readonly embeddingScale: number;
  readonly residualScale: number;
  readonly scoreScale: number;
  /** 0: none. */
  readonly scoreCap: number;
  readonly logitScale: number;
  /** 0: none. */
  readonly logitCap: number;
};

const HALVES = [
  'qwen2',
  'qwen3',
  'gemma',
  'gemma2',
  'gemma3',
  'phi3',
  'olmo2',
  'exaone',
  'exaone4',
];
/** Of so many layers of an OLMo with windows the last has none. */
const OLMO_PERIOD = 4;

/** A number of the architecture; `otherwise` where the file has none. */
export function numberOf({metadata}: GgufFile, key: string, otherwise: number): number {
  const value = metadata[`${String(metadata['general.architecture'])}.${key}`];
  // Files may state any number in 64 bits.
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : otherwise;
}

export function readNumbers(gguf: GgufFile): ReferenceNumbers {
  const architecture = String(gguf.metadata['general.architecture']);
  const number = (key: string, otherwise = 0) => numberOf(gguf, key, otherwise);
  const hiddenSize = number('embedding_length');
  const headCount = number('attention.head_count');
  const headSize = number('attention.key_length', hiddenSize / headCount);
  return {
    architecture,
    layerCount: number('block_count'),
    hiddenSize,
    headCount,
    kvHeadCount: number('attention.head_count_kv', headCount),
    headSize,
    turnedSize: number('rope.dimension_count', headSize),
    normEpsilon: number('attention.layer_norm_rms_epsilon'),
    turnsHalves: HALVES.includes(architecture),
    usesGelu: false,
    windowTokens: number('attention.sliding_window'),
    windowPeriod: architecture === 'olmo2' ? OLMO_PERIOD : 0,
    unturnedPeriod: architecture === 'smollm3' ? 4 : 0,
    embeddingScale: 1,
    residualScale: 1,
    scoreScale: 1 / Math.sqrt(headSize),
    scoreCap: 0,
    logitScale: 1,
    logitCap: 0,
    ...(architecture === 'granite' ? graniteNumbers(number) : {}),
    ...(architecture === 'gemma' ? {usesGelu: true, embeddingScale: Math.sqrt(hiddenSize)} : {}),
    ...(architecture === 'gemma2' ? gemmaNumbers(number, GEMMA2) : {}),
    ...(architecture === 'gemma3' ? gemmaNumbers(number, GEMMA3) : {}),
  };
}

type NumberOf = (key: string, otherwise?: number) => number;

function graniteNumbers(number: NumberOf): Partial<ReferenceNumbers> {
  const scoreScale = number('attention.scale');
  return {
    embeddingScale: number('embedding_scale') || 1,
    residualScale: number('residual_scale') || 1,
    logitScale: number('logit_scale') || 1,
    ...(scoreScale === 0 ? {} : {scoreScale}),
  };
}

/** What their files may leave out, and how many layers those have that scale scores by their width. */
const GEMMA2 = {window: 4096, period: 2, scoreCap: 50, logitCap: 30, widestLayers: 46};
const GEMMA3 = {window: 0, period: 6, scoreCap: 0, logitCap: 0, widestLayers: 62};

function gemmaNumbers(number: NumberOf, usual: typeof GEMMA2): Partial<ReferenceNumbers> {
  const hiddenSize = number('embedding_length');
  const isWidest = number('block_count') === usual.widestLayers;
  return {
    usesGelu: true,
    windowTokens: number('attention.sliding_window', usual.window),
    windowPeriod: number('attention.sliding_window_pattern', usual.period),
    embeddingScale: Math.sqrt(hiddenSize),
    scoreCap: number('attn_logit_softcapping', usual.scoreCap),
    logitCap: number('final_logit_softcapping', usual.logitCap),
    ...(isWidest ? {scoreScale: (hiddenSize / number('attention.head_count')) ** -0.5} : {}),
  };
}

/** Whether a layer sees the tokens of the window only. */
export function seesWindow({windowTokens, windowPeriod}: ReferenceNumbers, layer: number): boolean {
  if (windowTokens === 0) return false;
  return windowPeriod === 0 || layer % windowPeriod < windowPeriod - 1;
}
