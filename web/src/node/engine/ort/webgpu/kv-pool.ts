import {assert} from '#shared/base/assert.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {OrtEngine} from '../ort-engine.ts';
import {copyPlaces} from './copy-places.ts';
import {isBounded, type KvBlock, type KvLayer, type KvRow} from './kv-block.ts';
import {STORAGE_USAGE} from '../gpu-usage.ts';

/** So often in a row fewer than half of a block's rows may step before these get one of their own. */
const MOST_FEW_STEPS = 16;

type PoolOptions = {
  readonly ort: OrtEngine;
  readonly device: GPUDevice;
  readonly spec: ModelSpec;
  /** What all reservations together may take. While rows move, one block more is there. */
  readonly budgetBytes: number;
};

/** Where a shard on a GPU remembers its sessions: each in a block of its own at first, those that step together in one. */
export class KvPool {
  readonly #options: PoolOptions;
  readonly #blocks = new Set<KvBlock>();

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** A row for a session that holds nothing yet, in a block of its own. */
  reserve(mostKept: readonly number[], kvTokens: number): KvRow {
    // Rows that lie together may have more room than is reserved for them.
    if (!this.#hasRoom(this.#rowBytes(mostKept, kvTokens))) {
      for (const block of this.#blocks) this.#separate(block);
    }
    const block = this.#allocate(mostKept, {kvTokens, rowCount: 1});
    const row = {block, index: 0, kvTokens, held: 0, firstPosition: 0};
    block.rows[0] = row;
    return row;
  }

  /**
   * Moves rows that step together into one block, if they are not in one. In a block that they do not fill, the
   * other rows compute along for nothing: what they write lies behind what they hold.
   *
   * @returns the block; `null` where there is no memory for one, and each must run alone.
   */
  gather(rows: readonly KvRow[], pieceTokens: number): KvBlock | null {
    const [first, ...others] = rows;
    assert(first !== undefined, 'a batch has a session');
    if (isFor(first.block, rows, pieceTokens)) return first.block;
    const mostKept = keptBy(first.block);
    const kvTokens = Math.max(...rows.map((row) => row.kvTokens));
    const rowCount = rows.length;
    const hasRoom = this.#hasRoom(rowCount * this.#rowBytes(mostKept, kvTokens));
    if (others.length === 0 && !hasRoom) {
      this.#separate(first.block);
      return first.block;
    }
    if (!hasRoom || !this.#fitsDevice(mostKept, {kvTokens, rowCount})) return null;
    const block = this.#allocate(mostKept, {kvTokens, rowCount});
    for (const [index, row] of rows.entries()) this.#move(row, {block, index});
    return block;
  }

  /** The same with room for another number of positions, at least `held`. `row` is not used again. */
  resize(row: KvRow, {held, kvTokens}: {readonly held: number; readonly kvTokens: number}): KvRow {
    const {block} = row;
    const own = {...row, held, kvTokens};
    block.rows[row.index] = own;
    const isSame = block.kvTokens === kvTokens;
    if (isSame || (block.rows.length > 1 && kvTokens < block.kvTokens)) return own;
    const mostKept = keptBy(block);
    this.#move(own, {block: this.#allocate(mostKept, {kvTokens, rowCount: 1}), index: 0});
    return own;
  }

  release({block, index}: KvRow): void {
    block.rows[index] = null;
    if (block.rows.some((row) => row !== null)) return;
    this.#blocks.delete(block);
    for (const {key, value} of block.layers) {
      for (const tensor of [key, value]) tensor.gpuBuffer.destroy();
    }
  }

  /** What a row takes, with its part of those beside it that nobody has. */
  byteLength({block}: KvRow): number {
    return this.#bytesOf(block) / block.rows.filter((row) => row !== null).length;
  }

  #hasRoom(byteLength: number): boolean {
    const blocks = [...this.#blocks].reduce((sum, block) => sum + this.#bytesOf(block), 0);
    return blocks + byteLength <= this.#options.budgetBytes;
  }

  /** A larger buffer is not made, and what is copied into it is lost without a word. */
  #fitsDevice(
    mostKept: readonly number[],
    {kvTokens, rowCount}: {readonly kvTokens: number; readonly rowCount: number},
  ): boolean {
    const {maxBufferSize, maxStorageBufferBindingSize} = this.#options.device.limits;
    const mostBytes = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    const keysAndValues = Math.max(...mostKept.map((most) => this.#rowBytes([most], kvTokens)));
    return (rowCount * keysAndValues) / 2 <= mostBytes;
  }

  #bytesOf(block: KvBlock): number {
    return block.rows.length * this.#rowBytes(keptBy(block), block.kvTokens);
  }

  #rowBytes(mostKept: readonly number[], kvTokens: number): number {
    const {kvHeadCount, headSize} = this.#options.spec;
    const places = mostKept.reduce((sum, most) => sum + Math.min(most, kvTokens), 0);
    return 2 * places * kvHeadCount * headSize * Float32Array.BYTES_PER_ELEMENT;
  }

  #allocate(
    mostKept: readonly number[],
    {kvTokens, rowCount}: {readonly kvTokens: number; readonly rowCount: number},
  ): KvBlock {
    const {ort, device, spec} = this.#options;
    const {kvHeadCount, headSize} = spec;
    const layers = mostKept.map((most): KvLayer => {
      const room = Math.min(most, kvTokens);
      const shape = [rowCount, kvHeadCount, room, headSize];
      const size = shape.reduce((product, length) => product * length, 1);
      const tensor = () => {
        const byteLength = size * Float32Array.BYTES_PER_ELEMENT;
        return ort.gpuTensor(device.createBuffer({size: byteLength, usage: STORAGE_USAGE}), shape);
      };
      return {key: tensor(), value: tensor(), room, mostKept: most};
    });
    const rows = Array.from({length: rowCount}, () => null);
    const block: KvBlock = {layers, kvTokens, rows, fewSteps: 0};
    this.#blocks.add(block);
    return block;
  }

