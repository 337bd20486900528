import {buildHeadGraph} from '../graph/build-head-graph.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import {GPU_DIALECT} from '../graph/gpu-dialect.ts';
import {webGpuClass} from '../engine-class.ts';
import {createOrtCell} from '../ort-cell.ts';
import {OrtHead} from '../ort-head.ts';
import type {ShardEngine} from '../shard-engine.ts';
import {GpuCell} from './gpu-cell.ts';
import {gpuKvMemory, type GpuKv} from './gpu-kv-memory.ts';
import {openGpuOrt} from './open-gpu-ort.ts';
import {requestGpuDevice, webGpuUnavailable} from './request-gpu-device.ts';

/**
 * onnxruntime on a GPU.
 *
 * @throws {EngineError} `WEBGPU_UNAVAILABLE`.
 */
export async function openWebGpuEngine(): Promise<ShardEngine<GpuKv>> {
  const {device, info} = await requestGpuDevice();
  const ort = await openGpuOrt(device);
  return {
    engineClass: webGpuClass(info),
    threadCount: 1,
    lost: device.lost.then(({message}) => message),
    createCell: async (spec, range, tensors) =>
      new GpuCell(await onGpu(() => createOrtCell(ort, GPU_DIALECT, {spec, range, tensors}))),
    createHead: (spec, tensors) =>
      onGpu(() => OrtHead.create(ort, buildHeadGraph(spec, tensors, GPU_DIALECT.addProduct))),
    pieceFeeds: (_spec, {position, tokenCount}) => {
      const totalTokens = position + tokenCount;
      return {
        [CELL_IO.lastPosition]: ort.i32Tensor(Int32Array.of(totalTokens - 1), [1]),
        [CELL_IO.totalTokens]: ort.i32Tensor(Int32Array.of(totalTokens), [1]),
      };
    },
    kvMemory: (spec) => gpuKvMemory({ort, device}, spec),
    weightBytes: () => ort.weightBytes,
  };
}

async function onGpu<T>(create: () => Promise<T>): Promise<T> {
  try {
    return await create();
  } catch (error) {
    throw webGpuUnavailable(`it cannot run these layers (${String(error)})`, error);
  }
}
