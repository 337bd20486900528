import type {Tensor} from 'onnxruntime-web/wasm';
import {assert} from '#shared/base/assert.ts';
import {layersOf, type LayerRange} from '#shared/model/layer-range.ts';
import {attentionFeeds} from '../attention-feeds.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import {fitsOperator} from '../graph/dialects/gpu-attention.ts';
import {resultOf, type OrtCell} from '../ort-cell.ts';
import type {BatchFeeds, ShardCell} from '../shard-engine.ts';
import type {GpuKv} from './gpu-kv-memory.ts';
import {moveWindows} from './move-windows.ts';

/**
 * A cell on the GPU. Its result comes back to be rounded at the boundary as on
 * every other engine: 2 bytes per value that a GPU without `shader-f16` could not round itself.
 */
export class GpuCell implements ShardCell<GpuKv> {
  readonly range: LayerRange;
  readonly #cell: OrtCell;
  readonly #device: GPUDevice;

  constructor(cell: OrtCell, device: GPUDevice) {
    this.range = cell.range;
    this.#cell = cell;
    this.#device = device;
  }

  async run(
    hidden: Float32Array,
    feeds: BatchFeeds,
    [past, ...others]: readonly GpuKv[],
  ): Promise<{readonly hidden: Float32Array<ArrayBuffer>; readonly kvs: readonly GpuKv[]}> {
    assert(past !== undefined && others.length === 0, 'a batch on the GPU has one session');
    const {ort, spec, session} = this.#cell;
    const pieceTokens = hidden.length / spec.hiddenSize;
    moveWindows({device: this.#device, spec}, past, pieceTokens);
    const pasts: Record<string, Tensor> = {};
    const presents: Record<string, Tensor> = {};
    for (const [at, layer] of layersOf(this.range).entries()) {
      const kv = past.layers[at];
      if (kv === undefined) throw new RangeError(`No cache for layer ${layer}`);
      pasts[CELL_IO.pastKey(layer)] = presents[CELL_IO.presentKey(layer)] = kv.key;
      pasts[CELL_IO.pastValue(layer)] = presents[CELL_IO.presentValue(layer)] = kv.value;
    }
    const input = ort.f32Tensor(hidden, [1, pieceTokens, spec.hiddenSize]);
    const outputs = await session.run(
      {...feeds, ...this.#attentionFeeds(past, pieceTokens), [CELL_IO.hidden]: input, ...pasts},
      {[CELL_IO.result]: null, ...presents},
    );
    const kv = {...past, tokenCount: past.tokenCount + pieceTokens};
    return {hidden: resultOf(this.#cell, outputs), kvs: [kv]};
  }

  /** Of attention that is made of products, and of layers with a window, which count from what they hold. */
  #attentionFeeds({tokenCount, window, layers}: GpuKv, pieceTokens: number): BatchFeeds {
    const {ort, spec} = this.#cell;
    const rows = BigInt64Array.from({length: pieceTokens}, (_, at) => BigInt(tokenCount + at));
    const rotaryRows = {[CELL_IO.rotaryRows]: ort.i64Tensor(rows, [1, pieceTokens])};
    const {firstPosition} = window;
    const total = tokenCount - firstPosition + pieceTokens;
    const windowFeeds = {
      [CELL_IO.windowLastPosition]: ort.i32Tensor(Int32Array.of(total - 1), [1]),
      [CELL_IO.windowTotalTokens]: ort.i32Tensor(Int32Array.of(total), [1]),
    };
    const ofWindow = spec.window === undefined ? {} : {...windowFeeds, ...rotaryRows};
    if (fitsOperator(spec)) return ofWindow;
    const batch = {positions: [tokenCount], tokenCount: pieceTokens};
    const roomOf = (isWanted: (mostKept: number) => boolean): number =>
      layers.find(({mostKept}) => isWanted(mostKept))?.room ?? 1;
    const own = {mostKept: Number.POSITIVE_INFINITY};
    const all = {...own, room: roomOf((most) => most === Number.POSITIVE_INFINITY)};
    const inWindow = {...own, room: roomOf(Number.isFinite), firstPosition};
    return {
      ...ofWindow,
      ...rotaryRows,
      ...attentionFeeds(ort, spec, {batch, all, window: inWindow}),
    };
  }
}
