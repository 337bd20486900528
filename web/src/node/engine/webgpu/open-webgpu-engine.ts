import {buildHeadGraph} from '../graph/build-head-graph.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import {GPU_DIALECT} from '../graph/gpu-dialect.ts';
import {webGpuClass} from '../engine-class.ts';
import {OrtEngine} from '../ort-engine.ts';
import {OrtHead} from '../ort-head.ts';
import type {ShardEngine} from '../shard-engine.ts';
import {GpuCell} from './gpu-cell.ts';
import {gpuKvMemory, type GpuKv} from './gpu-kv-memory.ts';
import {requestGpuDevice} from './request-gpu-device.ts';

/**
 * onnxruntime on a GPU.
 *
 * @throws {EngineError} `WEBGPU_UNAVAILABLE`.
 */
export async function openWebGpuEngine(): Promise<ShardEngine<GpuKv>> {
  const {device, info} = await requestGpuDevice();
  const onnxRuntime = await import('onnxruntime-web/webgpu');
  onnxRuntime.env.wasm.numThreads = 1;
  onnxRuntime.env.logLevel = 'error';
  const ort = new OrtEngine(onnxRuntime, {
    executionProviders: [{name: 'webgpu', device}],
    // An operator that the GPU cannot run would go to the CPU in silence.
    extra: {session: {disable_cpu_ep_fallback: '1'}},
  });
  return {
    engineClass: webGpuClass(info),
    lost: device.lost.then(({message}) => message),
    createCell: (spec, range, tensors) => GpuCell.create(ort, {spec, range, tensors}),
    createHead: (spec, tensors) =>
      OrtHead.create(ort, buildHeadGraph(spec, tensors, GPU_DIALECT.addProduct)),
    pieceFeeds: (_spec, {position, tokenCount}) => {
      const totalTokens = position + tokenCount;
      return {
        [CELL_IO.lastPosition]: ort.i32Tensor(Int32Array.of(totalTokens - 1), [1]),
        [CELL_IO.totalTokens]: ort.i32Tensor(Int32Array.of(totalTokens), [1]),
      };
    },
    kvMemory: (spec) => gpuKvMemory({ort, device}, spec),
  };
}
