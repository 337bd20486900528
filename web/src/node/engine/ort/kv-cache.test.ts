import {expect, test} from 'vitest';
import {asSessionId} from '#shared/base/ids.ts';
import {WINDOW_SPARE_TOKENS} from '#shared/model/layer-kind.ts';
import {tinySpec} from '#shared/testing/tiny-spec.ts';
import {KvCache} from './kv-cache.ts';
import {appended, emptyKv, wasmKvMemory, type WasmKv} from './wasm/wasm-kv-memory.ts';

const A = asSessionId('000000000000000a');
const B = asSessionId('000000000000000b');
const SPEC = tinySpec({headCount: 2, contextTokens: 64});
/** Keys and values of two heads of four f32, in two layers. */
const BYTES_PER_TOKEN = 2 * 2 * 4 * 4 * 2;

const CELL = {startLayer: 0, endLayer: 1};

const cacheOf = (tokens: number): KvCache<WasmKv> =>
  new KvCache({
    spec: SPEC,
    range: {startLayer: 0, endLayer: 2},
    budgetBytes: tokens * BYTES_PER_TOKEN,
    memory: wasmKvMemory(SPEC),
  });
const failing = (detail: object): unknown =>
  expect.objectContaining({detail: expect.objectContaining(detail)});
const pieceOf = (position: number, tokenCount: number) => ({
  sessionId: A,
  position,
  tokenCount,
  cellStarts: [0],
});

/** What a cell remembers of so many positions. */
function heldOf(tokenCount: number, layerCount = 1): WasmKv {
  const values = new Float32Array(2 * tokenCount * 4);
  const layers = Array.from({length: layerCount}, () => ({key: values, value: values}));
  const nothing = emptyKv(SPEC, {startLayer: 0, endLayer: layerCount});
  return appended(SPEC, nothing, {tokenCount, layers});
}

test('[KV1] sessions reserve until the budget is spent; closing gives back', () => {
  const cache = cacheOf(50);
  cache.open(A, 30);
  expect(() => cache.open(B, 21)).toThrow(
    failing({code: 'KV_FULL', kvTokensAsked: 21, kvTokensFree: 20}),
  );
  cache.open(B, 20);
  cache.close(A);
  cache.open(A, 30);
});

test('[KV2] opening again changes the reservation and keeps what is held', () => {
  const cache = cacheOf(50);
  cache.open(A, 30);
  cache.commit(A, new Map([[0, heldOf(3)]]));
  cache.open(A, 50);
  expect(cache.read(A, CELL).tokenCount).toBe(3);
  expect(() => cache.open(B, 1)).toThrow(failing({code: 'KV_FULL'}));
});

test('[KV3] a piece must continue the cache and stay inside the reservation', () => {
  const cache = cacheOf(50);
  cache.open(A, 10);
  cache.commit(A, new Map([[0, heldOf(4)]]));
  cache.admit(pieceOf(4, 6));
  expect(() => cache.admit(pieceOf(3, 1))).toThrow(
    failing({code: 'WRONG_POSITION', expectedPosition: 4}),
  );
  expect(() => cache.admit(pieceOf(5, 1))).toThrow(failing({code: 'WRONG_POSITION'}));
  expect(() => cache.admit(pieceOf(4, 7))).toThrow(failing({code: 'KV_FULL', kvTokensFree: 10}));
  expect(() => cache.admit({...pieceOf(4, 1), sessionId: B})).toThrow(
    failing({code: 'UNKNOWN_SESSION'}),
  );
});

test('[KV4] cells of one session may hold different lengths, and each is checked', () => {
  const cache = cacheOf(50);
  cache.open(A, 10);
  cache.commit(A, new Map([[1, heldOf(2)]]));
  cache.admit({...pieceOf(2, 1), cellStarts: [1]});
  expect(() => cache.admit({...pieceOf(2, 1), cellStarts: [0, 1]})).toThrow(
    failing({code: 'WRONG_POSITION', expectedPosition: 0}),
  );
  expect(() => cache.admit({...pieceOf(0, 1), cellStarts: [0, 1]})).toThrow(
    failing({code: 'WRONG_POSITION', expectedPosition: 2}),
  );
});

