import {assert} from '#shared/base/assert.ts';
import type {SessionId} from '#shared/base/ids.ts';
import {isOnGrid, type CutGrid} from '#shared/model/cut-grid.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {badStep, EngineError, isRefusal} from '../engine-error.ts';
import {packHidden, unpackHidden} from '../hidden-state.ts';
import {batchesOf} from '../batches-of.ts';
import type {KvCache} from './kv-cache.ts';
import type {
  Batch,
  BatchFeeds,
  CellKvs,
  ShardCell,
  ShardEngine,
  ShardLmHead,
} from './shard-engine.ts';
import type {ShardMemory} from '../shard-memory.ts';
import {runInTurn} from '../run-step.ts';
import type {ShardOutput, ShardRunner, ShardStep, StepResult} from '../shard-runner.ts';
import type {EmbeddingTable} from './weights/embedding-table.ts';

/** Longer pieces run as several: the same bits, with less memory in the engine. */
const MAX_PIECE_TOKENS = 128;

/** A loaded shard. `embedding` and `lmHead` are `null` when this node does not hold them. */
type LoadedShard<Kv, Cell extends ShardCell> = {
  readonly spec: ModelSpec;
  readonly grid: CutGrid;
  readonly range: LayerRange;
  readonly embedding: EmbeddingTable | null;
  readonly cells: readonly Cell[];
  readonly runCells: ShardEngine<Kv, Cell>['runCells'];
  readonly lmHead: ShardLmHead | null;
  readonly weightBytes: number;
  readonly mostSessions: number;
  readonly batchFeeds: (batch: Batch) => BatchFeeds;
};

/** A step that can be run: its cells, and what goes into the first of them. */
type ReadyStep<Cell> = {
  readonly step: ShardStep;
  readonly cells: readonly Cell[];
  readonly input: Float32Array;
};

/** Runs a shard in the thread that it is called from: the engine worker. */
export class OrtShardRunner<
  Kv extends {readonly tokenCount: number},
  Cell extends ShardCell,
