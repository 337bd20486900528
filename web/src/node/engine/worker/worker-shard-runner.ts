import {assert} from '#shared/base/assert.ts';
import type {SessionId} from '#shared/base/ids.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {GoldenVectors} from '#shared/model/golden/golden-vectors.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {EngineError, engineLost} from '../engine-error.ts';
import type {
  EngineCall,
  EngineChoice,
  EngineReply,
  EngineRequest,
  EngineResult,
  MeasuredShard,
} from './engine-protocol.ts';
import type {LoadProgress} from '../load-progress.ts';
import {NO_MEMORY, type ShardMemory} from '../shard-memory.ts';
import type {ShardInput, ShardRunner, ShardStep, StepResult} from '../shard-runner.ts';

export type WorkerShardOptions = {
  readonly engine: EngineChoice;
  readonly manifest: Manifest;
  /** What the shard must compute; by default, nobody knows. */
  readonly golden?: GoldenVectors | null;
  readonly range: LayerRange;
  readonly embedding: boolean;
  readonly lmHead: boolean;
  /** The model file; must answer range requests. Relative to the page. */
  readonly weightsUrl: string;
  /** Memory that all sessions together may take to remember. */
  readonly kvBudgetBytes: number;
  /** Whether weights stay on this device. */
  readonly keepsWeights: boolean;
  readonly onProgress: (progress: LoadProgress) => void;
  /** The engine died by itself; calls that wait, and all that follow, are rejected with the same. */
  readonly onLost?: (error: EngineError) => void;
  readonly signal: AbortSignal;
};

type Pending = {
  readonly resolve: (result: EngineResult) => void;
  readonly reject: (reason: unknown) => void;
};

/**
 * Loads a shard in a worker of its own, proves it and measures it.
 *
 * @throws {EngineError} `WEBGPU_UNAVAILABLE`, `WEIGHTS_UNREACHABLE`, `TENSOR_ALTERED`,
 *   `GOLDEN_TEST_FAILED`, `SELF_TEST_FAILED`, `NOT_FINITE`, `KV_FULL` (a budget below 58 tokens, or below the model's context), `ENGINE_LOST`; the signal's
 *   reason when aborted. Nothing is left behind then.
 */
export async function createWorkerShardRunner(
  options: WorkerShardOptions,
): Promise<{readonly runner: ShardRunner; readonly measured: MeasuredShard}> {
  const {engine, manifest, golden = null, range, embedding, lmHead} = options;
  const {kvBudgetBytes, keepsWeights, signal} = options;
  signal.throwIfAborted();
  const runner = new WorkerShardRunner(range, options);
  const abort = (): void => {
    runner.end(signal.reason);
  };
  signal.addEventListener('abort', abort);
  try {
    const weightsUrl = new URL(options.weightsUrl, location.href).href;
    const shape = {range, embedding, lmHead};
    const plan = {engine, manifest, golden, shape, weightsUrl, kvBudgetBytes, keepsWeights};
    const result = await runner.call({kind: 'load', plan}, []);
    assert(result.kind === 'loaded', 'a load ends in a loaded shard');
    runner.mostSessions = result.measured.mostSessions;
    return {runner, measured: result.measured};
  } catch (error) {
    runner.end(error);
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** A runner whose engine lives in a worker; calls and answers are messages. */
class WorkerShardRunner implements ShardRunner {
  readonly range: LayerRange;
  /** Known when the shard is loaded. */
  mostSessions = 1;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #lastCallId = 0;
  #memory = NO_MEMORY;
  /** Why no call can be answered any more; `null` while the worker lives. */
  #ended: {readonly reason: unknown} | null = null;

  constructor(
    range: LayerRange,
    {onProgress, onLost}: Pick<WorkerShardOptions, 'onProgress' | 'onLost'>,
  ) {
    const lose = (reason: string): void => {
      const error = engineLost(reason);
      this.end(error);
      onLost?.(error);
    };
    this.range = range;
    this.#worker = new Worker(new URL('./engine.worker.ts', import.meta.url), {type: 'module'});
    this.#worker.addEventListener('message', (event: MessageEvent<EngineReply>) => {
      if (event.data.kind === 'progress') onProgress(event.data.progress);
      else if (event.data.kind === 'lost') lose(event.data.reason);
      else this.#settle(event.data);
    });
    this.#worker.addEventListener('error', (event) => {
      // A script that does not come has an event without a message.
      const message: string | undefined = event.message;
      lose(message ?? 'its script could not be loaded');
    });
    this.#worker.addEventListener('messageerror', () => {
      lose('a message could not be read');
    });
  }

  async openSession(sessionId: SessionId, kvTokens: number): Promise<void> {
    await this.call({kind: 'open-session', sessionId, kvTokens}, []);
  }

  async run(steps: readonly ShardStep[]): Promise<readonly StepResult[]> {
    const buffers: ArrayBuffer[] = [];
    const copies = steps.map((step) => {
      const {input, buffer} = copyInput(step.input);
      buffers.push(buffer);
      return {...step, input};
    });
    const result = await this.call({kind: 'run', steps: copies}, buffers);
    assert(result.kind === 'ran', 'a run ends in results');
    return result.results.map((step) =>
      step.kind === 'ran'
        ? step
        : {kind: 'refused', error: new EngineError(step.detail, step.message)},
    );
  }

  async truncate(sessionId: SessionId, position: number): Promise<number> {
    const result = await this.call({kind: 'truncate', sessionId, position}, []);
    assert(result.kind === 'truncated', 'a truncation ends in a position');
    return result.position;
  }

  async closeSession(sessionId: SessionId): Promise<void> {
    await this.call({kind: 'close-session', sessionId}, []);
  }

  memory(): ShardMemory {
    return this.#memory;
  }

  async close(): Promise<void> {
    this.end(engineLost('it was closed'));
  }

  /** Sends one call; the worker answers calls in their order. */
  async call(call: EngineCall, transfer: Transferable[]): Promise<EngineResult> {
    if (this.#ended !== null) throw this.#ended.reason;
    this.#lastCallId += 1;
    const request: EngineRequest = {callId: this.#lastCallId, call};
    return await new Promise((resolve, reject) => {
      this.#pending.set(request.callId, {resolve, reject});
      this.#worker.postMessage(request, transfer);
    });
  }

  /** Ends the worker, at once, and with it every call that waits. */
  end(reason: unknown): void {
    this.#ended ??= {reason};
    this.#worker.terminate();
    this.#memory = NO_MEMORY;
    for (const {reject} of this.#pending.values()) reject(this.#ended.reason);
    this.#pending.clear();
  }

  #settle(reply: Extract<EngineReply, {readonly callId: number}>): void {
    const pending = this.#pending.get(reply.callId);
    this.#pending.delete(reply.callId);
    if (reply.kind === 'result') {
      this.#memory = reply.memory;
      pending?.resolve(reply.result);
      return;
    }
    const error = new EngineError(reply.detail, reply.message);
    pending?.reject(error);
    if (reply.detail.code === 'ENGINE_LOST') this.end(error);
  }
}

/** A copy to give away: the caller keeps its frame, for a replay. */
function copyInput(input: ShardInput): {readonly input: ShardInput; readonly buffer: ArrayBuffer} {
  if (input.kind === 'tokens') {
    const tokenIds = new Uint32Array(input.tokenIds);
    return {input: {kind: 'tokens', tokenIds}, buffer: tokenIds.buffer};
  }
  const bytes = new Uint8Array(input.bytes);
  return {input: {...input, bytes}, buffer: bytes.buffer};
}