test('[KV5] nothing goes beyond the model context, whatever the budget', () => {
  const cache = cacheOf(500);
  expect(() => cache.open(A, 65)).toThrow(failing({code: 'CONTEXT_FULL', contextTokens: 64}));
  cache.open(A, 64);
  expect(() => cache.admit(pieceOf(0, 65))).toThrow(failing({code: 'CONTEXT_FULL'}));
});

test('[KV8] it says what open sessions take: what they hold, in steps of 16 positions, not what they reserve', () => {
  const cache = cacheOf(50);
  cache.open(A, 30);
  cache.open(B, 10);
  expect(cache.byteLength).toBe(0);
  cache.commit(A, new Map([[0, heldOf(17, 2)]]));
  cache.commit(B, new Map([[0, heldOf(3, 2)]]));
  expect(cache.byteLength).toBe((32 + 16) * BYTES_PER_TOKEN);
  cache.close(A);
  expect(cache.byteLength).toBe(16 * BYTES_PER_TOKEN);
});

test('[KV10] a session goes back as far as its windows have kept, else it begins again', () => {
  const spec = tinySpec({headCount: 2, contextTokens: 4096, window: {tokens: 16, globalEvery: 2}});
  const memory = wasmKvMemory(spec);
  const range = {startLayer: 0, endLayer: 2};
  const cache = new KvCache({spec, range, budgetBytes: 4096 * BYTES_PER_TOKEN, memory});
  const most = 16 + WINDOW_SPARE_TOKENS;
  const windowBytes = most * (BYTES_PER_TOKEN / 2);
  const run = (tokenCount: number) => {
    const values = new Float32Array(2 * tokenCount * 4);
    const piece = {key: values, value: values};
    for (const startLayer of [0, 1]) {
      const cell = {startLayer, endLayer: startLayer + 1};
      const kv = appended(spec, cache.read(A, cell), {tokenCount, layers: [piece]});
      cache.commit(A, new Map([[startLayer, kv]]));
    }
  };
  const expectAt = (position: number) => {
    const next = {sessionId: A, tokenCount: 1, cellStarts: [0, 1]};
    cache.admit({...next, position});
    expect(() => cache.admit({...next, position: position + 1})).toThrow(
      failing({code: 'WRONG_POSITION', expectedPosition: position}),
    );
  };
  cache.open(A, 4096);
  // The other half of one layer is free: a window takes no more than it sees.
  cache.open(B, most);
  for (let piece = 0; piece < 10; piece += 1) run(128);
  expect(cache.byteLength).toBe(1280 * (BYTES_PER_TOKEN / 2) + windowBytes);
  expect(cache.truncate(A, 1280 - WINDOW_SPARE_TOKENS)).toBe(1280 - WINDOW_SPARE_TOKENS);
  expectAt(1280 - WINDOW_SPARE_TOKENS);
  // What was overwritten does not come back.
  expect(cache.truncate(A, 1279 - WINDOW_SPARE_TOKENS)).toBe(0);
  expectAt(0);
  run(128);
  expect(cache.truncate(A, 1)).toBe(1);
  expectAt(1);
  // A step that fails has overwritten what a window needs.
  const values = new Float32Array(2 * 128 * 4);
  const failed = {tokenCount: 128, layers: [{key: values, value: values}]};
  let kv = cache.read(A, CELL);
  for (let piece = 0; piece < 3; piece += 1) kv = appended(spec, kv, failed);
  const again = {sessionId: A, position: 1, tokenCount: 1, cellStarts: [0]};
  expect(() => cache.admit(again)).toThrow(failing({code: 'WRONG_POSITION', expectedPosition: 0}));
});

test('[KV7] numbers that cannot be positions are refused', () => {
  const cache = cacheOf(50);
  cache.open(A, 10);
  for (const bad of [-1, 1.5, Number.NaN]) {
    expect(() => cache.truncate(A, bad)).toThrow(failing({code: 'BAD_STEP'}));
    expect(() => cache.open(B, bad)).toThrow(failing({code: 'BAD_STEP'}));
  }
});
