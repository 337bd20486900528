import type {Tensor} from 'onnxruntime-web/wasm';
import {layersOf, type LayerRange} from '#shared/model/layer-range.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import {resultOf, type OrtCell} from '../ort-cell.ts';
import {f32Values} from '../ort-engine.ts';
import type {PieceFeeds, ShardCell} from '../shard-engine.ts';
import type {LayerKv, WasmKv} from './wasm-kv-memory.ts';

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
    feeds: PieceFeeds,
    past: WasmKv,
  ): Promise<{readonly hidden: Float32Array<ArrayBuffer>; readonly kv: WasmKv}> {
    const {ort, spec, session} = this.#cell;
    const {hiddenSize} = spec;
    const pieceTokens = hidden.length / hiddenSize;
    const tokenCount = past.tokenCount + pieceTokens;
    const outputs = await session.run({
      ...feeds,
      [CELL_IO.hidden]: ort.f32Tensor(hidden, [1, pieceTokens, hiddenSize]),
      ...this.#pastFeeds(past),
    });
    const result = resultOf(this.#cell, outputs);
    const layers = layersOf(this.range).map((layer) => ({
      key: f32Values(outputs, CELL_IO.presentKey(layer)),
      value: f32Values(outputs, CELL_IO.presentValue(layer)),
    }));
    return {hidden: result, kv: {tokenCount, layers}};
  }

  #pastFeeds(past: WasmKv): Readonly<Record<string, Tensor>> {
    const {ort, spec} = this.#cell;
    const {kvHeadCount, headSize} = spec;
    const shape = [1, kvHeadCount, past.tokenCount, headSize];
    const nothing: LayerKv = {key: new Float32Array(), value: new Float32Array()};
    const feeds: Record<string, Tensor> = {};
    for (const [at, layer] of layersOf(this.range).entries()) {
      const {key, value} = past.layers[at] ?? nothing;
      feeds[CELL_IO.pastKey(layer)] = ort.f32Tensor(key, shape);
      feeds[CELL_IO.pastValue(layer)] = ort.f32Tensor(value, shape);
    }
    return feeds;
  }
}
