import {expect, test} from 'vitest';
import {mostInWindow} from '#shared/model/layer-kind.ts';
import {
  appended,
  emptyKv,
  placeOf,
  roomFor,
  sharedRoom,
  stacked,
  wasmKvMemory,
  type WasmKv,
} from './wasm-kv-memory.ts';

const SPEC = {kvHeadCount: 2, headSize: 1};
const NOTHING = emptyKv({}, {startLayer: 0, endLayer: 1});

/** Of one layer: a key says its head and position, a value the same below zero. */
function piece(from: number, tokenCount: number) {
  const numbers = Array.from({length: tokenCount}, (_, at) => [
    100 + from + at,
    200 + from + at,
  ]).flat();
  const key = Float32Array.from(numbers);
  return {tokenCount, layers: [{key, value: key.map((number) => -number)}]};
}

/** What a cache holds of so many positions, head by head. */
function byHead(tokenCount: number): readonly number[] {
  return [100, 200].flatMap((head) => Array.from({length: tokenCount}, (_, at) => head + at));
}

/** What counts of keys, head by head; values must say the same. */
function heldBy({tokenCount, layers}: WasmKv): readonly number[] {
  const [layer] = layers;
  if (layer === undefined) return [];
  const room = roomFor(tokenCount);
  expect(layer.key).toHaveLength(2 * room);
  expect([...layer.value].map((number) => 0 - number)).toEqual([...layer.key]);
  return [0, 1].flatMap((head) => [...layer.key.subarray(head * room, head * room + tokenCount)]);
}

test('[KV6] a cache grows by pieces of any length, and keeps the first positions of every head', () => {
  const memory = wasmKvMemory(SPEC);
  for (const lengths of [[1, 1, 1], [15, 1, 1], [16, 16], [3, 40, 1, 20], [64]]) {
    let kv: WasmKv = NOTHING;
    for (const length of lengths) kv = appended(SPEC, kv, piece(kv.tokenCount, length));
    const {tokenCount} = kv;
    expect(heldBy(kv)).toEqual(byHead(tokenCount));
    for (let position = tokenCount - 1; position > 0; position -= 7) {
      kv = memory.truncate(kv, position);
      expect(heldBy(kv)).toEqual(byHead(position));
    }
    // What was forgotten does not come back.
    const next = appended(SPEC, kv, piece(500, 2));
    expect(heldBy(next).slice(kv.tokenCount, next.tokenCount)).toEqual([600, 601]);
  }
});

test('[KV9] caches of several sessions lie one after the other, each with room for the longest', () => {
  const lengths = [3, 17, 0, 16];
  const caches = lengths.map((length) => {
    const {tokenCount, layers} = appended(SPEC, NOTHING, piece(0, length));
    return {tokenCount, values: layers[0]?.key ?? new Float32Array()};
  });
  const room = roomFor(17);
  const stack = stacked(SPEC, caches, {room, mostKept: Number.POSITIVE_INFINITY});
  expect(stack).toHaveLength(lengths.length * 2 * room);
  for (const [at, length] of lengths.entries()) {
    for (const head of [0, 1]) {
      const start = (2 * at + head) * room;
      const own = [...stack.subarray(start, start + length)];
      expect(own).toEqual(Array.from({length}, (_, position) => 100 * (head + 1) + position));
    }
  }
});

test('[KV10] with a window a position overwrites the one that nobody sees any more, whatever piece it came in', () => {
  const spec = {...SPEC, window: {tokens: 8}};
  const most = mostInWindow(spec);
  const [alone, inPieces] = [[1], [127, 1, 60, 128]].map((lengths) => {
    let kv = emptyKv(spec, {startLayer: 0, endLayer: 1});
    for (let at = 0; kv.tokenCount < 3 * most; at += 1) {
      const left = 3 * most - kv.tokenCount;
      const length = Math.min(left, lengths[at % lengths.length] ?? 1);
      kv = appended(spec, kv, piece(kv.tokenCount, length));
    }
    return kv.layers[0]?.key ?? new Float32Array();
  });
  expect(inPieces).toEqual(alone);
  expect(alone).toHaveLength(2 * roomFor(most));
  for (let position = 2 * most; position < 3 * most; position += 1) {
    expect(alone?.[placeOf(position, most)]).toBe(100 + position);
  }
});

test('[KV9] the room is that of the longest, and never so small that long heads are summed otherwise', () => {
  expect(sharedRoom({headSize: 128}, [3, 17, 1])).toBe(32);
  // In a product with 64 columns or fewer more than 128 numbers are summed at once.
  expect(sharedRoom({headSize: 256}, [3, 17, 1])).toBe(80);
  expect(sharedRoom({headSize: 256}, [81])).toBe(96);
});
