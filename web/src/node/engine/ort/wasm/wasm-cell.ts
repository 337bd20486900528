import type {Tensor} from 'onnxruntime-web/wasm';
import {assert} from '#shared/base/assert.ts';
import {mostKept} from '#shared/model/layer-kind.ts';
import {layersOf, type LayerRange} from '#shared/model/layer-range.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import {crossedBoundary, type OrtCell} from '../ort-cell.ts';
import {f32Values} from '../ort-engine.ts';
import type {BatchFeeds, ShardCell} from '../shard-engine.ts';
import {appended, sharedRoom, stacked, type WasmKv} from './wasm-kv-memory.ts';

/** A cell in f32 on the CPU. */
export class WasmCell implements ShardCell {
  readonly range: LayerRange;
  readonly #cell: OrtCell;

  constructor(cell: OrtCell) {
    this.range = cell.range;
    this.#cell = cell;
  }

  async run(
    hidden: Float32Array,
    feeds: BatchFeeds,
    pasts: readonly WasmKv[],
  ): Promise<{readonly hidden: Float32Array<ArrayBuffer>; readonly kvs: readonly WasmKv[]}> {
    const {ort, spec, session} = this.#cell;
    const {hiddenSize, kvHeadCount, headSize} = spec;
    const tokenCount = hidden.length / hiddenSize / pasts.length;
    const outputs = await session.run({
      ...feeds,
      [CELL_IO.hidden]: ort.f32Tensor(hidden, [pasts.length, tokenCount, hiddenSize]),
      ...this.#pastFeeds(pasts, tokenCount),
    });
    const result = crossedBoundary(this.range, f32Values(outputs, CELL_IO.result));
    const pieces = layersOf(this.range).map((layer) => ({
      key: f32Values(outputs, CELL_IO.pieceKey(layer)),
      value: f32Values(outputs, CELL_IO.pieceValue(layer)),
    }));
    const size = kvHeadCount * tokenCount * headSize;
    const kvs = pasts.map((past, at) => {
      const own = (values: Float32Array) => values.subarray(at * size, (at + 1) * size);
      const layers = pieces.map(({key, value}) => ({key: own(key), value: own(value)}));
      return appended(spec, past, {tokenCount, layers});
    });
    return {hidden: result, kvs};
  }

  #pastFeeds(pasts: readonly WasmKv[], pieceTokens: number): Readonly<Record<string, Tensor>> {
    const {ort, spec} = this.#cell;
    const {kvHeadCount, headSize} = spec;
    const totals = pasts.map(({tokenCount}) => tokenCount + pieceTokens);
    const feeds: Record<string, Tensor> = {};
    for (const [at, layer] of layersOf(this.range).entries()) {
      const most = mostKept(spec, layer);
      const room = sharedRoom(spec, totals, most);
      const tensorOf = (kind: 'key' | 'value') => {
        const caches = pasts.map(({tokenCount, layers}) => {
          const own = layers[at];
          assert(own !== undefined, 'a cache has all layers of its cell');
          return {tokenCount, values: own[kind]};
        });
        const values = stacked(spec, caches, {room, mostKept: most});
        return ort.f32Tensor(values, [pasts.length, kvHeadCount, room, headSize]);
      };
      feeds[CELL_IO.pastKey(layer)] = tensorOf('key');
      feeds[CELL_IO.pastValue(layer)] = tensorOf('value');
    }
    return feeds;
  }
}
