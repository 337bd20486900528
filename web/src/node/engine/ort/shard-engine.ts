import type {Tensor} from 'onnxruntime-web/wasm';
import type {StoredTensor} from '#shared/model/storage/dequantise-rows.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {TokenBias} from '#shared/session/token-bias.ts';
import type {TopLogits} from '#shared/session/top-logits.ts';
import type {EngineClass} from '../engine-class.ts';
import type {RotaryTables} from './graph/rotary-table.ts';
import type {KvMemory} from './kv-cache.ts';

/** Pieces of one length that run as one, each of another session. */
export type Batch = {
  /** Where each piece begins. */
  readonly positions: readonly number[];
  /** Of each piece. */
  readonly tokenCount: number;
};
/** What a batch tells every cell besides its hidden states. */
export type BatchFeeds = Readonly<Record<string, Tensor>>;
export type StoredTensors = ReadonlyMap<string, StoredTensor>;

/** The layers between two boundaries of the cut grid, in an engine. */
export interface ShardCell {
  readonly range: LayerRange;
}

/** What each session of a batch remembers, by cell. */
export type CellKvs<Kv> = readonly (readonly Kv[])[];

/** Final norm and LM head, in an engine. */
export interface ShardLmHead {
  /**
   * @param rows `[rows, hiddenSize]`: positions from the last boundary, each for itself.
   * @param biases of each row, where it has one.
   */
  run(
    rows: Float32Array,
    biases: readonly (TokenBias | undefined)[],
  ): Promise<readonly TopLogits[]>;
}

/** Something that runs cells. `Kv` is what it remembers of one session in one cell. */
export interface ShardEngine<Kv, Cell extends ShardCell> {
  readonly engineClass: EngineClass;
  /** Of the CPU, while a step runs. */
  readonly threadCount: number;
  /** Resolves with the reason when the engine dies by itself; absent when it cannot. */
  readonly lost?: Promise<string>;
  createCell(spec: ModelSpec, range: LayerRange, tensors: StoredTensors): Promise<Cell>;
  /**
   * Runs one batch through cells that follow each other.
   *
   * @param run.hidden `[sessions, tokenCount, hiddenSize]`, from a boundary.
   * @param run.feeds of this batch, behind the tokens that `pasts` hold.
   * @param pasts what each session remembers of each cell.
   * @returns the same shape, at the boundary behind the last cell, and what to remember with the pieces added.
   * @throws {EngineError} `NOT_FINITE`, whichever session it comes from.
   */
  readonly runCells: (
    cells: readonly Cell[],
    run: {readonly hidden: Float32Array; readonly feeds: BatchFeeds},
    pasts: CellKvs<Kv>,
  ) => Promise<{readonly hidden: Float32Array; readonly kvs: CellKvs<Kv>}>;
  createLmHead(spec: ModelSpec, tensors: StoredTensors): Promise<ShardLmHead>;
  /** How many sessions a batch may have. */
  readonly mostSessions: number;
  /** Made once per shard: what each of its batches tells every cell. */
  batchFeeds(spec: ModelSpec, rotary: RotaryTables): (batch: Batch) => BatchFeeds;
  /** Of one shard. @param budgetBytes what its sessions may reserve together. */
  kvMemory(spec: ModelSpec, budgetBytes: number): KvMemory<Kv>;
  /** Weights of all cells and heads so far. */
  weightBytes(): number;
}
