import {fitsGpu, GPU_HEAD_UNIT, type ModelSpec} from '#shared/model/model-spec.ts';
import {MOST_BATCHED} from '#shared/scheduling/cost-model.ts';
import {buildLogitsGraph} from '../graph/build-lm-head-graph.ts';
import {GPU_DIALECT} from '../graph/dialects/gpu-dialect.ts';
import {webGpuClass} from '../../engine-class.ts';
import {createOrtCell} from '../ort-cell.ts';
import type {ShardEngine} from '../shard-engine.ts';
import {GpuCell} from './gpu-cell.ts';
import {gpuKvMemory, type GpuKv} from './gpu-kv-memory.ts';
import {KvPool} from './kv-pool.ts';
import {GpuLmHead} from './lm-head/gpu-lm-head.ts';
import {runGpuCells} from './run-gpu-cells.ts';
import {WireRounding} from './wire-rounding.ts';
import {gpuBatchFeeds} from './gpu-batch-feeds.ts';
import {openGpuOrt} from './open-gpu-ort.ts';
import {requestGpuDevice, webGpuUnavailable} from './request-gpu-device.ts';

/**
 * onnxruntime on a GPU.
 *
 * @throws {EngineError} `WEBGPU_UNAVAILABLE`.
 */
export async function openWebGpuEngine(): Promise<ShardEngine<GpuKv, GpuCell>> {
  const {device, info} = await requestGpuDevice();
  const ort = await openGpuOrt(device);
  const rounding = await onGpu(() => WireRounding.create(device));
  return {
    engineClass: webGpuClass(info),
    threadCount: 1,
    lost: device.lost.then(({message}) => message),
    createCell: async (spec, range, tensors) => {
      refuseOddHeads(spec);
      return new GpuCell(
        await onGpu(() => createOrtCell(ort, GPU_DIALECT, {spec, range, tensors})),
        {device, rounding},
      );
    },
    createLmHead: (spec, tensors) =>
      onGpu(() =>
        GpuLmHead.create(
          {ort, device},
          buildLogitsGraph(spec, tensors, GPU_DIALECT.addProduct),
          spec,
        ),
      ),
    runCells: runGpuCells,
    mostSessions: MOST_BATCHED,
    batchFeeds: (_spec, rotary) => gpuBatchFeeds({ort, device}, rotary),
    kvMemory: (spec, budgetBytes) =>
      gpuKvMemory(new KvPool({ort, device, spec, budgetBytes}), spec),
    weightBytes: () => ort.weightBytes,
  };
}

/** Its `GroupQueryAttention` refuses them only when it runs, and is gone then. */
function refuseOddHeads(spec: ModelSpec): void {
  if (fitsGpu(spec)) return;
  throw webGpuUnavailable(
    `its attention takes heads of a multiple of ${GPU_HEAD_UNIT} numbers, and this model's have ${spec.headSize}`,
  );
}

async function onGpu<T>(create: () => Promise<T>): Promise<T> {
  try {
    return await create();
  } catch (error) {
    throw webGpuUnavailable(`it cannot run these layers (${String(error)})`, error);
  }
}
