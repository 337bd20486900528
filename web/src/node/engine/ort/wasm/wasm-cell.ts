import type {Tensor} from 'onnxruntime-web/wasm';
import {layersOf, type LayerRange} from '#shared/model/layer-range.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import {resultOf, type OrtCell} from '../ort-cell.ts';
import {f32Values} from '../ort-engine.ts';
import type {BatchFeeds, ShardCell} from '../shard-engine.ts';
import {appended, NO_KV, sharedRoom, stacked, type LayerKv, type WasmKv} from './wasm-kv-memory.ts';

/** A cell in f32 on the CPU. */
export class WasmCell implements ShardCell<WasmKv> {
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
    const result = resultOf(this.#cell, outputs);
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
    const room = sharedRoom(
      spec,
      pasts.map(({tokenCount}) => tokenCount + pieceTokens),
    );
    const shape = [pasts.length, kvHeadCount, room, headSize];
    const feeds: Record<string, Tensor> = {};
    for (const [at, layer] of layersOf(this.range).entries()) {
      const tensorOf = (kind: keyof LayerKv) => {
        const caches = pasts.map(({tokenCount, layers}) => {
          const {[kind]: values} = layers[at] ?? NO_KV;
          return {tokenCount, values};
        });
        return ort.f32Tensor(stacked(spec, caches, room), shape);
      };
      feeds[CELL_IO.pastKey(layer)] = tensorOf('key');
      feeds[CELL_IO.pastValue(layer)] = tensorOf('value');
    }
    return feeds;
  }
}
