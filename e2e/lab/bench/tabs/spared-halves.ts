import {setTimeout as wait} from 'node:timers/promises';
import {Swarm} from '../../../swarm/start-swarm.ts';
import type {Tab} from '../../../swarm/tab.ts';
import {prepareModel, type PreparedModel} from '../../../tools/machine/model-file/prepare-model.ts';
import type {BenchmarkContext} from '../benchmark.ts';

/** Two for each half of the model. */
const LENDING_TABS = 4;
const LOAD_TIMEOUT_MS = 300_000;
const POLL_MS = 100;

/** The real model on WASM, with two tabs for each half of it, and a client. */
export class SparedHalves {
  readonly client: Tab;
  readonly #swarm: Swarm;
  readonly #model: PreparedModel;
  readonly #signal: AbortSignal;
  /** By their node ids. */
  readonly #lenders = new Map<string, Tab>();

  private constructor(
    swarm: Swarm,
    {client, model, signal}: {client: Tab; model: PreparedModel; signal: AbortSignal},
  ) {
    this.client = client;
    this.#swarm = swarm;
    this.#model = model;
    this.#signal = signal;
  }

  static async start({log, signal}: BenchmarkContext): Promise<SparedHalves> {
    const model = await prepareModel({log, signal});
    const swarm = await Swarm.start({modelsDir: model.modelsDir, port: 0, webgpu: false, log});
    const client = await swarm.openTab({model: model.id});
    await client.prepare();
    return new SparedHalves(swarm, {client, model, signal});
  }

  async stop(): Promise<void> {
    await this.#swarm.stop();
  }

  /** Opens tabs until there are as many as there should be, and the client knows them all. */
  async refill(): Promise<void> {
    const capacity = {kind: 'layers', maxLayers: this.#model.grid.layerCount / 2} as const;
    while (this.#lenders.size < LENDING_TABS) {
      const lending = {engine: 'wasm', capacity} as const;
      const tab = await this.#swarm.openLendingTab(lending, {model: this.#model.id});
      await tab.waitForLendState(['serving'], {timeoutMs: LOAD_TIMEOUT_MS});
      this.#lenders.set((await tab.traffic()).peerId, tab);
    }
    while (!(await this.#areAllKnown())) {
      await wait(POLL_MS, undefined, {signal: this.#signal});
    }
  }

  /** The tab of a node, which is counted no more. */
  take(node: string): Tab {
    const tab = this.#lenders.get(node);
    if (tab === undefined) throw new Error('The chain has a hop that nobody opened');
    this.#lenders.delete(node);
    return tab;
  }

  async #areAllKnown(): Promise<boolean> {
    const records = await this.client.knownRecords();
    return [...this.#lenders.keys()].every((node) =>
      records.some(({peerId, shards}) => peerId === node && shards.length > 0),
    );
  }
}
