import type {SessionId} from '#shared/base/ids.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {
  biasedStubLogits,
  runStubLayer,
  STUB_LANES,
  stubEmbedding,
  stubTopLogits,
  type StubLayerCache,
} from '#shared/model/stub-model.ts';
import {tokensOf} from '#shared/protocol/frame/token-mask.ts';
import {MOST_BATCHED} from '#shared/scheduling/cost-model.ts';
import {batchesOf} from '../batches-of.ts';
import {EngineError, engineLost} from '../engine-error.ts';
import {runInTurn} from '../run-step.ts';
import {NO_MEMORY} from '../shard-memory.ts';
import type {ShardInput, ShardOutput, ShardRunner, ShardStep, StepResult} from '../shard-runner.ts';

export type StubOptions = {
  readonly spec: ModelSpec;
  readonly range: LayerRange;
  /** What one step costs: waited for, so that schedulers see a node of that speed. */
  readonly fixedMsPerLayer: number;
  readonly msPerTokenLayer: number;
  readonly kvTokens: number;
  readonly waitMs: (ms: number) => Promise<void>;
  /** Once aborted the engine is gone: every step fails. */
  readonly lost?: AbortSignal;
};

type StubCache = {readonly kvTokens: number; readonly layers: Map<number, StubLayerCache>};

/**
 * A runner without weights for swarms of many tabs: it takes its declared time and gives what
 * `stub-model.ts` says. Of a hidden state it uses the first lanes; the rest is zero.
 */
export function createStubShardRunner(options: StubOptions): ShardRunner {
  const {spec, range} = options;
  const caches = new Map<SessionId, StubCache>();
  let kvTokensFree = options.kvTokens;

  async function run(steps: readonly ShardStep[]): Promise<readonly StepResult[]> {
    const results: StepResult[] = [];
    const {fixedMsPerLayer, msPerTokenLayer} = options;
    for (const batch of batchesOf(steps, MOST_BATCHED)) {
      throwIfLost(options.lost);
      results.push(
        ...(await runInTurn(batch, async (step) =>
          runStep(step, caches.get(step.sessionId), spec),
        )),
      );
      const [{range: layers}] = batch;
      const tokens = batch.reduce((sum, {tokenCount}) => sum + tokenCount, 0);
      const layerCount = layers.endLayer - layers.startLayer;
      await options.waitMs(layerCount * (fixedMsPerLayer + tokens * msPerTokenLayer));
      throwIfLost(options.lost);
    }
    return results;
  }

  return {
    range,
    mostSessions: MOST_BATCHED,
    openSession: (sessionId, kvTokens) => {
      const before = caches.get(sessionId);
      const room = kvTokensFree + (before?.kvTokens ?? 0);
      if (kvTokens > room) return Promise.reject(kvFull(kvTokens, room));
      kvTokensFree = room - kvTokens;
      caches.set(sessionId, {
        kvTokens,
        layers: before?.layers ?? new Map<number, StubLayerCache>(),
      });
      return Promise.resolve();
    },
    run,
    truncate: (sessionId, position) => {
      for (const past of caches.get(sessionId)?.layers.values() ?? []) past.splice(position);
      return Promise.resolve(position);
    },
    closeSession: (sessionId) => {
      kvTokensFree += caches.get(sessionId)?.kvTokens ?? 0;
      caches.delete(sessionId);
      return Promise.resolve();
    },
    memory: () => NO_MEMORY,
    close: () => {
      caches.clear();
      return Promise.resolve();
    },
  };
}

function runStep(step: ShardStep, cache: StubCache | undefined, spec: ModelSpec): ShardOutput {
  const tokens = readLanes(step.input, step.tokenCount, spec.hiddenSize);
  if (cache === undefined) throw unknownSession(step.sessionId);
  admit(step, cache);
  runLayers(step, cache, tokens);
  return outputOf(step, tokens, spec);
}

