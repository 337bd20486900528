import type {Tensor} from 'onnxruntime-web/wasm';
import {assert} from '#shared/base/assert.ts';
import {layersOf, type LayerRange} from '#shared/model/layer-range.ts';
import {attentionFeeds} from '../attention-feeds.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import {fitsOperator} from '../graph/dialects/gpu-attention.ts';
import {resultOf, type OrtCell} from '../ort-cell.ts';
import {f32Values} from '../ort-engine.ts';
import type {Batch, BatchFeeds, ShardCell} from '../shard-engine.ts';
import type {GpuKv} from './gpu-kv-memory.ts';
import {isBounded, type KvBlock} from './kv-block.ts';
import {moveWindows} from './move-windows.ts';

type Result = {
  readonly hidden: Float32Array<ArrayBuffer>;
  readonly kvs: readonly GpuKv[];
};

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

  async run(hidden: Float32Array, feeds: BatchFeeds, pasts: readonly GpuKv[]): Promise<Result> {
    const [first] = pasts;
    assert(first !== undefined, 'a batch has a session');
    const tokenCount = hidden.length / this.#cell.spec.hiddenSize / pasts.length;
    const rows = pasts.map(({row}) => row);
    const block = first.row.block.pool.together(rows, tokenCount);
    if (block === null) return await this.#runInTurn(hidden, feeds, pasts);
    return await this.#runBlock(block, {hidden, feeds, pasts, tokenCount});
  }

  async #runInTurn(
    hidden: Float32Array,
    feeds: BatchFeeds,
    pasts: readonly GpuKv[],
  ): Promise<Result> {
    const all = new Float32Array(hidden.length);
    const kvs: GpuKv[] = [];
    const size = hidden.length / pasts.length;
    for (const [at, past] of pasts.entries()) {
      const own = await this.run(hidden.subarray(at * size, (at + 1) * size), feeds, [past]);
      all.set(own.hidden, at * size);
      kvs.push(...own.kvs);
    }
    return {hidden: all, kvs};
  }

  async #runBlock(
    block: KvBlock,
    {
      hidden,
      feeds,
      pasts,
      tokenCount,
    }: {
      readonly hidden: Float32Array;
      readonly feeds: BatchFeeds;
      readonly pasts: readonly GpuKv[];
      readonly tokenCount: number;
    },
  ): Promise<Result> {
    const {ort, spec, session} = this.#cell;
    // Rows that do not step write behind what they hold.
    const positions = block.rows.map((row) => row?.written ?? 0);
    for (const past of pasts) positions[past.row.index] = past.tokenCount;
    for (const [index, row] of block.rows.entries()) {
      const position = positions[index] ?? 0;
      if (row !== null) moveWindows({device: this.#device, spec}, row, {position, tokenCount});
    }
    const {pastFeeds, presents} = this.#caches(block);
    const shape = [block.rows.length, tokenCount, spec.hiddenSize];
    const outputs = await session.run(
      {
        ...feeds,
        ...this.#placeFeeds(block, {positions, tokenCount}),
        [CELL_IO.hidden]: ort.f32Tensor(spread(block, pasts, hidden), shape),
        ...pastFeeds,
      },
      {[CELL_IO.result]: null, ...presents},
    );
    const kvs = pasts.map(({row, ...past}) => ({row, tokenCount: past.tokenCount + tokenCount}));
    for (const {row, tokenCount: written} of kvs) row.written = written;
    const own = gathered(block, pasts, f32Values(outputs, CELL_IO.result));
    return {hidden: resultOf(this.#cell, own), kvs};
  }

  #caches({layers}: KvBlock): Record<'pastFeeds' | 'presents', Readonly<Record<string, Tensor>>> {
    const pastFeeds: Record<string, Tensor> = {};
    const presents: Record<string, Tensor> = {};
    for (const [at, layer] of layersOf(this.range).entries()) {
      const kv = layers[at];
      if (kv === undefined) throw new RangeError(`No cache for layer ${layer}`);
      pastFeeds[CELL_IO.pastKey(layer)] = presents[CELL_IO.presentKey(layer)] = kv.key;
      pastFeeds[CELL_IO.pastValue(layer)] = presents[CELL_IO.presentValue(layer)] = kv.value;
    }
    return {pastFeeds, presents};
  }

  /** Where each row goes on, and what it sees where attention is made of products or has a window. */
  #placeFeeds(block: KvBlock, batch: Batch): BatchFeeds {
    const {ort, spec} = this.#cell;
    const {positions, tokenCount} = batch;
    const firstPositions = block.rows.map((row) => row?.firstPosition ?? 0);
    const lastPlaces = positions.map((position) => position + tokenCount - 1);
    const lastInWindow = lastPlaces.map((last, at) => last - (firstPositions[at] ?? 0));
    const rows = positions.flatMap((position) =>
      Array.from({length: tokenCount}, (_, at) => BigInt(position + at)),
    );
    const rotaryRows = () => ({
      [CELL_IO.rotaryRows]: ort.i64Tensor(BigInt64Array.from(rows), [positions.length, tokenCount]),
    });
    const last = (places: readonly number[]) =>
      ort.i32Tensor(Int32Array.from(places), [places.length]);
    const total = (places: readonly number[]) =>
      ort.i32Tensor(Int32Array.of(Math.max(...places) + 1), [1]);
    const roomOf = (isWanted: boolean): number =>
      block.layers.find((layer) => isBounded(layer) === isWanted)?.room ?? 1;
    const ownPlaces = {mostKept: Number.POSITIVE_INFINITY};
    return {
      [CELL_IO.lastPosition]: last(lastPlaces),
      [CELL_IO.totalTokens]: total(lastPlaces),
      ...(spec.window && {
        [CELL_IO.windowLastPosition]: last(lastInWindow),
        [CELL_IO.windowTotalTokens]: total(lastInWindow),
        ...rotaryRows(),
      }),
      ...(!fitsOperator(spec) && {
        ...rotaryRows(),
        ...attentionFeeds(ort, spec, {
          batch,
          all: {...ownPlaces, room: roomOf(false)},
          window: {...ownPlaces, room: roomOf(true), firstPositions},
        }),
      }),
    };
  }
}

/** Each session's values at its row, 0 at those of others. */
function spread(block: KvBlock, pasts: readonly GpuKv[], values: Float32Array): Float32Array {
  if (block.rows.length === 1) return values;
  const size = values.length / pasts.length;
  const all = new Float32Array(block.rows.length * size);
  for (const [at, {row}] of pasts.entries()) {
    all.set(values.subarray(at * size, (at + 1) * size), row.index * size);
  }
  return all;
}

/** The other way. */
function gathered(
  block: KvBlock,
  pasts: readonly GpuKv[],
  values: Float32Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> {
  if (block.rows.length === 1) return values;
  const size = values.length / block.rows.length;
  const own = new Float32Array(pasts.length * size);
  for (const [at, {row}] of pasts.entries()) {
    own.set(values.subarray(row.index * size, (row.index + 1) * size), at * size);
  }
  return own;
}
