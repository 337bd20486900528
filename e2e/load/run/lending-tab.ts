import type {Page} from 'playwright';
import type {LabLendRequest} from '../../../web/src/node/lending/lab-lend.ts';
import type {LendState} from '../../../web/src/ports/lend-service.ts';
import type {Swarm} from '../../swarm/start-swarm.ts';
import type {Tab} from '../../swarm/tab.ts';
import type {RunJournal} from './run-journal.ts';
import type {NodeObservation} from './run-record.ts';
import type {TabGroup} from '../scenario/scenario.ts';

/** What a tab lends when the scenario does not say. */
const DEFAULT_MEMORY_MIB = 1024;

export type LendingTabOptions = {
  /** Place in the order of the scenario. */
  readonly index: number;
  readonly group: TabGroup;
  readonly journal: RunJournal;
  /** Called when what it holds, or whether it holds anything, has changed. */
  readonly onChange: () => void;
};

/** One lending tab of a run, followed from outside for as long as it lives, and remembered afterwards. */
export class LendingTab {
  readonly index: number;
  readonly group: TabGroup;
  readonly #options: LendingTabOptions;
  #tab: Tab | null = null;
  #state: LendState = {kind: 'idle'};
  #isEnded = false;
  #seen: NodeObservation;

  constructor(options: LendingTabOptions) {
    this.#options = options;
    this.index = options.index;
    this.group = options.group;
    this.#seen = {
      id: '',
      tab: options.index,
      engine: options.group.engine,
      startLayer: 0,
      endLayer: 0,
      joinedMs: null,
      servingMs: null,
      servedTokens: 0,
      bytesSent: 0,
      bytesReceived: 0,
      loadedLayers: 0,
      sessions: [],
    };
  }

  /** What is known of it; counters as they were when `observe` was last called. */
  get observation(): NodeObservation {
    return this.#seen;
  }

  get state(): LendState {
    return this.#state;
  }

  get isOpen(): boolean {
    return this.#tab !== null;
  }

  /** `null` once it is closed. */
  get page(): Page | null {
    return this.#tab?.page ?? null;
  }

  /** Whether it will never serve again: closed, killed, or given up by itself. */
  get isOver(): boolean {
    return this.#isEnded || this.#state.kind === 'failed';
  }

  /** Opens the tab, which joins the swarm and lends nothing yet. */
  async open(swarm: Swarm, model: string): Promise<void> {
    const {journal} = this.#options;
    const tab = await swarm.openTab({
      model,
      onLendChanged: (state, atUnixMs) => {
        this.#follow(state, journal.runMsOf(atUnixMs));
      },
      onTabEvent: (event, atUnixMs) => {
        journal.hear(`lender-${this.index}`, event, atUnixMs);
      },
    });
    this.#tab = tab;
    // One that cannot join says so when it is lent.
    await tab.traffic().catch(() => undefined);
  }

  /** Lends the tab; resolves when it has announced itself to the swarm, or has failed to. */
  async lend(): Promise<void> {
    const tab = this.#tab;
    if (tab === null) return;
    const {journal} = this.#options;
    await tab.lend(requestOf(this.group));
    if (this.#state.kind === 'failed') return;
    const {peerId} = await tab.traffic();
    this.#seen = {...this.#seen, id: peerId, joinedMs: round(journal.nowMs())};
    journal.note('tab-joined', {tab: this.index, node: peerId});
  }

  /** Reads its counters. */
  async observe(): Promise<void> {
    const tab = this.#tab;
    if (tab === null || this.#seen.id === '') return;
    const [state, {peers, sessions}] = await Promise.all([tab.lendState(), tab.traffic()]);
    this.#seen = {
      ...this.#seen,
      servedTokens: state.kind === 'serving' ? state.servedTokens : this.#seen.servedTokens,
      bytesSent: peers.reduce((sum, {sentBytes}) => sum + sentBytes, 0),
      bytesReceived: peers.reduce((sum, {receivedBytes}) => sum + receivedBytes, 0),
      sessions,
    };
  }

  /** Looks for its process while all tabs answer: a frozen one would keep the browser from telling. */
  async findProcess(): Promise<void> {
    await this.#tab?.findProcess();
  }

  /** Closes the tab as its owner would, without a word to the swarm. */
  async close(): Promise<void> {
    await this.#end((tab) => tab.close());
  }

  /** Its process is killed, as one that took too much memory. */
  async kill(): Promise<void> {
    await this.#end((tab) => tab.kill());
  }

  /** Stops its process. @returns lets it go on. */
  async freeze(): Promise<() => void> {
    return (await this.#tab?.freeze()) ?? (() => undefined);
  }

  /** The engine dies, the page lives. */
  async crashEngine(): Promise<void> {
    await this.#tab?.crashEngine();
  }

  /** From now on the engine takes so many times as long. */
  async slowDown(factor: number): Promise<void> {
    await this.#tab?.slowDown(factor);
  }

  async #end(end: (tab: Tab) => Promise<void>): Promise<void> {
    const tab = this.#tab;
    await this.observe();
    this.#tab = null;
    this.#isEnded = true;
    if (tab !== null) await end(tab);
    this.#options.journal.note('tab-closed', {tab: this.index, node: this.#seen.id});
    this.#options.onChange();
  }

  #follow(state: LendState, atMs: number): void {
    const {journal, onChange} = this.#options;
    this.#state = state;
    if (state.kind === 'serving') {
      const {startLayer, endLayer} = state.layers;
      const loadedLayers = this.#seen.loadedLayers + endLayer - startLayer;
      const servingMs = this.#seen.servingMs ?? round(atMs);
      const {engineFallback} = state;
      const engine = engineFallback === null ? this.group.engine : 'wasm';
      this.#seen = {...this.#seen, engine, startLayer, endLayer, loadedLayers, servingMs};
      journal.note('tab-serving', {tab: this.index, startLayer, endLayer, why: state.why}, atMs);
      if (engineFallback !== null) {
        journal.note('tab-without-gpu', {tab: this.index, ...engineFallback}, atMs);
      }
    } else if (state.kind === 'failed') {
      journal.note('tab-failed', {tab: this.index, code: state.code, message: state.message}, atMs);
    }
    onChange();
  }
}

function requestOf({engine, maxLayers, memoryMiB, slowdown}: TabGroup): LabLendRequest {
  const capacity =
    maxLayers === undefined
      ? ({kind: 'memory', memoryMiB: memoryMiB ?? DEFAULT_MEMORY_MIB} as const)
      : ({kind: 'layers', maxLayers} as const);
  return engine === 'stub' ? {engine, capacity, stubSlowdown: slowdown} : {engine, capacity};
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
