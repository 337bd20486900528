import type {Page} from 'playwright';
import type {RunModel} from '../../../load/scenario/offer-model.ts';
import {putBehindProxy} from '../../../network/put-behind-proxy.ts';
import {UdpProxy} from '../../../network/udp-proxy.ts';
import {greedyRequest} from '../../../swarm/ask.ts';
import {Swarm} from '../../../swarm/start-swarm.ts';
import type {Tab} from '../../../swarm/tab.ts';
import type {BenchmarkContext} from '../benchmark.ts';
import type {JoiningTab} from './phase-arms.ts';

const LOAD_TIMEOUT_MS = 300_000;
/** A stub takes so long for a layer: alone, one token. */
const STUB_LAYER_MS = 0.25;
/** What a stub of this model says to it is longer than any answer here. */
const PROMPT = {kind: 'token-ids', tokenIds: [240, 63]} as const;

export type FarAnswer = {
  readonly firstTokenMs: number;
  readonly totalMs: number;
  readonly predictedStepMs: number;
};

/** Swarms of stub tabs whose packets all take a while, and a tab in each that asks. */
export class FarSwarms {
  readonly #clients: readonly Tab[];

  private constructor(clients: readonly Tab[]) {
    this.#clients = clients;
  }

  get count(): number {
    return this.#clients.length;
  }

  /** Starts them, and ends them when `use` is done. */
  static async with<Result>(
    swarms: readonly (readonly JoiningTab[])[],
    {model, delayMs}: {readonly model: RunModel; readonly delayMs: number},
    {seed, log}: Pick<BenchmarkContext, 'seed' | 'log'>,
    use: (swarms: FarSwarms) => Promise<Result>,
  ): Promise<Result> {
    const proxy = new UdpProxy<Page>({delayMs, lossPercent: 0, rateBytesPerSec: null}, seed);
    const prepare = (page: Page) => putBehindProxy(page, proxy);
    const {modelsDir, siteDir} = model;
    const started: Swarm[] = [];
    try {
      const clients: Tab[] = [];
      for (const tabs of swarms) {
        const swarm = await Swarm.start({modelsDir, siteDir, port: 0, webgpu: false, log, prepare});
        started.push(swarm);
        clients.push(await clientOf(swarm, tabs, model.id));
      }
      return await use(new FarSwarms(clients));
    } finally {
      for (const swarm of started) await swarm.stop();
      await proxy.close();
    }
  }

  async ask(swarm: number, maxNewTokens: number): Promise<FarAnswer> {
    const client = this.#clients[swarm % this.#clients.length];
    if (client === undefined) throw new Error('Broken invariant: there are swarms');
    const askedMs = Date.now();
    let firstTokenMs = Number.NaN;
    let predictedStepMs = Number.NaN;
    await client.ask(greedyRequest('', {prompt: PROMPT, maxNewTokens}), {
      onEvent: (event, atUnixMs) => {
        if (event.kind === 'chain') ({predictedStepMs} = event);
        if (event.kind === 'token' && Number.isNaN(firstTokenMs)) firstTokenMs = atUnixMs - askedMs;
      },
    });
    return {firstTokenMs, totalMs: Date.now() - askedMs, predictedStepMs};
  }
}

/** Has the tabs join, and opens one that asks. */
async function clientOf(swarm: Swarm, tabs: readonly JoiningTab[], model: string): Promise<Tab> {
  const lenders: Tab[] = [];
  for (const {maxLayers, layerMs} of tabs) {
    const capacity = {kind: 'layers', maxLayers} as const;
    const lend = {engine: 'stub', stubSlowdown: layerMs / STUB_LAYER_MS, capacity} as const;
    lenders.push(await swarm.openLendingTab(lend, {model}));
  }
  for (const tab of lenders) {
    await tab.waitForLendState(['serving', 'spare'], {timeoutMs: LOAD_TIMEOUT_MS});
  }
  const client = await swarm.openTab({model});
  await client.prepare();
  return client;
}
