import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {OrtEngine} from '../ort-engine.ts';
import {copyPlaces} from './copy-places.ts';
import {isBounded, type KvBlock, type KvLayer, type KvRow} from './kv-block.ts';

/** `GPUBufferUsage` storage, copy source and copy target. */
export const KV_USAGE = 0x80 | 0x04 | 0x08;

type PoolOptions = {
  readonly ort: OrtEngine;
  readonly device: GPUDevice;
  readonly spec: ModelSpec;
  /** What all reservations together may take. */
  readonly budgetBytes: number;
};

/**
 * Where a shard on a GPU remembers its sessions. Each begins in a block of its own; what steps
 * together is moved into one block, once, and stays there.
 */
export class KvPool {
  readonly #options: PoolOptions;
  readonly #blocks = new Set<KvBlock>();

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** A row for a session that holds nothing yet, in a block of its own. */
  reserve(mostKept: readonly number[], kvTokens: number): KvRow {
    const rowBytes = this.#rowBytes(mostKept, kvTokens);
    // Rows that lie together may have more room than is reserved for them.
    if (this.#byteLength + rowBytes > this.#options.budgetBytes) this.#separateAll();
    const block = this.#allocate(mostKept, {kvTokens, rowCount: 1});
    const row = {block, index: 0, kvTokens, written: 0, firstPosition: 0};
    block.rows[0] = row;
    return row;
  }

  /**
   * A block in which all of `rows` lie, moved where need be. In a block that they do not fill, the other
   * rows compute along for nothing: what they write lies behind what they hold.
   *
   * @returns `null` where there is no memory for that: each must run alone.
   */
  together(rows: readonly KvRow[], pieceTokens: number): KvBlock | null {
    const [first, ...others] = rows;
    if (first === undefined) return null;
    if (isFor(first.block, rows, pieceTokens)) return first.block;
    const mostKept = first.block.layers.map((layer) => layer.mostKept);
    const kvTokens = Math.max(...rows.map((row) => row.kvTokens));
    const newBytes = rows.length * this.#rowBytes(mostKept, kvTokens);
    const hasRoom = this.#byteLength + newBytes <= this.#options.budgetBytes;
    if (!hasRoom && others.length > 0) return null;
    const block = this.#allocate(mostKept, {kvTokens, rowCount: rows.length});
    for (const [index, row] of rows.entries()) this.#move(row, {block, index});
    return block;
  }

  /** The same with room for another number of positions. `row` is not used again. */
  resized(row: KvRow, kvTokens: number): KvRow {
    const {block} = row;
    if (block.rows.length === 1 && block.kvTokens === kvTokens) return row;
    const mostKept = block.layers.map((layer) => layer.mostKept);
    const own = {...row, kvTokens};
    block.rows[row.index] = own;
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

  get #byteLength(): number {
    return [...this.#blocks].reduce((sum, block) => sum + this.#bytesOf(block), 0);
  }

  #bytesOf({layers, kvTokens, rows}: KvBlock): number {
    const mostKept = layers.map((layer) => layer.mostKept);
    return rows.length * this.#rowBytes(mostKept, kvTokens);
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
        return ort.gpuTensor(device.createBuffer({size: byteLength, usage: KV_USAGE}), shape);
      };
      return {key: tensor(), value: tensor(), room, mostKept: most};
    });
    const rows = Array.from({length: rowCount}, () => null);
    const block: KvBlock = {pool: this, layers, kvTokens, rows};
    this.#blocks.add(block);
    return block;
  }

  #move(row: KvRow, to: {readonly block: KvBlock; readonly index: number}): void {
    const {device, spec} = this.#options;
    const encoder = device.createCommandEncoder();
    for (const [at, source] of row.block.layers.entries()) {
      const target = to.block.layers[at];
      const count = isBounded(source) ? row.written - row.firstPosition : row.written;
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

  #separateAll(): void {
    for (const block of [...this.#blocks].filter(({rows}) => rows.length > 1)) {
      const mostKept = block.layers.map((layer) => layer.mostKept);
      for (const row of block.rows) {
        if (row === null) continue;
        const own = this.#allocate(mostKept, {kvTokens: row.kvTokens, rowCount: 1});
        this.#move(row, {block: own, index: 0});
      }
    }
  }
}

/** Whether rows that step may run in a block as they lie there. */
function isFor(block: KvBlock, rows: readonly KvRow[], pieceTokens: number): boolean {
  if (rows.some((row) => row.block !== block)) return false;
  if (rows.length === block.rows.length) return true;
  // Of a longer piece, or of more rows than step, too much would be for nothing.
  if (pieceTokens > 1 || 2 * rows.length < block.rows.length) return false;
  const idle = block.rows.filter((row) => row !== null && !rows.includes(row));
  return idle.every((row) => row === null || row.written < block.kvTokens);
}
