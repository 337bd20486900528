import type {GgufFile} from '../../model/gguf/gguf-file.ts';
import {numberOf, seesWindow, type ReferenceNumbers} from './reference-numbers.ts';
import type {Matrices} from './reference-tensors.ts';

/** How a layer turns: by how much each pair per position, and what it is multiplied by then. */
export type Turning = {readonly perPosition: Float64Array; readonly scale: number};

/**
 * RoPE by its definition, in float64: plain, linear, YaRN, LongRoPE within the first context, or
 * divided pair by pair as in Llama 3.1.
 *
 * @param options.matrices those that belong to no layer, at least.
 */
export function readTurning(
  gguf: GgufFile,
  numbers: ReferenceNumbers,
  {layer, matrices}: {readonly layer: number; readonly matrices: Matrices},
): Turning {
  const tensor = (name: string) => matrices.get(name)?.values;
  const {turnedSize, architecture} = numbers;
  const base = numberOf(gguf, 'rope.freq_base', 10_000);
  const baseInWindow = new Map([
    ['gemma3', 10_000],
    ['olmo2', base],
  ]).get(architecture);
  if (baseInWindow !== undefined && seesWindow(numbers, layer)) {
    const own = numberOf(gguf, 'rope.freq_base_swa', baseInWindow);
    return {perPosition: anglesOf(own, turnedSize), scale: 1};
  }
  const angles = anglesOf(base, turnedSize);
  const short = tensor('rope_factors_short.weight');
  const stated = gguf.metadata[`${architecture}.rope.scaling.type`];
  const kind = stated ?? (short === undefined ? 'linear' : 'longrope');
  const factor =
    numberOf(gguf, 'rope.scaling.factor', 0) || numberOf(gguf, 'rope.scale_linear', 0) || 1;
  const attention = numberOf(gguf, 'rope.scaling.attn_factor', 1);
  const divisors = tensor('rope_freqs.weight') ?? (kind === 'longrope' ? short : undefined);
  const divided = (angle: number, pair: number): number => angle / (divisors?.[pair] ?? 1);
  if (kind === 'longrope') return {perPosition: angles.map(divided), scale: attention};
  if (kind === 'linear') {
    return {perPosition: angles.map((angle, i) => divided(angle / factor, i)), scale: 1};
  }
  if (kind !== 'yarn') return {perPosition: angles.map(divided), scale: 1};
  const kept = keptShares(gguf, {base, turnedSize});
  const mixed = angles.map((angle, pair) => {
    const share = kept[pair] ?? 0;
    return divided((angle / factor) * (1 - share) + angle * share, pair);
  });
  return {perPosition: mixed, scale: (0.1 * Math.log(factor) + 1) * attention};
}

function anglesOf(base: number, turnedSize: number): Float64Array {
  const pairs = turnedSize / 2;
  return Float64Array.from({length: pairs}, (_, pair) => base ** (-pair / pairs));
}

/** YaRN: 1 for pairs that turn often within the first context, 0 for those that hardly do. */
function keptShares(
  gguf: GgufFile,
  {base, turnedSize}: {readonly base: number; readonly turnedSize: number},
): readonly number[] {
  const context = numberOf(gguf, 'context_length', 0);
  const original = numberOf(gguf, 'rope.scaling.original_context_length', context);
  const at = (turns: number): number =>
    (turnedSize * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(base));
  const low = Math.max(0, Math.floor(at(numberOf(gguf, 'rope.scaling.yarn_beta_fast', 32))));
  const slow = Math.ceil(at(numberOf(gguf, 'rope.scaling.yarn_beta_slow', 1)));
  const high = Math.min(turnedSize - 1, slow);
  return Array.from({length: turnedSize / 2}, (_, pair) => {
    const along = (pair - low) / Math.max(0.001, high - low);
    return 1 - Math.min(1, Math.max(0, along));
  });
}
