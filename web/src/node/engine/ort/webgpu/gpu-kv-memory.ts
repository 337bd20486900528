import {mostKept} from '#shared/model/layer-kind.ts';
import {layersOf} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {KvMemory} from '../kv-cache.ts';
import type {KvRow} from './kv-block.ts';
import type {KvPool} from './kv-pool.ts';

/** What one cell remembers of one session. */
export type GpuKv = {
  readonly tokenCount: number;
  /** Shared by all that came from the same `empty`: it is written in place. */
  readonly row: KvRow;
  /** That it lies in. */
  readonly pool: KvPool;
};

/** Remembers in buffers of the GPU, which are never read back. */
export function gpuKvMemory(pool: KvPool, spec: ModelSpec): KvMemory<GpuKv> {
  return {
    empty: (cell, kvTokens) => {
      const kept = layersOf(cell).map((layer) => mostKept(spec, layer));
      return {tokenCount: 0, row: pool.reserve(kept, kvTokens), pool};
    },
    resize: ({tokenCount, row}, kvTokens) => {
      const resized = pool.resize(row, {held: tokenCount, kvTokens});
      return {tokenCount, row: resized, pool};
    },
    // What lies behind is hidden from attention, and overwritten.
    truncate: ({row}, position) => {
      row.held = position;
      if (position === 0) row.firstPosition = 0;
      return {row, tokenCount: position, pool};
    },
    reaches: ({row: {firstPosition}}, position) =>
      firstPosition === 0 ||
      position === 0 ||
      position - (spec.window?.tokens ?? 0) + 1 >= firstPosition,
    byteLength: ({row}) => pool.byteLength(row),
    free: ({row}) => {
      pool.release(row);
    },
  };
}
