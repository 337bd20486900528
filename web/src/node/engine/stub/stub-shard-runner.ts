import type {SessionId} from '#shared/base/ids.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {EngineError, engineLost} from '../engine-error.ts';
import {runInTurn} from '../run-step.ts';
import {NO_MEMORY} from '../shard-memory.ts';
import type {ShardInput, ShardOutput, ShardRunner, ShardStep} from '../shard-runner.ts';

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

/** For each layer, one running hash per position. */
type StubCache = {readonly kvTokens: number; readonly layers: Map<number, number[]>};

/** Lanes of a hidden state that encode the state of a token; the rest is zero. */
const LANES = 8;
/** Lane values are integers below 2¹¹, which f16 holds exactly. */
const LANE_MASK = 0x7ff;
const TOP_TOKENS = 8;

/**
 * A runner without weights for swarms of many tabs: it takes its declared time
 * and returns a function of every layer, position and token before, so that a
 * lost, repeated or reordered frame or a wrong cache changes the answer.
 */
export function createStubShardRunner(options: StubOptions): ShardRunner {
  const {spec, range} = options;
  const caches = new Map<SessionId, StubCache>();
  let kvTokensFree = options.kvTokens;

  function runLayers(step: ShardStep, tokens: readonly Uint32Array[]): void {
    const cache = caches.get(step.sessionId);
    if (cache === undefined) throw unknownSession(step.sessionId);
    admit(step, cache);
    for (let layer = step.range.startLayer; layer < step.range.endLayer; layer += 1) {
      const past = cache.layers.get(layer) ?? [];
      cache.layers.set(layer, past);
      tokens.forEach((lanes, i) => {
        const position = step.position + i;
        const context = mix(past[position - 1] ?? layer, lanes[0] ?? 0);
        past[position] = context;
        for (let lane = 0; lane < LANES; lane += 1) {
          lanes[lane] = mix(mix(context, lanes[lane] ?? 0), layer * LANES + lane) & LANE_MASK;
        }
      });
    }
  }

  async function run(step: ShardStep): Promise<ShardOutput> {
    throwIfLost(options.lost);
    const tokens = readLanes(step.input, step.tokenCount, spec.hiddenSize);
    runLayers(step, tokens);
    const layerCount = step.range.endLayer - step.range.startLayer;
    const {fixedMsPerLayer, msPerTokenLayer} = options;
    await options.waitMs(layerCount * (fixedMsPerLayer + step.tokenCount * msPerTokenLayer));
    throwIfLost(options.lost);
    return outputOf(step, tokens, spec);
  }

  return {
    range,
    openSession: (sessionId, kvTokens) => {
      const before = caches.get(sessionId);
      const room = kvTokensFree + (before?.kvTokens ?? 0);
      if (kvTokens > room) return Promise.reject(kvFull(kvTokens, room));
      kvTokensFree = room - kvTokens;
      caches.set(sessionId, {kvTokens, layers: before?.layers ?? new Map<number, number[]>()});
      return Promise.resolve();
    },
    run: (steps) => runInTurn(steps, run),
    truncate: (sessionId, position) => {
      for (const past of caches.get(sessionId)?.layers.values() ?? []) past.splice(position);
      return Promise.resolve();
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
  {output}: ShardStep,
  tokens: readonly Uint32Array[],
  spec: ModelSpec,
): ShardOutput {
  if (output === 'none') return {kind: 'none'};
  if (output === 'logits') return {kind: 'logits', top: topOf(tokens.at(-1), spec)};
  return {kind: 'hidden', dtype: 'f16', bytes: writeLanes(tokens, spec.hiddenSize)};
}

function throwIfLost(lost: AbortSignal | undefined): void {
  if (lost?.aborted !== true) return;
  throw engineLost('it crashed');
}

/** One round of a 32-bit hash (murmur3's finaliser over both words). */
function mix(a: number, b: number): number {
  let hash = Math.imul(a ^ Math.imul(b + 0x9e3779b9, 0x85ebca6b), 0xc2b2ae35);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x27d4eb2f);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function readLanes(
  input: ShardInput,
  tokenCount: number,
  hiddenSize: number,
): readonly Uint32Array[] {
  if (input.kind === 'tokens') {
    return Array.from(input.tokenIds, (id) =>
      Uint32Array.from({length: LANES}, (_, lane) => mix(id, lane) & LANE_MASK),
    );
  }
  const {bytes, dtype} = input;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const valueBytes = dtype === 'f16' ? 2 : 4;
  return Array.from({length: tokenCount}, (_, token) =>
    Uint32Array.from({length: LANES}, (__, lane) => {
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

function topOf(
  lanes: Uint32Array | undefined,
  spec: ModelSpec,
): Extract<ShardOutput, {kind: 'logits'}>['top'] {
  const seed = (lanes ?? new Uint32Array(LANES)).reduce((hash, value) => mix(hash, value), 0);
  const count = Math.min(TOP_TOKENS, spec.vocabularySize);
  const tokenIds = new Set<number>();
  for (let i = 0; tokenIds.size < count; i += 1) tokenIds.add(mix(seed, i) % spec.vocabularySize);
  const logits = Float32Array.from({length: count}, (_, i) => count - i);
  return {tokenIds: Uint32Array.from(tokenIds), logits, logSumExp: count + 0.5};
}
