import type {ReactiveController, ReactiveControllerHost} from 'lit';
import {explainCode, explainFailure, type Failure} from '../../ports/explain-failure.ts';
import type {LendRequest, LendService, LendState} from '../../ports/lend-service.ts';
import type {LinkService} from '../../ports/link-service.ts';
import type {NetworkService} from '../../ports/network-service.ts';
import {
  choiceOfLayers,
  choiceWithin,
  type LendChoice,
  type ModelCard,
  type ModelService,
} from '../../ports/model-card.ts';
import type {KeptWeightsService} from '../../ports/kept-weights-service.ts';
import type {TakenThreads} from '../../ports/taken-threads.ts';
import type {MemoryCap} from './memory-cap.ts';
import {loadingPartsAfter, type LoadingParts} from './step-list.ts';

/** What the page shows of lending. */
export type LendView = {
  readonly state: LendState;
  readonly loadingParts: LoadingParts;
  /** Between *Stop* and the moment when nothing is lent any more. */
  readonly isLeaving: boolean;
  /** That its engine stopped since it began to lend, in a sentence; `null` when it did not. */
  readonly restartNote: string | null;
  /** Tabs that this one is connected to; `null` while it is not known. */
  readonly neighbourCount: number | null;
  readonly model: ModelCard | null;
  /** Why the model is not known. */
  readonly modelFailure: Failure | null;
  /** Why nothing is lent any more, as it was when that was found out. */
  readonly failure: Failure | null;
  readonly choice: LendChoice | null;
  /** Whether the address of the page says how much is lent, so that nobody else does. */
  readonly isFixed: boolean;
};

export type LendServices = {
  readonly lend: LendService;
  readonly links: LinkService;
  readonly network: Pick<NetworkService, 'isOnline' | 'onOnline'>;
  readonly models: ModelService;
  readonly memoryCap: MemoryCap;
  /** `null`: nothing of this tab stays on the device. */
  readonly keptWeights: KeptWeightsService | null;
  /** What the address says; the memory is a first value, which the person may change. */
  readonly engine: LendRequest['engine'];
  readonly takeThreads: () => Promise<TakenThreads>;
  readonly maxLayers: number | null;
  readonly memoryMiB: number | null;
};

const DEFAULT_MEMORY_MIB = 1024;
const NEIGHBOURS_EVERY_MS = 2_000;

/** Lending in this tab, as one renderable value. */
export class LendController implements ReactiveController {
  view: LendView = {
    state: {kind: 'idle'},
    loadingParts: {},
    isLeaving: false,
    restartNote: null,
    neighbourCount: null,
    model: null,
    modelFailure: null,
    failure: null,
    choice: null,
    isFixed: false,
  };
  readonly #host: ReactiveControllerHost;
  readonly #services: () => LendServices | undefined;
  #unsubscribe: (() => void)[] = [];
  #neighbours: ReturnType<typeof setInterval> | undefined;
  #memoryMiB = DEFAULT_MEMORY_MIB;
  /** `null` while nothing is lent. */
  #threads: Promise<TakenThreads> | null = null;

  /** @param services are there when the host is connected. */
  constructor(host: ReactiveControllerHost, services: () => LendServices | undefined) {
    this.#host = host;
    this.#services = services;
    host.addController(this);
  }

