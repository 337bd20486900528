import type {Page} from 'playwright';
import {offerTinyModel} from '../../../load/testing/offer-tiny-model.ts';
import type {NetworkConditions} from '../../../network/packet-line.ts';
import {putBehindProxy} from '../../../network/put-behind-proxy.ts';
import {UdpProxy} from '../../../network/udp-proxy.ts';
import {Swarm} from '../../../swarm/start-swarm.ts';
import type {Tab} from '../../../swarm/tab.ts';
import type {BenchmarkContext} from '../benchmark.ts';

const STAGES = 3;
const LAYERS = 30;
const LOAD_TIMEOUT_MS = 300_000;
/** As wide as SmolLM2-135M, with room for long prompts. */
const SHAPE = {layerCount: LAYERS, hiddenSize: 576, contextTokens: 4_096};

/** Three stub tabs with a third of a model each, and one that asks, far from each other. */
export async function withFarTabs<Result>(
  conditions: NetworkConditions,
  {seed, log}: Pick<BenchmarkContext, 'seed' | 'log'>,
  use: (client: Tab, lenders: readonly Tab[]) => Promise<Result>,
): Promise<Result> {
  const model = await offerTinyModel(log, {seed: 1, shape: SHAPE});
  const proxy = new UdpProxy<Page>(conditions, seed);
  const {modelsDir, siteDir} = model;
  const prepare = (page: Page) => putBehindProxy(page, proxy);
  const swarm = await Swarm.start({modelsDir, siteDir, port: 0, webgpu: false, log, prepare});
  try {
    const lend = {engine: 'stub', capacity: {kind: 'layers', maxLayers: LAYERS / STAGES}} as const;
    const lenders: Tab[] = [];
    for (let stage = 0; stage < STAGES; stage += 1) {
      const tab = await swarm.openLendingTab(lend, {model: model.id});
      await tab.waitForLendState(['serving'], {timeoutMs: LOAD_TIMEOUT_MS});
      lenders.push(tab);
    }
    const client = await swarm.openTab({model: model.id});
    await client.prepare();
    const result = await use(client, lenders);
    log(`packets: ${JSON.stringify(proxy.counters)}`);
    return result;
  } finally {
    await swarm.stop();
    await proxy.close();
    await model.remove();
  }
}
