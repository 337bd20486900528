import type {Tensor} from 'onnxruntime-web/wasm';
import type {StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {TopLogits} from '#shared/session/top-logits.ts';
import type {EngineClass} from '../engine-class.ts';
import type {RotaryTable} from './graph/rotary-table.ts';
import type {KvMemory} from './kv-cache.ts';

/** What a piece tells every cell besides its hidden state. */
export type PieceFeeds = Readonly<Record<string, Tensor>>;
export type Piece = {readonly position: number; readonly tokenCount: number};
export type StoredTensors = ReadonlyMap<string, StoredTensor>;

/** The layers between two boundaries of the cut grid, in an engine. */
export interface ShardCell<Kv> {
  readonly range: LayerRange;
  /**
   * Runs one piece of one session.
   *
   * @param hidden `[tokenCount, hiddenSize]`, from a boundary.
   * @param feeds of this piece, behind the tokens that `past` holds.
   * @returns the same shape, at the next boundary, and what to remember with the piece added.
   * @throws {EngineError} `NOT_FINITE`.
   */
  run(
    hidden: Float32Array,
    feeds: PieceFeeds,
    past: Kv,
  ): Promise<{readonly hidden: Float32Array<ArrayBuffer>; readonly kv: Kv}>;
}

/** Final norm and LM head, in an engine. */
export interface ShardLmHead {
  /** @param row `[hiddenSize]`: one position, from the last boundary. */
  run(row: Float32Array): Promise<TopLogits>;
}

/** Something that runs cells. `Kv` is what it remembers of one session in one cell. */
export interface ShardEngine<Kv> {
  readonly engineClass: EngineClass;
  /** Of the CPU, while a step runs. */
  readonly threadCount: number;
  /** Resolves with the reason when the engine dies by itself; absent when it cannot. */
  readonly lost?: Promise<string>;
  createCell(spec: ModelSpec, range: LayerRange, tensors: StoredTensors): Promise<ShardCell<Kv>>;
  createLmHead(spec: ModelSpec, tensors: StoredTensors): Promise<ShardLmHead>;
  /** Made once per shard: what each of its pieces tells every cell. */
  pieceFeeds(spec: ModelSpec, rotary: RotaryTable): (piece: Piece) => PieceFeeds;
  kvMemory(spec: ModelSpec): KvMemory<Kv>;
  /** Weights of all cells and heads so far. */
  weightBytes(): number;
}
