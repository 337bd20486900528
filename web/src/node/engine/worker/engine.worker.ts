import {assert, unreachable} from '#shared/base/assert.ts';
import {createShardRunner} from '../loader/create-shard-runner.ts';
import {EngineError, engineLost} from '../engine-error.ts';
import type {
  EngineCall,
  EngineReply,
  EngineRequest,
  EngineResult,
  MeasuredShard,
  PlainStepResult,
  ShardPlan,
} from './engine-protocol.ts';
import type {LoadProgress} from '../load-progress.ts';
import {measureShard, SAME_BITS, SAME_WITHIN_ROUNDING} from '../proof/measure-shard.ts';
import {GOLDEN_CPU, GOLDEN_GPU, passGoldenTest} from '../proof/pass-golden-test.ts';
import type {ShardCell, ShardEngine} from '../ort/shard-engine.ts';
import {NO_MEMORY} from '../shard-memory.ts';
import type {ShardOutput, ShardRunner, StepResult} from '../shard-runner.ts';
import {openOpfsWeightStore} from '../weight-store/opfs-weight-store.ts';
import {NotKeptError, type WeightStore} from '../weight-store/weight-store.ts';
import {openWasmEngine} from '../ort/wasm/open-wasm-engine.ts';
import {openWebGpuEngine} from '../ort/webgpu/open-webgpu-engine.ts';

/*
 * The engine's thread: blocked while a step runs. It ends when the page ends it,
 * and that is also how a load is aborted and how memory is given back.
 */

const FOR_EVER = new AbortController().signal;
let runner: ShardRunner | null = null;

addEventListener('message', (event: MessageEvent<EngineRequest>) => {
  const {callId, call} = event.data;
  void answerTo(callId, call);
});

// A promise that nobody awaits would fail in silence; as an error it reaches the page.
addEventListener('unhandledrejection', (event) => {
  reportError(event.reason);
});

async function answerTo(callId: number, call: EngineCall): Promise<void> {
  try {
    const result = await answer(call);
    const memory = runner?.memory() ?? NO_MEMORY;
    reply({kind: 'result', callId, result, memory}, transferOf(result));
  } catch (error) {
    const {detail, message} = error instanceof EngineError ? error : engineLost(String(error));
    reply({kind: 'failed', callId, detail, message}, []);
  }
}

async function answer(call: EngineCall): Promise<EngineResult> {
  if (call.kind === 'load') return {kind: 'loaded', measured: await load(call.plan)};
  assert(runner !== null, 'the shard is loaded before it is used');
  switch (call.kind) {
    case 'run':
      return {kind: 'ran', results: (await runner.run(call.steps)).map(plainResult)};
    case 'open-session':
      await runner.openSession(call.sessionId, call.kvTokens);
      return {kind: 'done'};
    case 'truncate':
      return {
        kind: 'truncated',
        position: await runner.truncate(call.sessionId, call.position),
      };
    case 'close-session':
      await runner.closeSession(call.sessionId);
      return {kind: 'done'};
    default:
      return unreachable(call);
  }
}

async function load(plan: ShardPlan): Promise<MeasuredShard> {
  const {engine} = plan;
  switch (engine.kind) {
    case 'wasm':
      return await loadOn(await openWasmEngine(engine.threadCount, engine.build ?? 'wasm'), plan);
    case 'webgpu':
      return await loadOn(await openWebGpuEngine(), plan);
    default:
      return unreachable(engine);
  }
}

async function loadOn<Kv extends {readonly tokenCount: number}, Cell extends ShardCell>(
  engine: ShardEngine<Kv, Cell>,
  plan: ShardPlan,
): Promise<MeasuredShard> {
  const {spec, cutEvery} = plan.manifest;
  void tellLoss(engine.lost);
  const store = plan.keepsWeights ? await openStore(plan.manifest.file.sha256) : null;
  const loaded = await createShardRunner({
    ...plan,
    engine,
    store,
    onProgress: tell,
    signal: FOR_EVER,
  });
  const isOnCpu = plan.engine.kind === 'wasm';
  const {golden} = plan;
  if (golden !== null) {
    const tolerance = isOnCpu ? GOLDEN_CPU : GOLDEN_GPU;
    await passGoldenTest(loaded, {...plan, golden, tolerance});
  }
  const speed = await measureShard({
    runner: loaded,
    grid: {layerCount: spec.layerCount, cutEvery},
    hiddenSize: spec.hiddenSize,
    contextTokens: spec.contextTokens,
    hasLmHead: plan.shape.lmHead,
    runsTogether: engine.mostSessions > 1,
    proof: isOnCpu ? SAME_BITS : SAME_WITHIN_ROUNDING,
    nowMs: () => performance.now(),
    onRun: (runs) => {
      tell({kind: 'warm-up', ...runs});
    },
  });
  runner = loaded;
  const {engineClass, threadCount, mostSessions} = engine;
  return {...speed, engineClass, threadCount, mostSessions};
}

/** @returns `null` where nothing can be kept, and says so to the page. */
async function openStore(fileSha256: string): Promise<WeightStore | null> {
  try {
    return await openOpfsWeightStore(fileSha256);
  } catch (error) {
    if (!(error instanceof NotKeptError)) throw error;
    tell({kind: 'not-kept', why: error.detail.why});
    return null;
  }
}

async function tellLoss(lost: Promise<string> | undefined): Promise<void> {
  if (lost !== undefined) reply({kind: 'lost', reason: await lost}, []);
}

function tell(progress: LoadProgress): void {
  reply({kind: 'progress', progress}, []);
}

function reply(message: EngineReply, transfer: Transferable[]): void {
  postMessage(message, {transfer});
}

function transferOf(result: EngineResult): Transferable[] {
  if (result.kind !== 'ran') return [];
  return result.results.flatMap((step) => (step.kind === 'ran' ? buffersOf(step.output) : []));
}

function plainResult(result: StepResult): PlainStepResult {
  if (result.kind === 'ran') return result;
  const {detail, message} = result.error;
  return {kind: 'refused', detail, message};
}

function buffersOf(output: ShardOutput): Transferable[] {
  const views = output.kind === 'hidden' ? [output.bytes] : [];
  return views.map(({buffer}) => buffer).filter((buffer) => buffer instanceof ArrayBuffer);
}
