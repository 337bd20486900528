import type {InferenceSession, Tensor} from 'onnxruntime-web/wasm';
import {layersOf, type LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {notFinite} from '../engine-error.ts';
import {buildCellGraph} from '../graph/build-cell-graph.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import {CPU_DIALECT} from '../graph/cpu-dialect.ts';
import {crossBoundary} from '../hidden-state.ts';
import {f32Values, type OrtEngine} from '../ort-engine.ts';
import type {PieceFeeds, ShardCell, StoredTensors} from '../shard-engine.ts';
import type {LayerKv, WasmKv} from './wasm-kv-memory.ts';

/** A cell in f32 on the CPU. */
export class WasmCell implements ShardCell<WasmKv> {
  readonly range: LayerRange;
  readonly #ort: OrtEngine;
  readonly #spec: ModelSpec;
  readonly #session: InferenceSession;

  private constructor(cell: {
    readonly ort: OrtEngine;
    readonly spec: ModelSpec;
    readonly range: LayerRange;
    readonly session: InferenceSession;
  }) {
    this.range = cell.range;
    this.#ort = cell.ort;
    this.#spec = cell.spec;
    this.#session = cell.session;
  }

  static async create(
    ort: OrtEngine,
    cell: {readonly spec: ModelSpec; readonly range: LayerRange; readonly tensors: StoredTensors},
  ): Promise<WasmCell> {
    const {spec, range, tensors} = cell;
    const session = await ort.createSession(buildCellGraph(spec, range, {tensors, ...CPU_DIALECT}));
    return new WasmCell({ort, spec, range, session});
  }

  async run(
    hidden: Float32Array,
    feeds: PieceFeeds,
    past: WasmKv,
  ): Promise<{readonly hidden: Float32Array<ArrayBuffer>; readonly kv: WasmKv}> {
    const {hiddenSize} = this.#spec;
    const pieceTokens = hidden.length / hiddenSize;
    const tokenCount = past.tokenCount + pieceTokens;
    const outputs = await this.#session.run({
      ...feeds,
      [CELL_IO.hidden]: this.#ort.f32Tensor(hidden, [1, pieceTokens, hiddenSize]),
      ...this.#pastFeeds(past),
    });
    const result = f32Values(outputs, CELL_IO.result);
    if (!crossBoundary(result)) throw notFinite(this.range);
    const layers = layersOf(this.range).map((layer) => ({
      key: f32Values(outputs, CELL_IO.presentKey(layer)),
      value: f32Values(outputs, CELL_IO.presentValue(layer)),
    }));
    return {hidden: result, kv: {tokenCount, layers}};
  }

  #pastFeeds(past: WasmKv): Readonly<Record<string, Tensor>> {
    const {kvHeadCount, headSize} = this.#spec;
    const shape = [1, kvHeadCount, past.tokenCount, headSize];
    const nothing: LayerKv = {key: new Float32Array(), value: new Float32Array()};
    const feeds: Record<string, Tensor> = {};
    for (const [at, layer] of layersOf(this.range).entries()) {
      const {key, value} = past.layers[at] ?? nothing;
      feeds[CELL_IO.pastKey(layer)] = this.#ort.f32Tensor(key, shape);
      feeds[CELL_IO.pastValue(layer)] = this.#ort.f32Tensor(value, shape);
    }
    return feeds;
  }
}
