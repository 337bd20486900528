import {assert} from '#shared/base/assert.ts';
import {mostKept, WINDOW_SPARE_TOKENS} from '#shared/model/layer-kind.ts';
import {layersOf, type LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {KvMemory} from '../kv-cache.ts';

/** Keys and values of one layer, each `[kvHeadCount, room, headSize]`. */
export type LayerKv = {
  readonly key: Float32Array;
  readonly value: Float32Array;
  /** Places at most: `placeOf` a position. */
  readonly mostKept: number;
};
/** What one cell remembers of one session: finite numbers, of which those of `tokenCount` positions count. */
export type WasmKv = {
  readonly tokenCount: number;
  /** How many positions were ever written, after which some were forgotten: of all that share its arrays. */
  readonly written: {tokenCount: number};
  readonly layers: readonly LayerKv[];
};

type Shape = Pick<ModelSpec, 'kvHeadCount' | 'headSize'>;

/** Positions by which the room of a cache grows: a copy of it each time, and so much memory more at most. */
const ROOM_STEP = 16;
/**
 * onnxruntime sums over so many numbers at once, and over more where a product has no more than 64
 * columns (`MlasSgemmOperation`). The scores of longer heads would be other bits in a short context.
 */
const LONGEST_SUM = 128;
const LEAST_ROOM = 64 + ROOM_STEP;

/** How many positions the cache of so many tokens has room for. */
export function roomFor(tokenCount: number, most = Number.POSITIVE_INFINITY): number {
  return Math.ceil(Math.min(tokenCount, most) / ROOM_STEP) * ROOM_STEP;
}

/**
 * Where a position lies in a cache: at its own place, and where a layer has a window at that of the one which
 * it overwrites. So a sum runs in the order of the places, whatever piece a position came in.
 */
export function placeOf(position: number, most: number): number {
  return position % most;
}

/**
 * How many positions caches have room for that run together: as many as the longest.
 *
 * @param tokenCounts of each with its piece.
 * @param most that a layer keeps.
 */
export function sharedRoom(
  {headSize}: Pick<Shape, 'headSize'>,
  tokenCounts: readonly number[],
  most = Number.POSITIVE_INFINITY,
): number {
  const least = headSize > LONGEST_SUM ? LEAST_ROOM : 0;
  return Math.max(least, ...tokenCounts.map((tokenCount) => roomFor(tokenCount, most)));
}

/** What a cell remembers of a session that has run nothing yet. */
export function emptyKv(spec: Pick<ModelSpec, 'window'>, cell: LayerRange): WasmKv {
  const layers = layersOf(cell).map((layer) => ({
    key: new Float32Array(),
    value: new Float32Array(),
    mostKept: mostKept(spec, layer),
  }));
  return {tokenCount: 0, written: {tokenCount: 0}, layers};
}

/** Remembers in JavaScript's memory, which the collector gives back. */
export function wasmKvMemory(spec: Shape & Pick<ModelSpec, 'window'>): KvMemory<WasmKv> {
  return {
    empty: (cell) => emptyKv(spec, cell),
    resize: (kv) => kv,
    truncate: (kv, position) => {
      const written = position === 0 ? {tokenCount: 0} : kv.written;
      return withRoom(spec, {...kv, written, tokenCount: position}, kv.tokenCount);
    },
    reaches: ({written, layers}, position) =>
      position === 0 ||
      written.tokenCount - position <= WINDOW_SPARE_TOKENS ||
      layers.every((layer) => written.tokenCount <= layer.mostKept),
    byteLength: ({layers}) =>
      layers.reduce((sum, {key, value}) => sum + key.byteLength + value.byteLength, 0),
    free: () => undefined,
  };
}

/**
 * A cache with a piece behind it, of which each kind of each layer is `[tokenCount, kvHeadCount, headSize]`.
 *
 * It shares the arrays of `past` where these have room, so `past` still counts, as far as `reaches` says, and
 * is not to be continued in another way.
 */
export function appended(
  spec: Shape,
  past: WasmKv,
  piece: {readonly tokenCount: number; readonly layers: readonly Omit<LayerKv, 'mostKept'>[]},
): WasmKv {
  const tokenCount = past.tokenCount + piece.tokenCount;
  const kv = withRoom(spec, {...past, tokenCount}, past.tokenCount);
  past.written.tokenCount = Math.max(past.written.tokenCount, tokenCount);
  for (const [at, {key, value, mostKept: most}] of kv.layers.entries()) {
    const added = piece.layers[at];
    assert(added !== undefined, 'a piece has all layers of its cell');
    const room = roomFor(tokenCount, most);
    for (let token = 0; token < piece.tokenCount; token += 1) {
      const place = placeOf(past.tokenCount + token, most);
      writeToken(spec, {values: key, room}, place, {values: added.key, token});
      writeToken(spec, {values: value, room}, place, {values: added.value, token});
    }
  }
  return kv;
}

/** One token of a piece, to a place of all heads. */
function writeToken(
  {kvHeadCount, headSize}: Shape,
  {values: target, room}: Roomy,
  place: number,
  {values, token}: {readonly values: Float32Array; readonly token: number},
): void {
  for (let head = 0; head < kvHeadCount; head += 1) {
    const start = (token * kvHeadCount + head) * headSize;
    target.set(values.subarray(start, start + headSize), (head * room + place) * headSize);
  }
}

/**
 * One kind of one layer of several caches, `[caches, kvHeadCount, room, headSize]`: as it is where
 * there is one that has this room, else a copy.
 */
export function stacked(
  spec: Shape,
  caches: readonly {readonly tokenCount: number; readonly values: Float32Array}[],
  {room, mostKept: most}: {readonly room: number; readonly mostKept: number},
): Float32Array {
  const [only, ...others] = caches;
  const isAsWanted =
    only !== undefined && others.length === 0 && roomFor(only.tokenCount, most) === room;
  if (isAsWanted) return only.values;
  const size = spec.kvHeadCount * room * spec.headSize;
  const stack = new Float32Array(caches.length * size);
  for (const [at, {tokenCount, values}] of caches.entries()) {
    const own = {values: stack.subarray(at * size, (at + 1) * size), room};
    copyFirst(spec, {values, room: roomFor(tokenCount, most)}, own, Math.min(tokenCount, most));
  }
  return stack;
}

/** The same with the room that its tokens need; of the positions before, `heldTokens` are kept at most. */
function withRoom(spec: Shape, kv: WasmKv, heldTokens: number): WasmKv {
  const layers = kv.layers.map(({key, value, mostKept: most}) => {
    const [heldRoom, room] = [roomFor(heldTokens, most), roomFor(kv.tokenCount, most)];
    if (room === heldRoom) return {key, value, mostKept: most};
    const kept = Math.min(heldTokens, kv.tokenCount, most);
    const moved = (values: Float32Array): Float32Array => {
      const grown = new Float32Array(spec.kvHeadCount * room * spec.headSize);
      copyFirst(spec, {values, room: heldRoom}, {values: grown, room}, kept);
      return grown;
    };
    return {key: moved(key), value: moved(value), mostKept: most};
  });
  return {...kv, layers};
}

/** Values of all heads, with room for so many positions. */
type Roomy = {readonly values: Float32Array; readonly room: number};

/** The first places of all heads. */
function copyFirst(
  {kvHeadCount, headSize}: Shape,
  source: Roomy,
  target: Roomy,
  places: number,
): void {
  for (let head = 0; head < kvHeadCount; head += 1) {
    const start = head * source.room * headSize;
    const own = source.values.subarray(start, start + places * headSize);
    target.values.set(own, head * target.room * headSize);
  }
}