> implements ShardRunner {
  readonly range: LayerRange;
  readonly mostSessions: number;
  readonly #shard: LoadedShard<Kv, Cell>;
  readonly #cache: KvCache<Kv>;
  #lastTurn: Promise<unknown> = Promise.resolve();

  constructor(shard: LoadedShard<Kv, Cell>, cache: KvCache<Kv>) {
    this.range = shard.range;
    this.mostSessions = shard.mostSessions;
    this.#shard = shard;
    this.#cache = cache;
  }

  async openSession(sessionId: SessionId, kvTokens: number): Promise<void> {
    await this.#inTurn(() => {
      this.#cache.open(sessionId, kvTokens);
    });
  }

  async run(steps: readonly ShardStep[]): Promise<readonly StepResult[]> {
    return await this.#inTurn(async () => {
      const results: StepResult[] = [];
      for (const batch of batchesOf(steps, this.mostSessions)) {
        results.push(...(await this.#runBatch(batch)));
      }
      return results;
    });
  }

  async truncate(sessionId: SessionId, position: number): Promise<number> {
    return await this.#inTurn(() => this.#cache.truncate(sessionId, position));
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

  /** What is refused before it runs costs those beside it nothing. */
  async #runBatch(steps: readonly ShardStep[]): Promise<readonly StepResult[]> {
    const ready = steps.map((step) => this.#ready(step));
    const able = ready.flatMap((one) => (one instanceof EngineError ? [] : [one]));
    const ran = await this.#runAble(able);
    return ready.map((one) => {
      if (one instanceof EngineError) return {kind: 'refused', error: one};
      const result = ran[able.indexOf(one)];
      assert(result !== undefined, 'a run says what became of each step');
      return result;
    });
  }

  /** Whose fault it is that a batch cannot run shows when each runs alone; so far it has left no trace. */
  async #runAble(able: readonly ReadyStep<Cell>[]): Promise<readonly StepResult[]> {
    if (able.length > 1) {
      try {
        const outputs = await this.#runTogether(able);
        return outputs.map((output) => ({kind: 'ran', output}));
      } catch (error) {
        if (!isRefusal(error)) throw error;
      }
    }
    return await runInTurn(able, async (one) => first(await this.#runTogether([one])));
  }

  /** @returns a refusal where it cannot be run. */
  #ready(step: ShardStep): ReadyStep<Cell> | EngineError {
    try {
      const cells = this.#cellsOf(step);
      this.#cache.admit({...step, cellStarts: cells.map(({range}) => range.startLayer)});
      return {step, cells, input: this.#enter(step)};
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return error;
    }
  }

  /** @param ready steps that `batchesOf` puts together. */
  async #runTogether(ready: readonly ReadyStep<Cell>[]): Promise<readonly ShardOutput[]> {
    const {spec, batchFeeds, runCells} = this.#shard;
    const {hiddenSize} = spec;
    const steps = ready.map(({step}) => step);
    const {tokenCount} = first(steps);
    const {cells} = first(ready);
    const inputs = ready.map(({input}) => input);
    let caches: CellKvs<Kv> = cells.map(({range}) =>
      steps.map(({sessionId}) => this.#cache.read(sessionId, range)),
    );
    const input = joined(inputs);
    const result = new Float32Array(input.length);
    const most = MAX_PIECE_TOKENS * steps.length;
    for (let at = 0; at < input.length; at += most * hiddenSize) {
      const hidden = input.subarray(at, at + most * hiddenSize);
      const done = at / hiddenSize;
      const feeds = batchFeeds({
        positions: steps.map(({position}) => position + done),
        tokenCount: Math.min(MAX_PIECE_TOKENS, tokenCount - done),
      });
      const ran = await runCells(cells, {hidden, feeds}, caches);
      result.set(ran.hidden, at);
      caches = ran.kvs;
    }
    const outputs = await this.#leave(steps, result);
    // Last, so that steps that fail leave no trace.
    for (const [at, {sessionId}] of steps.entries()) {
      const own = cells.flatMap(({range}, cell) => {
        const kv = caches[cell]?.[at];
        return kv === undefined ? [] : [[range.startLayer, kv] as const];
      });
      this.#cache.commit(sessionId, new Map(own));
    }
    return outputs;
  }

  #cellsOf({range, tokenCount, output}: ShardStep): readonly Cell[] {
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

  async #leave(
    steps: readonly ShardStep[],
    result: Float32Array<ArrayBuffer>,
  ): Promise<readonly ShardOutput[]> {
    const {lmHead, spec} = this.#shard;
    const size = result.length / steps.length;
    const own = (at: number) => result.subarray(at * size, (at + 1) * size);
    const sampled = steps.flatMap(({output}, at) => (output === 'logits' ? [at] : []));
    const lastRows = sampled.map((at) => own(at).subarray(-spec.hiddenSize));
    const biases = sampled.map((at) => steps[at]?.bias);
    const tops = sampled.length === 0 ? [] : ((await lmHead?.run(joined(lastRows), biases)) ?? []);
    return steps.map(({output}, at) => {
      switch (output) {
        case 'none':
          return {kind: 'none'};
        case 'hidden':
          return {kind: 'hidden', ...packHidden(own(at))};
        case 'logits': {
          const top = tops[sampled.indexOf(at)];
          assert(top !== undefined, 'a step for logits was admitted');
          return {kind: 'logits', top};
        }
        default:
          throw badStep(`Cannot give "${String(output)}"`);
      }
    });
  }
}

function first<T>([item]: readonly T[]): T {
  assert(item !== undefined, 'a batch has a step');
  return item;
}

/** One after the other; as it is where there is one. */
function joined(parts: readonly Float32Array[]): Float32Array {
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only;
  const all = new Float32Array(parts.reduce((sum, {length}) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