function runLayers(
  {range, position}: ShardStep,
  {layers}: StubCache,
  tokens: readonly Uint32Array[],
): void {
  for (let layer = range.startLayer; layer < range.endLayer; layer += 1) {
    const past = layers.get(layer) ?? [];
    layers.set(layer, past);
    tokens.forEach((lanes, i) => {
      runStubLayer(past, {layer, position: position + i}, lanes);
    });
  }
}

function admit({range, position, tokenCount}: ShardStep, {kvTokens, layers}: StubCache): void {
  const expectedPosition = layers.get(range.startLayer)?.length ?? 0;
  if (position !== expectedPosition) {
    throw new EngineError(
      {code: 'WRONG_POSITION', position, expectedPosition},
      `Cannot run position ${position}: the cache holds ${expectedPosition}`,
    );
  }
  if (position + tokenCount > kvTokens) throw kvFull(position + tokenCount, kvTokens);
}

function kvFull(kvTokensAsked: number, kvTokensFree: number): EngineError {
  return new EngineError(
    {code: 'KV_FULL', kvTokensAsked, kvTokensFree},
    `No room to remember ${kvTokensAsked} tokens: ${kvTokensFree} are left`,
  );
}

function unknownSession(sessionId: SessionId): EngineError {
  const sentence = `Session "${sessionId}" is not open in this engine`;
  return new EngineError({code: 'UNKNOWN_SESSION', sessionId}, sentence);
}

function outputOf(
  {output, bias}: ShardStep,
  tokens: readonly Uint32Array[],
  spec: ModelSpec,
): ShardOutput {
  if (output === 'none') return {kind: 'none'};
  if (output === 'logits') {
    const lanes = tokens.at(-1) ?? new Uint32Array(STUB_LANES);
    const top = stubTopLogits(lanes, spec.vocabularySize);
    if (bias === undefined) return {kind: 'logits', top};
    const allowed = bias.allowed === undefined ? null : tokensOf(bias.allowed);
    return {kind: 'logits', top: biasedStubLogits(top, bias, allowed)};
  }
  return {kind: 'hidden', dtype: 'f16', bytes: writeLanes(tokens, spec.hiddenSize)};
}

function throwIfLost(lost: AbortSignal | undefined): void {
  if (lost?.aborted !== true) return;
  throw engineLost('it crashed');
}

function readLanes(
  input: ShardInput,
  tokenCount: number,
  hiddenSize: number,
): readonly Uint32Array[] {
  if (input.kind === 'tokens') {
    return Array.from(input.tokenIds, stubEmbedding);
  }
  const {bytes, dtype} = input;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const valueBytes = dtype === 'f16' ? 2 : 4;
  return Array.from({length: tokenCount}, (_, token) =>
    Uint32Array.from({length: STUB_LANES}, (__, lane) => {
      const offset = (token * hiddenSize + lane) * valueBytes;
      return dtype === 'f16'
        ? integerOfF16(view.getUint16(offset, true))
        : view.getFloat32(offset, true);
    }),
  );
}

function writeLanes(tokens: readonly Uint32Array[], hiddenSize: number): Uint8Array {
  const bytes = new Uint8Array(tokens.length * hiddenSize * 2);
  const view = new DataView(bytes.buffer);
  tokens.forEach((lanes, token) => {
    lanes.forEach((value, lane) => {
      view.setUint16((token * hiddenSize + lane) * 2, f16OfInteger(value), true);
    });
  });
  return bytes;
}

/** f16 bits of an integer in `[0, 2¹¹)`: exact. */
function f16OfInteger(value: number): number {
  if (value === 0) return 0;
  const exponent = 31 - Math.clz32(value);
  return ((exponent + 15) << 10) | ((value << (10 - exponent)) & 0x3ff);
}

function integerOfF16(bits: number): number {
  if (bits === 0) return 0;
  const exponent = (bits >> 10) - 15;
  return ((bits & 0x3ff) | 0x400) >> (10 - exponent);
}
