import type {Tensor} from 'onnxruntime-web/wasm';
import {assert} from '#shared/base/assert.ts';
import {layersOf, type LayerRange} from '#shared/model/layer-range.ts';
import {attentionFeeds} from '../attention-feeds.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import {fitsOperator} from '../graph/dialects/gpu-attention.ts';
import {resultOf, type OrtCell} from '../ort-cell.ts';
import type {BatchFeeds, ShardCell} from '../shard-engine.ts';
import type {GpuKv} from './gpu-kv-memory.ts';

/**
 * A cell on the GPU. Its result comes back to be rounded at the boundary as on
 * every other engine: 2 bytes per value that a GPU without `shader-f16` could not round itself.
 */
export class GpuCell implements ShardCell<GpuKv> {
  readonly range: LayerRange;
  readonly #cell: OrtCell;

  constructor(cell: OrtCell) {
    this.range = cell.range;
    this.#cell = cell;
  }

  async run(
    hidden: Float32Array,
    feeds: BatchFeeds,
    [past, ...others]: readonly GpuKv[],
  ): Promise<{readonly hidden: Float32Array<ArrayBuffer>; readonly kvs: readonly GpuKv[]}> {
    assert(past !== undefined && others.length === 0, 'a batch on the GPU has one session');
    const {ort, spec, session} = this.#cell;
    const pieceTokens = hidden.length / spec.hiddenSize;
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

  /** Of attention that is made of products. */
  #attentionFeeds({tokenCount, capacityTokens}: GpuKv, pieceTokens: number): BatchFeeds {
    const {ort, spec} = this.#cell;
    if (fitsOperator(spec)) return {};
    const batch = {positions: [tokenCount], tokenCount: pieceTokens};
    const rows = BigInt64Array.from({length: pieceTokens}, (_, at) => BigInt(tokenCount + at));
    return {
      ...attentionFeeds(ort, spec, {batch, room: capacityTokens}),
      [CELL_IO.rotaryRows]: ort.i64Tensor(rows, [1, pieceTokens]),
    };
  }
}
