import {fileURLToPath} from 'node:url';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {inEnginePage} from '../../../pages/engine/in-engine-page.ts';
import {serveEnginePage} from '../../../pages/engine/serve-engine-page.ts';
import {prepareModel} from '../../../tools/machine/model-file/prepare-model.ts';
import {lineOf} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';
import {compareWithWllama} from './compare-with-wllama.ts';
import {load} from './engine-page-steps.ts';
import {measureGpu} from './measure-gpu.ts';
import {measureSizes} from './measure-sizes.ts';
import {profileStep} from './profile-step.ts';

const WLLAMA_PAGE = fileURLToPath(new URL('../../../pages/wllama/', import.meta.url));

/**
 * The whole model in one tab: by one thread of the processor, against wllama on the same file and against
 * what reading the weights takes, in turns within one run, then contexts and batches by itself; and on a GPU.
 */
export const benchEngine: Benchmark = async (context) => {
  const {log, signal, engine} = context;
  const {path, manifest} = await prepareModel({log, signal});
  const site = await serveEnginePage(path);
  const model = {path, manifest, url: site.url};
  try {
    if (engine !== 'webgpu') await measureWasm(context, model);
    if (engine !== 'wasm') await measureGpu(context, model);
  } finally {
    await site[Symbol.asyncDispose]();
  }
};

async function measureWasm(
  context: BenchmarkContext,
  model: {readonly path: string; readonly manifest: Manifest; readonly url: string},
): Promise<void> {
  const {log, signal} = context;
  const {manifest, url} = model;
  const inPage = {engine: 'wasm', log, signal} as const;
  const theirs = await serveEnginePage(model.path, WLLAMA_PAGE);
  try {
    await inEnginePage({url, ...inPage}, async (page) => {
      const startMs = performance.now();
      await load(page, manifest, 'wasm');
      const loadMs = performance.now() - startMs;
      context.print(lineOf('engine: from the file to a measured shard', loadMs, 'ms'));
      const peer = {url: theirs.url, ...inPage, global: 'wllamaPage'};
      await inEnginePage(peer, async (wllama) =>
        compareWithWllama(context, {page, wllama, manifest}),
      );
      await profileStep(context, {page, manifest});
      await measureSizes(context, page, 'engine');
    });
  } finally {
    await theirs[Symbol.asyncDispose]();
  }
}
