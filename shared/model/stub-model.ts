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

/** The likeliest tokens after the last layer, best first, as a tail's graph gives them. */
export function stubTopLogits(lanes: Uint32Array, vocabularySize: number) {
  const seed = lanes.reduce((hash, value) => mix(hash, value), 0);
  const count = Math.min(TOP_TOKENS, vocabularySize);
  const tokenIds = new Set<number>();
  for (let i = 0; tokenIds.size < count; i += 1) tokenIds.add(mix(seed, i) % vocabularySize);
  const logits = Float32Array.from({length: count}, (_, i) => count - i);
  return {tokenIds: Uint32Array.from(tokenIds), logits, logSumExp: count + 0.5};
}

/** One round of a 32-bit hash (murmur3's finaliser over both words). */
function mix(a: number, b: number): number {
  let hash = Math.imul(a ^ Math.imul(b + 0x9e3779b9, 0x85ebca6b), 0xc2b2ae35);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x27d4eb2f);
  return (hash ^ (hash >>> 13)) >>> 0;
}
