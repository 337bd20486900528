import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {offerModel} from '../load/scenario/offer-model.ts';
import {Swarm} from './start-swarm.ts';
import {log} from './test-log.ts';

export type TinySwarm = {
  readonly swarm: Swarm;
  /** Of the tiny model in the catalogue of this site. */
  readonly id: string;
  readonly stop: () => Promise<void>;
};

/** A swarm without tabs, of a model of four layers made from `seed`. */
export async function startTinySwarm(options: {
  readonly webgpu: boolean;
  readonly seed: number;
}): Promise<TinySwarm> {
  const {webgpu, seed} = options;
  const folder = await mkdtemp(join(tmpdir(), 'weft-tiny-'));
  const path = join(folder, 'tiny.gguf');
  await writeFile(path, tinyGguf({seed}));
  const signal = new AbortController().signal;
  const tabs = [{engine: 'wasm', maxLayers: 4, count: 1, joinAtMs: 0, slowdown: 1}] as const;
  const {id, modelsDir, siteDir} = await offerModel({model: path, tabs}, {folder, log, signal});
  const swarm = await Swarm.start({modelsDir, siteDir, port: 0, webgpu, log});
  const stop = async (): Promise<void> => {
    await swarm.stop();
    await rm(folder, {recursive: true});
  };
  return {swarm, id, stop};
}
