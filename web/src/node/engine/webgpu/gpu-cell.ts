import type {InferenceSession, Tensor} from 'onnxruntime-web/wasm';
import {layersOf, type LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {notFinite} from '../engine-error.ts';
import {buildCellGraph} from '../graph/build-cell-graph.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import {GPU_DIALECT} from '../graph/gpu-dialect.ts';
import {crossBoundary} from '../hidden-state.ts';
import {f32Values, type OrtEngine} from '../ort-engine.ts';
import type {PieceFeeds, ShardCell, StoredTensors} from '../shard-engine.ts';
import type {GpuKv} from './gpu-kv-memory.ts';

/**
 * A cell on the GPU. Its result comes back to be rounded at the boundary as on
 * every other engine: 2 bytes per value that a GPU without `shader-f16` could not round itself.
 */
export class GpuCell implements ShardCell<GpuKv> {
  readonly range: LayerRange;
  readonly #ort: OrtEngine;
  readonly #hiddenSize: number;
  readonly #session: InferenceSession;

  private constructor(cell: {
    readonly ort: OrtEngine;
    readonly hiddenSize: number;
    readonly range: LayerRange;
    readonly session: InferenceSession;
  }) {
    this.range = cell.range;
    this.#ort = cell.ort;
    this.#hiddenSize = cell.hiddenSize;
    this.#session = cell.session;
  }

  static async create(
    ort: OrtEngine,
    cell: {readonly spec: ModelSpec; readonly range: LayerRange; readonly tensors: StoredTensors},
  ): Promise<GpuCell> {
    const {spec, range, tensors} = cell;
    const session = await ort.createSession(buildCellGraph(spec, range, {tensors, ...GPU_DIALECT}));
    return new GpuCell({ort, range, session, hiddenSize: spec.hiddenSize});
  }

  async run(
    hidden: Float32Array,
    feeds: PieceFeeds,
    past: GpuKv,
  ): Promise<{readonly hidden: Float32Array<ArrayBuffer>; readonly kv: GpuKv}> {
    const pieceTokens = hidden.length / this.#hiddenSize;
    const pasts: Record<string, Tensor> = {};
    const presents: Record<string, Tensor> = {};
    for (const [at, layer] of layersOf(this.range).entries()) {
      const kv = past.layers[at];
      if (kv === undefined) throw new RangeError(`No cache for layer ${layer}`);
      pasts[CELL_IO.pastKey(layer)] = presents[CELL_IO.presentKey(layer)] = kv.key;
      pasts[CELL_IO.pastValue(layer)] = presents[CELL_IO.presentValue(layer)] = kv.value;
    }
    const input = this.#ort.f32Tensor(hidden, [1, pieceTokens, this.#hiddenSize]);
    const outputs = await this.#session.run(
      {...feeds, [CELL_IO.hidden]: input, ...pasts},
      {[CELL_IO.result]: null, ...presents},
    );
    const result = f32Values(outputs, CELL_IO.result);
    if (!crossBoundary(result)) throw notFinite(this.range);
    return {hidden: result, kv: {...past, tokenCount: past.tokenCount + pieceTokens}};
  }
}
