import {portableLog} from '../base/portable-math.ts';

/**
 * A model without weights, for swarms of many tabs and for swarms in virtual time: every layer is a hash
 * of its input and of all that it saw before. However the layers are cut, the result is the same; a lost,
 * repeated or reordered step, or a wrong cache, changes it.
 */

/** What one token is between two layers: so many integers below 2¹¹, which f16 holds exactly. */
export const STUB_LANES = 8;
const LANE_MASK = 0x7ff;
const TOP_TOKENS = 8;

/** What one layer remembers of a session: a running hash per position. */
export type StubLayerCache = number[];

/** The input of the first layer. */
export function stubEmbedding(tokenId: number): Uint32Array {
  return Uint32Array.from({length: STUB_LANES}, (_, lane) => mix(tokenId, lane) & LANE_MASK);
}

/** Runs one layer for the token at `position`: changes `lanes` into its output, and what it remembers. */
export function runStubLayer(
  cache: StubLayerCache,
  {layer, position}: {readonly layer: number; readonly position: number},
  lanes: Uint32Array,
): void {
  const context = mix(cache[position - 1] ?? layer, lanes[0] ?? 0);
  cache[position] = context;
  for (let lane = 0; lane < STUB_LANES; lane += 1) {
    lanes[lane] = mix(mix(context, lanes[lane] ?? 0), layer * STUB_LANES + lane) & LANE_MASK;
  }
}

type StubLogits = {
  readonly tokenIds: Uint32Array;
  readonly logits: Float32Array;
  readonly logSumExp: number;
};

/** The likeliest tokens after the last layer, best first, as a tail's graph gives them. */
export function stubTopLogits(lanes: Uint32Array, vocabularySize: number): StubLogits {
  const seed = lanes.reduce((hash, value) => mix(hash, value), 0);
  const count = Math.min(TOP_TOKENS, vocabularySize);
  const tokenIds = new Set<number>();
  for (let i = 0; tokenIds.size < count; i += 1) tokenIds.add(mix(seed, i) % vocabularySize);
  const logits = Float32Array.from({length: count}, (_, i) => count - i);
  return {tokenIds: Uint32Array.from(tokenIds), logits, logSumExp: count + 0.5};
}

/**
 * The same with a bias; of a token that was not among the likeliest the logit was 0.
 *
 * @param allowed the only tokens that may come; `null`: all.
 */
export function biasedStubLogits(
  {tokenIds, logits, logSumExp}: StubLogits,
  bias: {readonly tokenIds: Uint32Array; readonly values: Float32Array},
  allowed: readonly number[] | null,
): StubLogits {
  const all = new Map(Array.from(tokenIds, (tokenId, at) => [tokenId, logits[at] ?? 0]));
  bias.tokenIds.forEach((tokenId, at) => {
    all.set(tokenId, (all.get(tokenId) ?? 0) + (bias.values[at] ?? 0));
  });
  if (allowed !== null) {
    const before = new Map(all);
    all.clear();
    for (const tokenId of allowed) all.set(tokenId, before.get(tokenId) ?? 0);
  }
  const best = [...all].toSorted(([a, x], [b, y]) => y - x || a - b).slice(0, tokenIds.length);
  const mostLogit = best[0]?.[1] ?? 0;
  return {
    tokenIds: Uint32Array.from(best, ([tokenId]) => tokenId),
    logits: Float32Array.from(best, ([, logit]) => logit),
    // So far above the best as before, or farther: no probability is more than 1.
    logSumExp: mostLogit + Math.max(logSumExp - (logits[0] ?? 0), portableLog(all.size)),
  };
}

/** One round of a 32-bit hash (murmur3's finaliser over both words). */
function mix(a: number, b: number): number {
  let hash = Math.imul(a ^ Math.imul(b + 0x9e3779b9, 0x85ebca6b), 0xc2b2ae35);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x27d4eb2f);
  return (hash ^ (hash >>> 13)) >>> 0;
}
