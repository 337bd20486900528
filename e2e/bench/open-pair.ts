import {prepareModel} from '../set-up/prepare-model.ts';
import {Swarm} from '../swarm/start-swarm.ts';
import type {Tab} from '../swarm/tab.ts';
import type {BenchmarkContext} from './benchmark.ts';

const OPEN_TIMEOUT_MS = 120_000;

export type Pair = {
  readonly swarm: Swarm;
  /** A stub tab that holds the whole model. */
  readonly lender: Tab;
  readonly lenderId: string;
  readonly client: Tab;
};

type InitScripts = {readonly lender?: string; readonly client?: string};

/** One tab that serves all layers and one that asks, with scripts of the caller's in either. */
export async function withPair<Result>(
  {log, signal}: Pick<BenchmarkContext, 'log' | 'signal'>,
  scripts: InitScripts,
  use: (pair: Pair) => Promise<Result>,
): Promise<Result> {
  const model = await prepareModel({log, signal});
  const swarm = await Swarm.start({modelsDir: model.modelsDir, port: 0, webgpu: false, log});
  try {
    const maxLayers = model.grid.layerCount;
    const lender = await swarm.openLendingTab(
      {engine: 'stub', capacity: {kind: 'layers', maxLayers}},
      {model: model.id, ...(scripts.lender !== undefined && {initScript: scripts.lender})},
    );
    await lender.waitForLendState(['serving'], {timeoutMs: OPEN_TIMEOUT_MS});
    const client = await swarm.openTab({
      model: model.id,
      ...(scripts.client !== undefined && {initScript: scripts.client}),
    });
    await client.prepare();
    const {peerId: lenderId} = await lender.traffic();
    return await use({swarm, lender, lenderId, client});
  } finally {
    await swarm.stop();
  }
}
