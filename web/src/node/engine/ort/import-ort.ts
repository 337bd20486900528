import type * as OnnxRuntime from 'onnxruntime-web/wasm';

/** That of a GPU can run everything on the CPU too. */
export type OrtBuild = 'wasm' | 'webgpu';

/**
 * A build of onnxruntime-web. Each is imported here, so that it is a file of its own:
 * its threads start from that file.
 */
export async function importOrt(build: OrtBuild): Promise<typeof OnnxRuntime> {
  if (build === 'wasm') return await import('onnxruntime-web/wasm');
  // A GPU's answers are waited for: by the browser where it can suspend WebAssembly, else by 10 MB of code.
  return 'Suspending' in WebAssembly
    ? await import('onnxruntime-web/jspi')
    : await import('onnxruntime-web/webgpu');
}
