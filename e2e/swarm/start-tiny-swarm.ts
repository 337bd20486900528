import {offerTinyModel, type TinyModel} from '../load/testing/offer-tiny-model.ts';
import type {RunModel} from '../load/scenario/offer-model.ts';
import {Swarm, type SwarmOptions} from './start-swarm.ts';
import {log} from './test-log.ts';

export type TinySwarm = {
  readonly swarm: Swarm;
  readonly model: RunModel;
  readonly stop: () => Promise<void>;
};

/** A swarm of a tiny model, without tabs. For tests, its tabs optimize WebAssembly late; benchmarks and soaks say no to that. */
export async function startTinySwarm({
  gguf,
  ...options
}: Partial<
  Pick<
    SwarmOptions,
    | 'webgpu'
    | 'socketLimits'
    | 'serverProcesses'
    | 'serverSettings'
    | 'backForwardCache'
    | 'publicHost'
    | 'publicUrl'
    | 'delaysWasmTiering'
  >
> & {
  /** By default, thirty layers. */
  readonly gguf?: TinyModel;
} = {}): Promise<TinySwarm> {
  const model = await offerTinyModel(log, gguf);
  const {modelsDir, siteDir} = model;
  const swarm = await Swarm.start({
    modelsDir,
    siteDir,
    port: 0,
    webgpu: false,
    delaysWasmTiering: true,
    log,
    ...options,
  });
  const stop = async (): Promise<void> => {
    await swarm.stop();
    await model.remove();
  };
  return {swarm, model, stop};
}
