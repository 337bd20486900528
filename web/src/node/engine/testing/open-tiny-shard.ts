/// <reference types="node" />
import {serveScript} from '#shared/client/download/testing/scripted-server.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import type {ShardShape} from '#shared/model/manifest/shard-tensors.ts';
import {kvBytesPerTokenLayer} from '#shared/model/model-spec.ts';
import {createShardRunner} from '../loader/create-shard-runner.ts';
import {openWasmEngine} from '../ort/wasm/open-wasm-engine.ts';
import type {ShardRunner} from '../shard-runner.ts';

/** A model, or a part of it, in onnxruntime, in this thread: Node has what a page has that is not isolated. */
export async function openTinyShard(
  file: Uint8Array<ArrayBuffer>,
  options: {
    readonly manifest: Manifest;
    readonly kvTokens: number;
    /** By default, the whole model. */
    readonly shape?: ShardShape;
  },
): Promise<ShardRunner> {
  const {manifest, kvTokens, shape = wholeShape(manifest)} = options;
  const {spec} = manifest;
  const {url} = await serveScript(({start, end}, response) => {
    response.writeHead(206, {'content-range': `bytes ${start}-${end}/${file.byteLength}`});
    response.end(file.subarray(start, end + 1));
  });
  return await createShardRunner({
    engine: await openWasmEngine(1, 'wasm'),
    manifest,
    shape,
    weightsUrl: url,
    store: null,
    kvBudgetBytes: kvTokens * spec.layerCount * kvBytesPerTokenLayer(spec),
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
}

export function wholeShape({spec}: Manifest): ShardShape {
  return {range: {startLayer: 0, endLayer: spec.layerCount}, embedding: true, lmHead: true};
}
