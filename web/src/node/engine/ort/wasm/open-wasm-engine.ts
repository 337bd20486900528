import {MOST_BATCHED} from '#shared/scheduling/cost-model.ts';
import {buildLmHeadGraph} from '../graph/build-lm-head-graph.ts';
import {CPU_DIALECT} from '../graph/dialects/cpu-dialect.ts';
import {importOrt, type OrtBuild} from '../import-ort.ts';
import {createOrtCell} from '../ort-cell.ts';
import {OrtEngine} from '../ort-engine.ts';
import type {ShardEngine} from '../shard-engine.ts';
import {runWasmCells} from './run-wasm-cells.ts';
import {WasmCell} from './wasm-cell.ts';
import {WasmLmHead} from './wasm-lm-head.ts';
import {wasmKvMemory, type WasmKv} from './wasm-kv-memory.ts';
import {wasmBatchFeeds} from './wasm-batch-feeds.ts';

/**
 * onnxruntime on the CPU of this thread, and of `threadsWished - 1` more where the
 * page is isolated. The count is fixed for the life of the thread; the bits do not depend on it.
 */
export async function openWasmEngine(
  threadsWished: number,
  build: OrtBuild,
): Promise<ShardEngine<WasmKv, WasmCell>> {
  // Threads share memory, which a page has only when it is isolated from others.
  const threadCount = crossOriginIsolated ? threadsWished : 1;
  const onnxRuntime = await importOrt(build);
  onnxRuntime.env.wasm.numThreads = threadCount;
  onnxRuntime.env.logLevel = 'error';
  const ort = new OrtEngine(onnxRuntime, {executionProviders: ['wasm']});
  return {
    engineClass: 'wasm-f32',
    threadCount,
    createCell: async (spec, range, tensors) =>
      new WasmCell(await createOrtCell(ort, CPU_DIALECT, {spec, range, tensors})),
    createLmHead: (spec, tensors) =>
      WasmLmHead.create(ort, buildLmHeadGraph(spec, tensors, CPU_DIALECT.addProduct), spec),
    runCells: runWasmCells,
    mostSessions: MOST_BATCHED,
    batchFeeds: (spec, rotary) => (batch) => wasmBatchFeeds(ort, {spec, rotary}, batch),
    kvMemory: wasmKvMemory,
    weightBytes: () => ort.weightBytes,
  };
}
