import {assert} from '#shared/base/assert.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {KvMemory} from '../kv-cache.ts';

/** Keys and values of one layer, each `[kvHeadCount, roomFor(tokenCount), headSize]`. */
export type LayerKv = {readonly key: Float32Array; readonly value: Float32Array};
/** What one cell remembers of one session: finite numbers, of which those of `tokenCount` positions count. */
export type WasmKv = {readonly tokenCount: number; readonly layers: readonly LayerKv[]};

type Shape = Pick<ModelSpec, 'kvHeadCount' | 'headSize'>;

/** Of a layer that has run nothing yet. */
export const NO_KV: LayerKv = {key: new Float32Array(), value: new Float32Array()};
const EMPTY: WasmKv = {tokenCount: 0, layers: []};
/** Positions by which the room of a cache grows: a copy of it each time, and so much memory more at most. */
const ROOM_STEP = 16;
/**
 * onnxruntime sums over so many numbers at once, and over more where a product has no more than 64
 * columns (`MlasSgemmOperation`). The scores of longer heads would be other bits in a short context.
 */
const LONGEST_SUM = 128;
const LEAST_ROOM = 64 + ROOM_STEP;

/** How many positions the cache of so many tokens has room for. */
export function roomFor(tokenCount: number): number {
  return Math.ceil(tokenCount / ROOM_STEP) * ROOM_STEP;
}

/**
 * How many positions caches have room for that run together: as many as the longest.
 *
 * @param tokenCounts of each with its piece.
 */
export function sharedRoom({headSize}: Shape, tokenCounts: readonly number[]): number {
  const least = headSize > LONGEST_SUM ? LEAST_ROOM : 0;
  return Math.max(least, ...tokenCounts.map(roomFor));
}

/** Remembers in JavaScript's memory, which the collector gives back. */
export function wasmKvMemory(spec: Shape): KvMemory<WasmKv> {
  return {
    empty: () => EMPTY,
    resize: (kv) => kv,
    truncate: (kv, position) => withRoom(spec, {...kv, tokenCount: position}, kv.tokenCount),
    byteLength: ({layers}) =>
      layers.reduce((sum, {key, value}) => sum + key.byteLength + value.byteLength, 0),
    free: () => undefined,
  };
}

/**
 * A cache with a piece behind it, of which each kind of each layer is `[kvHeadCount, tokenCount, headSize]`.
 *
 * It shares the arrays of `past` where these have room, so `past` still counts, and is
 * not to be continued in another way.
 */
export function appended(
  spec: Shape,
  past: WasmKv,
  piece: {readonly tokenCount: number; readonly layers: readonly LayerKv[]},
): WasmKv {
  const tokenCount = past.tokenCount + piece.tokenCount;
  const layers = piece.layers.map((_, at) => past.layers[at] ?? NO_KV);
  const kv = withRoom(spec, {tokenCount, layers}, past.tokenCount);
  const room = roomFor(tokenCount);
  for (const [at, {key, value}] of kv.layers.entries()) {
    const added = piece.layers[at];
    assert(added !== undefined, 'a piece has all layers of its cell');
    const place = {at: past.tokenCount, tokenCount: piece.tokenCount};
    for (const [own, target] of [
      [added.key, key],
      [added.value, value],
    ] as const) {
      copyPositions(spec, {values: own, room: piece.tokenCount}, {values: target, room}, place);
    }
  }
  return kv;
}

/**
 * One kind of one layer of several caches, `[caches, kvHeadCount, room, headSize]`: as it is where
 * there is one that has this room, else a copy.
 */
export function stacked(
  spec: Shape,
  caches: readonly {readonly tokenCount: number; readonly values: Float32Array}[],
  room: number,
): Float32Array {
  const [only, ...others] = caches;
  const isAsWanted = only !== undefined && others.length === 0 && roomFor(only.tokenCount) === room;
  if (isAsWanted) return only.values;
  const size = spec.kvHeadCount * room * spec.headSize;
  const stack = new Float32Array(caches.length * size);
  for (const [at, {tokenCount, values}] of caches.entries()) {
    const own = {values: stack.subarray(at * size, (at + 1) * size), room};
    copyPositions(spec, {values, room: roomFor(tokenCount)}, own, {at: 0, tokenCount});
  }
  return stack;
}

/** The same with the room that its tokens need; of the positions before, `heldTokens` are kept at most. */
function withRoom(spec: Shape, kv: WasmKv, heldTokens: number): WasmKv {
  const [heldRoom, room] = [roomFor(heldTokens), roomFor(kv.tokenCount)];
  if (room === heldRoom) return kv;
  const tokenCount = Math.min(heldTokens, kv.tokenCount);
  const moved = (values: Float32Array): Float32Array => {
    const grown = new Float32Array(spec.kvHeadCount * room * spec.headSize);
    copyPositions(spec, {values, room: heldRoom}, {values: grown, room}, {at: 0, tokenCount});
    return grown;
  };
  const layers = kv.layers.map(({key, value}) => ({key: moved(key), value: moved(value)}));
  return {tokenCount: kv.tokenCount, layers};
}

/** Values of all heads, with room for so many positions. */
type Roomy = {readonly values: Float32Array; readonly room: number};

/** The first positions of `source`, to where `at` says in `target`. */
function copyPositions(
  {kvHeadCount, headSize}: Shape,
  source: Roomy,
  target: Roomy,
  {at, tokenCount}: {readonly at: number; readonly tokenCount: number},
): void {
  for (let head = 0; head < kvHeadCount; head += 1) {
    const start = head * source.room * headSize;
    const own = source.values.subarray(start, start + tokenCount * headSize);
    target.values.set(own, (head * target.room + at) * headSize);
  }
}
