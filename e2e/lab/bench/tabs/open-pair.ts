import type {NamedServer} from '#shared/protocol/bootstrap.ts';
import {prepareModel} from '../../../tools/machine/model-file/prepare-model.ts';
import {Swarm} from '../../../swarm/start-swarm.ts';
import type {Tab} from '../../../swarm/tab.ts';
import type {BenchmarkContext} from '../benchmark.ts';

const OPEN_TIMEOUT_MS = 120_000;

export type Pair = {
  readonly swarm: Swarm;
  /** A stub tab that holds the whole model. */
  readonly lender: Tab;
  readonly lenderId: string;
  readonly client: Tab;
};

type PairOptions = {
  /** Scripts that run in a tab before any of its own. */
  readonly lender?: string;
  readonly client?: string;
  /** Servers beside the swarm's own. */
  readonly peers?: readonly NamedServer[];
};

/** One tab that serves all layers and one that asks, with what the caller wants of them. */
export async function withPair<Result>(
  {log, signal}: Pick<BenchmarkContext, 'log' | 'signal'>,
  options: PairOptions,
  use: (pair: Pair) => Promise<Result>,
): Promise<Result> {
  const model = await prepareModel({log, signal});
  const swarm = await Swarm.start({
    modelsDir: model.modelsDir,
    port: 0,
    webgpu: false,
    log,
    peers: options.peers ?? [],
  });
  try {
    const maxLayers = model.grid.layerCount;
    const lender = await swarm.openLendingTab(
      {engine: 'stub', capacity: {kind: 'layers', maxLayers}},
      {model: model.id, ...(options.lender !== undefined && {initScript: options.lender})},
    );
    await lender.waitForLendState(['serving'], {timeoutMs: OPEN_TIMEOUT_MS});
    const client = await swarm.openTab({
      model: model.id,
      ...(options.client !== undefined && {initScript: options.client}),
    });
    await client.prepare();
    const {peerId: lenderId} = await lender.traffic();
    return await use({swarm, lender, lenderId, client});
  } finally {
    await swarm.stop();
  }
}
