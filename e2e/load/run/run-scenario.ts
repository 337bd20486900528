import type {Page} from 'playwright';
import {WeftError} from '#shared/base/errors.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import {putBehindProxy} from '../../network/put-behind-proxy.ts';
import {QUIET_NETWORK} from '../../network/packet-line.ts';
import {UdpProxy} from '../../network/udp-proxy.ts';
import {Swarm} from '../../swarm/start-swarm.ts';
import type {Tab} from '../../swarm/tab.ts';
import {askRequests} from './ask-requests.ts';
import type {Patience} from './ask-one.ts';
import {countUnservedLayers} from '../scenario/count-chains.ts';
import {heldLayers, judgeCoverage} from '../scenario/coverage.ts';
import {FaultPlan, type FaultTab} from './fault-plan.ts';
import {lendTabs, type Lending} from './lend-tabs.ts';
import {TabReplacement} from './tab-replacement.ts';
import type {RunModel} from '../scenario/offer-model.ts';
import {RecordObserver} from './record-observer.ts';
import {rejectedBy} from './rejected-by.ts';
import {RunJournal} from './run-journal.ts';
import type {RunRecord} from './run-record.ts';
import {requestCountOf, type Scenario} from '../scenario/scenario.ts';

/** Records travel in a second; on a busy machine they take longer. */
const HEARSAY_MS = 10_000;

export type RunScenarioOptions = {
  readonly scenario: Scenario;
  readonly model: RunModel;
  /** Whoever aborts it wants no report. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  /** Runs in every tab before any of its scripts. */
  readonly initScript?: string;
  /** Called with every page before anything is loaded. */
  readonly prepare?: (page: Page) => Promise<void>;
  /** Called when the last request has ended, before anything is closed: for who looks on from outside. */
  readonly onLoadDone?: (swarm: Swarm, proxy: UdpProxy<Page> | null) => Promise<void>;
};

type ProxiedOptions = RunScenarioOptions & {readonly proxy: UdpProxy<Page> | null};

/**
 * One run of a scenario: server, tabs, load, faults. What goes wrong inside is
 * part of the record; nothing is left running.
 *
 * @throws the reason of `signal`; an error when server, browser or a tab cannot be started at all.
 */
export async function runScenario(
  options: RunScenarioOptions,
): Promise<RunRecord & {readonly skippedFaults: number}> {
  const {model, signal, log, initScript, prepare} = options;
  signal.throwIfAborted();
  const proxy = proxyOf(options.scenario);
  const swarm = await Swarm.start({
    modelsDir: model.modelsDir,
    siteDir: model.siteDir,
    port: 0,
    webgpu: options.scenario.tabs.some(({engine}) => engine === 'webgpu'),
    signals: 'ours',
    ...(options.scenario.faults.some(({kind}) => kind === 'kill-server') && {serverProcesses: 1}),
    log,
    ...(initScript && {initScript}),
    prepare: async (page) => {
      await prepare?.(page);
      if (proxy !== null) await putBehindProxy(page, proxy);
    },
  });
  const over = new AbortController();
  try {
    const run = new ScenarioRun({...options, proxy}, swarm, over.signal);
    return await Promise.race([run.go(), rejectedBy(signal)]);
  } finally {
    over.abort(new Error('The run is over'));
    await swarm.stop();
    await proxy?.close();
  }
}

/** What all packets between tabs pass, where the scenario wants something of them; it costs time. */
function proxyOf({network, faults, seed}: Scenario): UdpProxy<Page> | null {
  if (network === undefined && faults.every(({kind}) => kind !== 'cut-link')) return null;
  return new UdpProxy(network ?? QUIET_NETWORK, seed);
}

class ScenarioRun {
  readonly #options: ProxiedOptions;
  readonly #swarm: Swarm;
  readonly #journal = new RunJournal(performance.timeOrigin + performance.now());
  /** Ends waiting and asking, with an error that says why. */
  readonly #signal: AbortSignal;
  readonly #lending: Lending;
  #onChange: () => void = () => undefined;
  #replacement: TabReplacement | null = null;