  hostConnected(): void {
    const services = this.#services();
    if (services === undefined) return;
    this.#memoryMiB = services.memoryMiB ?? services.memoryCap.read() ?? DEFAULT_MEMORY_MIB;
    this.#show({isFixed: services.maxLayers !== null});
    this.#unsubscribe = [
      services.lend.subscribe((state) => {
        this.#enter(state);
      }),
      services.network.onOnline(() => {
        this.#resume(services);
      }),
    ];
    void this.#describeModel(services);
  }

  hostDisconnected(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    clearInterval(this.#neighbours);
    this.#neighbours = undefined;
  }

  /** Begins to lend what is chosen. Does nothing while something is lent. */
  async lend(): Promise<void> {
    const services = this.#services();
    const {state, isLeaving} = this.view;
    if (services === undefined || isLeaving || !isStopped(state)) return;
    if (this.#threads !== null) return;
    void services.keptWeights?.persist();
    this.#threads = services.takeThreads();
    const {threadCount} = await this.#threads;
    await services.lend.lend(this.#request(services, threadCount));
  }

  /** The network is back: what failed for want of it is tried again. */
  #resume(services: LendServices): void {
    if (this.view.model === null) void this.#describeModel(services);
    if (this.view.failure?.nextStep === 'wait') void this.lend();
  }

  /** Another time while it leaves: leaves without waiting for the answers of others. */
  async stop(): Promise<void> {
    this.#show({isLeaving: true});
    try {
      await this.#services()?.lend.stop();
    } finally {
      this.#show({isLeaving: false});
    }
  }

  /** Takes another choice, for now and for the next time on this device. */
  choose(choice: LendChoice): void {
    this.#memoryMiB = choice.memoryMiB;
    this.#services()?.memoryCap.write(choice.memoryMiB);
    this.#show({choice});
  }

  #request({engine, maxLayers, keptWeights}: LendServices, threadCount: number): LendRequest {
    const common = {engine, threadCount, keepsWeights: keptWeights !== null};
    if (maxLayers !== null) return {...common, capacity: {kind: 'layers', maxLayers}};
    const memoryMiB = this.view.choice?.memoryMiB ?? this.#memoryMiB;
    return {...common, capacity: {kind: 'memory', memoryMiB}};
  }

  async #describeModel({models, maxLayers}: LendServices): Promise<void> {
    try {
      const model = await models.describe();
      const choice =
        maxLayers === null
          ? choiceWithin(model, this.#memoryMiB)
          : choiceOfLayers(model, maxLayers);
      this.#show({model, choice, modelFailure: null});
    } catch (error) {
      const isOnline = this.#isOnline();
      this.#show({modelFailure: explainFailure(error, {doing: 'asking', isOnline})});
    }
  }

  #enter(state: LendState): void {
    const loadingParts = loadingPartsAfter(this.view.loadingParts, state);
    this.#show({state, loadingParts, failure: this.#failureOf(state)});
    if (state.kind === 'restarting') this.#show({restartNote: state.note});
    if (isStopped(state)) {
      void this.#releaseThreads();
      clearInterval(this.#neighbours);
      this.#neighbours = undefined;
      this.#show({neighbourCount: null, restartNote: null});
    } else {
      this.#neighbours ??= setInterval(() => void this.#countNeighbours(), NEIGHBOURS_EVERY_MS);
      if (state.kind === 'serving' && this.view.neighbourCount === null) {
        void this.#countNeighbours();
      }
    }
  }

  async #releaseThreads(): Promise<void> {
    const taken = this.#threads;
    this.#threads = null;
    (await taken)?.release();
  }

  #failureOf(state: LendState): Failure | null {
    if (state.kind !== 'failed') return null;
    return explainCode(state.code, state.message, {doing: 'lending', isOnline: this.#isOnline()});
  }

  #isOnline(): boolean {
    return this.#services()?.network.isOnline() ?? true;
  }

  async #countNeighbours(): Promise<void> {
    const neighbourCount = await this.#services()
      ?.links.report()
      .then(
        (links) => new Set(links.map(({peerId}) => peerId)).size,
        () => null, // A connection that closes while it is asked has no statistics.
      );
    if (this.#neighbours !== undefined) this.#show({neighbourCount: neighbourCount ?? null});
  }

  #show(change: Partial<LendView>): void {
    this.view = {...this.view, ...change};
    this.#host.requestUpdate();
  }
}

export function isStopped({kind}: LendState): boolean {
  return kind === 'idle' || kind === 'failed';
}