  #move(row: KvRow, to: {readonly block: KvBlock; readonly index: number}): void {
    const {device, spec} = this.#options;
    const encoder = device.createCommandEncoder();
    for (const [at, source] of row.block.layers.entries()) {
      const target = to.block.layers[at];
      const count = isBounded(source) ? row.held - row.firstPosition : row.held;
      if (target === undefined || count === 0) continue;
      const [from, into] = [
        {...source, row: row.index},
        {...target, row: to.index},
      ];
      copyPlaces(encoder, spec, {from, to: into, firstPlace: 0, count});
    }
    device.queue.submit([encoder.finish()]);
    this.release(row);
    to.block.rows[to.index] = row;
    row.block = to.block;
    row.index = to.index;
  }

  /** Each row of a block into one of its own. */
  #separate(block: KvBlock): void {
    if (block.rows.length === 1) return;
    const mostKept = keptBy(block);
    for (const row of block.rows) {
      if (row === null) continue;
      const own = this.#allocate(mostKept, {kvTokens: row.kvTokens, rowCount: 1});
      this.#move(row, {block: own, index: 0});
    }
  }
}

/** How many positions each layer of a block keeps at most. */
function keptBy({layers}: KvBlock): readonly number[] {
  return layers.map(({mostKept}) => mostKept);
}

/** Whether rows that step may run in a block as they lie there. */
function isFor(block: KvBlock, rows: readonly KvRow[], pieceTokens: number): boolean {
  if (rows.some((row) => row.block !== block)) return false;
  if (rows.length === block.rows.length) {
    block.fewSteps = 0;
    return true;
  }
  // Of a longer piece too much would be for nothing; and of many rows for the sake of few, time after time.
  if (pieceTokens > 1) return false;
  block.fewSteps = 2 * rows.length < block.rows.length ? block.fewSteps + 1 : 0;
  if (block.fewSteps > MOST_FEW_STEPS) return false;
  const idle = block.rows.filter((row) => row !== null && !rows.includes(row));
  return idle.every((row) => row === null || row.held < block.kvTokens);
}