  constructor(options: ProxiedOptions, swarm: Swarm, over: AbortSignal) {
    const {scenario, model} = options;
    this.#options = options;
    this.#swarm = swarm;
    const timeout = new AbortController();
    const timer = setTimeout(() => {
      this.#journal.note('timeout');
      timeout.abort(timeoutError(scenario.timeoutMs));
    }, scenario.timeoutMs);
    over.addEventListener('abort', () => {
      clearTimeout(timer);
    });
    this.#signal = AbortSignal.any([over, timeout.signal, swarm.browserLost]);
    this.#lending = lendTabs({
      groups: scenario.tabs,
      swarm,
      model: model.id,
      journal: this.#journal,
      onChange: () => {
        this.#onChange();
        this.#replacement?.look();
      },
      signal: this.#signal,
    });
  }

  async go(): Promise<RunRecord & {readonly skippedFaults: number}> {
    const {scenario, model, log, proxy, onLoadDone} = this.#options;
    log(
      `Opening ${this.#lending.tabs.length} lending tabs and ${scenario.requests.clients} clients`,
    );
    const [clients] = await Promise.all([this.#openClients(), this.#lending.ready]);
    const coverageMs = await this.#awaitCoverage();
    if (scenario.replaceTabs && coverageMs !== null) {
      this.#replacement = await this.#replaceTabs(clients);
    }
    if (scenario.faults.some(({kind}) => kind === 'freeze-tab' || kind === 'kill-tab'))
      await Promise.all(this.#lending.tabs.map((tab) => tab.findProcess()));
    this.#journal.note('load-begins');
    const faults = new FaultPlan({
      faults: scenario.faults,
      tabs: this.#lending.tabs,
      server: this.#swarm.serverProcesses[0] ?? null,
      seed: scenario.seed,
      journal: this.#journal,
      cutLink: (from, to) => this.#cutLink(from, to),
    });
    faults.begin();
    let endedCount = 0;
    const requests = await askRequests({
      scenario,
      clients,
      faults,
      journal: this.#journal,
      patience: this.#patience(coverageMs),
      beforeAsk: async (id) => this.#replacement?.beforeAsk(id),
      onEnd: ({id, error}) => {
        endedCount += 1;
        const outcome = error === null ? 'completed' : `failed: ${error.message}`;
        log(`  ${endedCount}/${requestCountOf(scenario)} request ${id} ${outcome}`);
      },
      signal: this.#signal,
    });
    faults.end();
    if (proxy !== null) this.#journal.note('packets', proxy.counters);
    await onLoadDone?.(this.#swarm, proxy);
    await Promise.all(this.#lending.tabs.map((tab) => tab.observe().catch(() => undefined)));
    log(
      `${model.id}: ${requests.filter(({error}) => error === null).length} of ${requests.length} completed`,
    );
    return {
      beganAtUnixMs: this.#journal.beganAtUnixMs,
      requests,
      nodes: this.#lending.tabs.map(({observation}) => observation),
      events: this.#journal.events,
      tabEvents: this.#journal.tabEvents,
      coverageMs,
      skippedFaults: faults.skippedCount,
    };
  }

  #cutLink(from: FaultTab, to: FaultTab): () => void {
    const {proxy} = this.#options;
    const [a, b] = [from, to].map(({index}) => this.#lending.tabs[index]?.page);
    if (proxy === null || !a || !b) throw new Error('no packets of it pass the proxy');
    return proxy.cut(a, b);
  }

  /** Nobody waits for tabs that have had their time, only for clients that have not heard of all of them yet. */
  #patience(coverageMs: number | null): Patience {
    const {scenario, model} = this.#options;
    if (coverageMs !== null) return {ms: scenario.coverageTimeoutMs, isFinal: () => false};
    const unservedLayers = countUnservedLayers(model.grid, heldLayers(this.#lending.tabs));
    return {
      ms: HEARSAY_MS,
      isFinal: (missing) => unservedLayers === sumLayers(missing),
    };
  }

  async #replaceTabs(clients: readonly Tab[]): Promise<TabReplacement> {
    const {scenario, model} = this.#options;
    const [swarm, lending, journal] = [this.#swarm, this.#lending, this.#journal];
    const observer = await RecordObserver.open(swarm, {model: model.id, grid: model.grid});
    const wantedChains = scenario.waitForChains;
    const lastRequest = requestCountOf(scenario) - 1;
    const signal = this.#signal;
    const watched = {lending, observer, clients, wantedChains, lastRequest};
    return new TabReplacement({...watched, journal, signal});
  }

  async #openClients() {
    const {scenario, model} = this.#options;
    return Promise.all(
      Array.from({length: scenario.requests.clients}, async (_, index) => {
        const tab = await this.#swarm.openTab({
          model: model.id,
          onTabEvent: (event, atUnixMs) => {
            this.#journal.hear(`client-${index}`, event, atUnixMs);
          },
        });
        await tab.prepare();
        return tab;
      }),
    );
  }

  /** When there were enough chains, or `null` when they did not come in time. */
  async #awaitCoverage(): Promise<number | null> {
    const {scenario, model, log} = this.#options;
    const {tabs} = this.#lending;
    const judge = () =>
      judgeCoverage({tabs, grid: model.grid, wantedChains: scenario.waitForChains});
    const limit = AbortSignal.any([this.#signal, AbortSignal.timeout(scenario.coverageTimeoutMs)]);
    const outcome = await new Promise<'covered' | 'never'>((resolve) => {
      this.#onChange = () => {
        const judged = limit.aborted ? 'never' : judge();
        if (judged !== 'not-yet') resolve(judged);
      };
      limit.addEventListener('abort', this.#onChange);
      this.#onChange();
    });
    this.#onChange = () => undefined;
    const atMs = this.#journal.nowMs();
    this.#journal.note(
      outcome === 'covered' ? 'covered' : 'not-covered',
      {chains: scenario.waitForChains},
      atMs,
    );
    log(
      outcome === 'covered'
        ? `Covered after ${Math.round(atMs)} ms`
        : 'The tabs do not cover the model',
    );
    return outcome === 'covered' ? atMs : null;
  }
}

function sumLayers(ranges: readonly LayerRange[]): number {
  return ranges.reduce((sum, {startLayer, endLayer}) => sum + endLayer - startLayer, 0);
}

function timeoutError(timeoutMs: number): WeftError {
  return new WeftError(
    {code: 'RUN_TIMEOUT', timeoutMs},
    `Not complete when the scenario's time was over, after ${timeoutMs} ms: raise timeoutMs, or ask for less`,
  );
}
