import {assert} from '#shared/base/assert.ts';
import type {SessionId} from '#shared/base/ids.ts';
import {isOnGrid, type CutGrid} from '#shared/model/cut-grid.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {badStep} from '../engine-error.ts';
import {packHidden, unpackHidden} from '../hidden-state.ts';
import type {KvCache} from './kv-cache.ts';
import type {Piece, PieceFeeds, ShardCell, ShardLmHead} from './shard-engine.ts';
import type {ShardMemory} from '../shard-memory.ts';
import {runInTurn} from '../run-step.ts';
import type {ShardOutput, ShardRunner, ShardStep, StepResult} from '../shard-runner.ts';
import type {EmbeddingTable} from './weights/embedding-table.ts';

/** Longer pieces run as several: the same bits, with less memory in the engine. */
const MAX_PIECE_TOKENS = 128;

/** A loaded shard. `embedding` and `lmHead` are `null` when this node does not hold them. */
type LoadedShard<Kv> = {
  readonly spec: ModelSpec;
  readonly grid: CutGrid;
  readonly range: LayerRange;
  readonly embedding: EmbeddingTable | null;
  readonly cells: readonly ShardCell<Kv>[];
  readonly lmHead: ShardLmHead | null;
  readonly weightBytes: number;
  readonly pieceFeeds: (piece: Piece) => PieceFeeds;
};

/** Runs a shard in the thread that it is called from: the engine worker. */
export class OrtShardRunner<Kv extends {readonly tokenCount: number}> implements ShardRunner {
  readonly range: LayerRange;
  readonly #shard: LoadedShard<Kv>;
  readonly #cache: KvCache<Kv>;
  #lastTurn: Promise<unknown> = Promise.resolve();

  constructor(shard: LoadedShard<Kv>, cache: KvCache<Kv>) {
    this.range = shard.range;
    this.#shard = shard;
    this.#cache = cache;
  }

  async openSession(sessionId: SessionId, kvTokens: number): Promise<void> {
    await this.#inTurn(() => {
      this.#cache.open(sessionId, kvTokens);
    });
  }

  async run(steps: readonly ShardStep[]): Promise<readonly StepResult[]> {
    return await this.#inTurn(() => runInTurn(steps, (step) => this.#run(step)));
  }

  async truncate(sessionId: SessionId, position: number): Promise<void> {
    await this.#inTurn(() => {
      this.#cache.truncate(sessionId, position);
    });
  }

  async closeSession(sessionId: SessionId): Promise<void> {
    await this.#inTurn(() => {
      this.#cache.close(sessionId);
    });
  }

  memory(): ShardMemory {
    return {weightBytes: this.#shard.weightBytes, kvBytes: this.#cache.byteLength};
  }

  /** The engine's memory goes with its worker, never before. */
  async close(): Promise<void> {
    await this.#inTurn(() => undefined);
  }

  /** The engine runs one step at a time, and a session's steps in the order of the calls. */
  #inTurn<T>(act: () => T | Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(act);
    this.#lastTurn = turn.catch(() => undefined);
    return turn;
  }

  async #run(step: ShardStep): Promise<ShardOutput> {
    const cells = this.#cellsOf(step);
    const cellStarts = cells.map(({range}) => range.startLayer);
    this.#cache.admit({...step, cellStarts});
    const input = this.#enter(step);
    const {hiddenSize} = this.#shard.spec;
    const caches = new Map(
      cells.map(({range}) => [range.startLayer, this.#cache.read(step.sessionId, range)]),
    );
    const result = new Float32Array(input.length);
    for (let at = 0; at < input.length; at += MAX_PIECE_TOKENS * hiddenSize) {
      const hidden = input.subarray(at, at + MAX_PIECE_TOKENS * hiddenSize);
      const feeds = this.#shard.pieceFeeds({
        position: step.position + at / hiddenSize,
        tokenCount: hidden.length / hiddenSize,
      });
      result.set(await runCells(cells, {hidden, feeds}, caches), at);
    }
    const output = await this.#leave(step, result);
    // Last, so that a step that fails leaves no trace.
    this.#cache.commit(step.sessionId, caches);
    return output;
  }

  #cellsOf({range, tokenCount, output}: ShardStep): readonly ShardCell<Kv>[] {
    const {grid, cells, lmHead} = this.#shard;
    const {startLayer, endLayer} = range;
    const isInside = startLayer >= this.range.startLayer && endLayer <= this.range.endLayer;
    if (!isInside || !isOnGrid(grid, range)) {
      const here = `${this.range.startLayer} to ${this.range.endLayer}`;
      throw badStep(
        `Cannot run layers ${startLayer} to ${endLayer}: here are ${here}, cut every ${grid.cutEvery}`,
      );
    }
    if (!Number.isInteger(tokenCount) || tokenCount <= 0) {
      throw badStep(`Cannot run a step of ${tokenCount} tokens`);
    }
    if (output === 'logits' && (lmHead === null || endLayer !== grid.layerCount)) {
      throw badStep(`Cannot give logits after layer ${endLayer}: no LM head there`);
    }
    return cells.filter(
      (cell) => cell.range.startLayer >= startLayer && cell.range.endLayer <= endLayer,
    );
  }

  #enter({input, tokenCount, range}: ShardStep): Float32Array {
    const {embedding, spec} = this.#shard;
    if (input.kind === 'hidden') {
      return unpackHidden(input, {tokenCount, hiddenSize: spec.hiddenSize});
    }
    if (embedding === null || range.startLayer !== 0) {
      throw badStep(
        `Cannot embed tokens in front of layer ${range.startLayer}: no embedding there`,
      );
    }
    if (input.tokenIds.length !== tokenCount) {
      throw badStep(`Cannot run ${tokenCount} tokens: ${input.tokenIds.length} ids came`);
    }
    return embedding.embed(input.tokenIds);
  }

  async #leave(step: ShardStep, result: Float32Array<ArrayBuffer>): Promise<ShardOutput> {
    switch (step.output) {
      case 'none':
        return {kind: 'none'};
      case 'hidden':
        return {kind: 'hidden', ...packHidden(result)};
      case 'logits': {
        const {lmHead, spec} = this.#shard;
        assert(lmHead !== null, 'a step for logits was admitted');
        return {kind: 'logits', top: await lmHead.run(result.slice(-spec.hiddenSize))};
      }
      default:
        throw badStep(`Cannot give "${String(step.output)}"`);
    }
  }
}

/** One piece through cells, in layer order; `caches` gets what they remember of it. */
async function runCells<Kv>(
  cells: readonly ShardCell<Kv>[],
  piece: {readonly hidden: Float32Array; readonly feeds: PieceFeeds},
  caches: Map<number, Kv>,
): Promise<Float32Array> {
  let {hidden} = piece;
  for (const cell of cells) {
    const {startLayer} = cell.range;
    const past = caches.get(startLayer);
    assert(past !== undefined, `the cell at layer ${startLayer} has a cache`);
    const after = await cell.run(hidden, piece.feeds, past);
    caches.set(startLayer, after.kv);
    hidden = after.hidden;
  }
  return hidden;
}
