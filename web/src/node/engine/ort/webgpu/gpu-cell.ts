import type {Tensor} from 'onnxruntime-web/wasm';
import {assert} from '#shared/base/assert.ts';
import {layersOf, type LayerRange} from '#shared/model/layer-range.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import type {OrtCell} from '../ort-cell.ts';
import type {BatchFeeds, ShardCell} from '../shard-engine.ts';
import type {GpuKv} from './gpu-kv-memory.ts';
import {gpuPlaceFeeds} from './gpu-place-feeds.ts';
import {isBounded, type KvBlock} from './kv-block.ts';
import {moveWindows} from './move-windows.ts';
import {isSame, readBack, spread, type Layout, type PassedOn} from './passed-on.ts';
import type {WireRounding} from './wire-rounding.ts';

type Given = {
  /** `[sessions, tokens, hiddenSize]`, or what the cell before passed on. */
  readonly input: Float32Array | PassedOn;
  readonly feeds: BatchFeeds;
  readonly pasts: readonly GpuKv[];
  readonly tokenCount: number;
  /** `result` comes back, to be rounded at the boundary as on every other engine; what is passed on is rounded on the GPU. */
  readonly output: 'result' | 'passedOn';
};
type Ran = {
  readonly output: Float32Array<ArrayBuffer> | PassedOn;
  readonly kvs: readonly GpuKv[];
};

/** A cell on the GPU. */
export class GpuCell implements ShardCell {
  readonly range: LayerRange;
  readonly #cell: OrtCell;
  readonly #device: GPUDevice;
  readonly #rounding: WireRounding;

  constructor(
    cell: OrtCell,
    {device, rounding}: {readonly device: GPUDevice; readonly rounding: WireRounding},
  ) {
    this.range = cell.range;
    this.#cell = cell;
    this.#device = device;
    this.#rounding = rounding;
  }

  get hiddenSize(): number {
    return this.#cell.spec.hiddenSize;
  }

  async run(given: Given): Promise<Ran> {
    const [first] = given.pasts;
    assert(first !== undefined, 'a batch has a session');
    const rows = given.pasts.map(({row}) => row);
    const block = first.pool.gather(rows, given.tokenCount);
    return block === null ? await this.#runInTurn(given) : await this.#runBlock(block, given);
  }

  async #runInTurn({input, pasts, ...given}: Given): Promise<Ran> {
    const hidden = input instanceof Float32Array ? input : await readBack(input);
    const all = new Float32Array(hidden.length);
    const kvs: GpuKv[] = [];
    const size = hidden.length / pasts.length;
    for (const [at, past] of pasts.entries()) {
      const own = hidden.subarray(at * size, (at + 1) * size);
      const ran = await this.run({...given, input: own, pasts: [past]});
      const output = ran.output instanceof Float32Array ? ran.output : await readBack(ran.output);
      all.set(output, at * size);
      kvs.push(...ran.kvs);
    }
    return {output: all, kvs};
  }

  async #runBlock(block: KvBlock, given: Given): Promise<Ran> {
    const {feeds, pasts, tokenCount, output} = given;
    const {ort, spec, session} = this.#cell;
    for (const {row, tokenCount: held} of pasts) {
      // A step that failed may have come further.
      row.held = held;
      if (held === 0) row.firstPosition = 0;
    }
    // Rows that do not step write behind what they hold.
    const positions = block.rows.map((row) => row?.held ?? 0);
    for (const row of block.rows) {
      if (row !== null) moveWindows({device: this.#device, spec}, row, tokenCount);
    }
    const layout = {rows: pasts.map(({row}) => row.index), rowCount: block.rows.length};
    const {pastFeeds, presents} = this.#caches(block);
    const roomOf = (isWanted: boolean): number =>
      block.layers.find((layer) => isBounded(layer) === isWanted)?.room ?? 1;
    const places = {
      room: roomOf(false),
      windowRoom: roomOf(true),
      firstPositions: block.rows.map((row) => row?.firstPosition ?? 0),
    };
    const outputs = await session.run(
      {
        ...feeds,
        ...gpuPlaceFeeds(ort, spec, {batch: {positions, tokenCount}, places}),
        [CELL_IO.hidden]: await this.#inputTensor(given, layout),
        ...pastFeeds,
      },
      {[CELL_IO.result]: null, ...presents},
    );
    const kvs = pasts.map((past) => ({...past, tokenCount: past.tokenCount + tokenCount}));
    for (const {row, tokenCount: held} of kvs) row.held = held;
    const tensor = outputs[CELL_IO.result];
    assert(tensor !== undefined, 'a cell gives a result');
    const result = {tensor, ...layout};
    if (output === 'result') return {output: await readBack(result), kvs};
    this.#rounding.round(tensor.gpuBuffer, tensor.size);
    return {output: result, kvs};
  }

  /** As the cell before left it, where its rows lie as these do. */
  async #inputTensor({input, tokenCount}: Given, layout: Layout): Promise<Tensor> {
    if (!(input instanceof Float32Array) && isSame(input, layout)) return input.tensor;
    const hidden = input instanceof Float32Array ? input : await readBack(input);
    const {ort, spec} = this.#cell;
    const shape = [layout.rowCount, tokenCount, spec.hiddenSize];
    return ort.f32Tensor(spread(hidden, layout), shape);
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
}
