import {Swarm} from '../swarm/start-swarm.ts';
import type {Tab} from '../swarm/tab.ts';
import type {PreparedModel} from '../tools/machine/model-file/prepare-model.ts';

const LOAD_TIMEOUT_MS = 300_000;
const CLIENTS = 2;

/** Tabs with the same share of the real model each, and clients that ask them. */
export type ReferenceSwarm = {
  readonly lenders: readonly Tab[];
  readonly clients: readonly Tab[];
  /** Opens as many tabs as lend already; resolves once all of them serve. */
  readonly openReplicas: () => Promise<readonly Tab[]>;
  readonly stop: () => Promise<void>;
};

export async function startReferenceSwarm(
  model: PreparedModel,
  {tabCount, log}: {readonly tabCount: number; readonly log: (line: string) => void},
): Promise<ReferenceSwarm> {
  const swarm = await Swarm.start({modelsDir: model.modelsDir, port: 0, webgpu: false, log});
  const {layerCount, cutEvery} = model.grid;
  const cells = Math.ceil(layerCount / cutEvery);
  const maxLayers = Math.ceil(cells / tabCount) * cutEvery;
  const request = {engine: 'wasm', capacity: {kind: 'layers', maxLayers}} as const;
  const openLenders = async (): Promise<readonly Tab[]> => {
    const opened = Array.from({length: tabCount}, () =>
      swarm.openLendingTab(request, {model: model.id}),
    );
    const tabs = await Promise.all(opened);
    for (const tab of tabs) await tab.waitForLendState(['serving'], {timeoutMs: LOAD_TIMEOUT_MS});
    return tabs;
  };
  const stop = (): Promise<void> => swarm.stop();
  try {
    const lenders = await openLenders();
    const clients = Array.from({length: CLIENTS}, () => swarm.openTab({model: model.id}));
    return {lenders, clients: await Promise.all(clients), openReplicas: openLenders, stop};
  } catch (error) {
    await stop();
    throw error;
  }
}
