import {assert} from '#shared/base/assert.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {KvMemory} from '../kv-cache.ts';

/** Keys and values of one layer, each `[kvHeadCount, tokenCount, headSize]`. */
export type LayerKv = {readonly key: Float32Array; readonly value: Float32Array};
/** What one cell remembers of one session: arrays that grow by the piece. */
export type WasmKv = {readonly tokenCount: number; readonly layers: readonly LayerKv[]};

const EMPTY: WasmKv = {tokenCount: 0, layers: []};

/** Remembers in JavaScript's memory, which the collector gives back. */
export function wasmKvMemory(spec: ModelSpec): KvMemory<WasmKv> {
  return {
    empty: () => EMPTY,
    resize: (kv) => kv,
    truncate: (kv, position) => ({
      tokenCount: position,
      layers: kv.layers.map(({key, value}) => ({
        key: firstPositions(spec, key, position),
        value: firstPositions(spec, value, position),
      })),
    }),
    byteLength: ({layers}) =>
      layers.reduce((sum, {key, value}) => sum + key.byteLength + value.byteLength, 0),
    free: () => undefined,
  };
}

function firstPositions(spec: ModelSpec, values: Float32Array, position: number): Float32Array {
  const {kvHeadCount, headSize} = spec;
  const heldSize = values.length / kvHeadCount;
  const keptSize = position * headSize;
  assert(heldSize >= keptSize, 'a cache holds what is kept');
  const kept = new Float32Array(kvHeadCount * keptSize);
  for (let head = 0; head < kvHeadCount; head += 1) {
    const from = head * heldSize;
    kept.set(values.subarray(from, from + keptSize), head * keptSize);
  }
  return kept;
}
