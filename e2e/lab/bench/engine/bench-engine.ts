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
import {measureThreads} from './measure-threads.ts';
import {profileStep} from './profile-step.ts';

const WLLAMA_PAGE = fileURLToPath(new URL('../../../pages/wllama/', import.meta.url));

/**
 * The whole model in one tab: by so many threads of the processor, against wllama on the same file and against
 * what reading the weights takes, in turns within one run, then contexts, batches and other numbers of threads by
 * itself; and on a GPU.
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
  const {log, signal, threads} = context;
  const {manifest, url} = model;
  const name = threads === 1 ? 'engine' : `engine by ${threads} threads`;
  const inPage = {engine: 'wasm', log, signal} as const;
  const theirs = await serveEnginePage(model.path, WLLAMA_PAGE);
  try {
    await inEnginePage({url, ...inPage}, async (page) => {
      const startMs = performance.now();
      await load(page, manifest, {kind: 'wasm', threadCount: threads});
      const loadMs = performance.now() - startMs;
      context.print(lineOf(`${name}: from the file to a measured shard`, loadMs, 'ms'));
      const peer = {url: theirs.url, ...inPage, global: 'wllamaPage'};
      await inEnginePage(peer, async (wllama) =>
        compareWithWllama(context, {page, wllama, manifest, name}),
      );
      await profileStep(context, {page, manifest, name});
      await measureSizes(context, page, name);
      await measureThreads(context, {page, manifest});
    });
  } finally {
    await theirs[Symbol.asyncDispose]();
  }
}
