import type * as OnnxRuntime from 'onnxruntime-web/wasm';
import {OrtEngine} from '../ort-engine.ts';

/** onnxruntime with its WebGPU provider, on this device and on nothing else. */
export async function openGpuOrt(device: GPUDevice): Promise<OrtEngine> {
  const onnxRuntime = await importGpuBuild();
  onnxRuntime.env.wasm.numThreads = 1;
  onnxRuntime.env.logLevel = 'error';
  return new OrtEngine(onnxRuntime, {
    executionProviders: [{name: 'webgpu', device}],
    // An operator that the GPU cannot run would go to the CPU in silence.
    extra: {session: {disable_cpu_ep_fallback: '1'}},
  });
}

/** A GPU's answers are waited for: by the browser where it can suspend WebAssembly, else by 10 MB of code. */
async function importGpuBuild(): Promise<typeof OnnxRuntime> {
  return 'Suspending' in WebAssembly
    ? await import('onnxruntime-web/jspi')
    : await import('onnxruntime-web/webgpu');
}
