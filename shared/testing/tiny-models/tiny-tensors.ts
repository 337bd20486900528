import type {TinySizes} from './tiny-shape.ts';
import type {TinyFamily} from './tiny-families.ts';

type TinyTensor = {readonly name: string; readonly shape: readonly number[]};
type Part = readonly [name: string, shape: readonly number[]];

/** Names and shapes, written down from the definitions and not from what the product expects. */
export function tinyTensors(family: TinyFamily, sizes: TinySizes): readonly TinyTensor[] {
  const {hiddenSize, headSize, vocabularySize, layerCount} = sizes;
  const matrix = [hiddenSize, vocabularySize];
  const layers = Array.from({length: layerCount}, (_, layer) =>
    layerParts(family, sizes).map(([name, shape]) => ({name: `blk.${layer}.${name}`, shape})),
  );
  return [
    {name: 'token_embd.weight', shape: matrix},
    ...layers.flat(),
    {name: 'output_norm.weight', shape: [hiddenSize]},
    ...(family.hasOutput ? [{name: 'output.weight', shape: matrix}] : []),
    ...(family.pairTensors ?? []).map((name) => ({name, shape: [headSize / 2]})),
  ];
}

function layerParts(family: TinyFamily, sizes: TinySizes): readonly Part[] {
  const {hiddenSize, feedForwardSize, headCount, kvHeadCount, headSize} = sizes;
  const {norms = ['attn_norm', 'ffn_norm'], isFused = false} = family;
  const [query, kv] = [headCount * headSize, kvHeadCount * headSize];
  const matrices: readonly Part[] = [
    ...(isFused
      ? ([['attn_qkv', [hiddenSize, query + 2 * kv]]] as const)
      : ([
          ['attn_q', [hiddenSize, query]],
          ['attn_k', [hiddenSize, kv]],
          ['attn_v', [hiddenSize, kv]],
        ] as const)),
    ['attn_output', [query, hiddenSize]],
    ...(isFused ? [] : ([['ffn_gate', [hiddenSize, feedForwardSize]]] as const)),
    ['ffn_up', [hiddenSize, isFused ? 2 * feedForwardSize : feedForwardSize]],
    ['ffn_down', [feedForwardSize, hiddenSize]],
  ];
  const gains = norms.map((name): Part => [name, [hiddenSize]]);
  const headGains = {none: [], head: [headSize, headSize], all: [query, kv]}[
    family.headNorms ?? 'none'
  ];
  const before = new Set(['attn_norm', 'attn_q', 'attn_qkv', 'attn_k', 'attn_v', 'attn_output']);
  const isOfAttention = ([name]: Part): boolean => before.has(name);
  const weights = [
    ...gains.filter(isOfAttention),
    ...matrices.filter(isOfAttention),
    ...gains.filter((part) => !isOfAttention(part)),
    ...matrices.filter((part) => !isOfAttention(part)),
    ...headGains.map((size, at): Part => [at === 0 ? 'attn_q_norm' : 'attn_k_norm', [size]]),
  ];
  const biased = matrices.filter(([name]) => family.biases?.includes(name));
  return [
    ...weights.map(([name, shape]): Part => [`${name}.weight`, shape]),
    ...biased.map(([name, shape]): Part => [`${name}.bias`, shape.slice(1)]),
  ];
}
