import {importOrt} from '../import-ort.ts';
import {OrtEngine} from '../ort-engine.ts';

/** onnxruntime with its WebGPU provider, on this device and on nothing else. */
export async function openGpuOrt(device: GPUDevice): Promise<OrtEngine> {
  const onnxRuntime = await importOrt('webgpu');
  onnxRuntime.env.wasm.numThreads = 1;
  onnxRuntime.env.logLevel = 'error';
  return new OrtEngine(onnxRuntime, {
    executionProviders: [{name: 'webgpu', device}],
    // An operator that the GPU cannot run would go to the CPU in silence.
    extra: {session: {disable_cpu_ep_fallback: '1'}},
  });
}
