import {setTimeout as wait} from 'node:timers/promises';
import {hashWords} from '#shared/session/keyed-uniform.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {askForAnswer, greedyRequest} from '../../swarm/ask.ts';
import {Swarm} from '../../swarm/start-swarm.ts';
import type {Tab} from '../../swarm/tab.ts';
import {log} from '../../swarm/test-log.ts';
import {expectedStubAnswer} from '../testing/expected-stub-answer.ts';
import {offerTinyModel} from '../testing/offer-tiny-model.ts';
import {specOfGguf} from '../testing/spec-of-gguf.ts';
import {ChurningTabs, DEPARTURES, serves} from './churning-tabs.ts';
import {heldBytes} from './held-bytes.ts';
import {COUNT_CONNECTIONS, countPage, type PageCounts} from './page-counts.ts';

export type ChurnSize = {
  /** One of them is there all the time. */
  readonly lenders: number;
  /** Of thirty, for those that come and go. */
  readonly layersPerTab: number;
  readonly departures: number;
  readonly answers: number;
  /** Whether everything happens once before anything is counted: what is cached at the first time is no leak. */
  readonly isWarmedUp: boolean;
};

/** What a page holds is looked at in a churn that is warmed up. */
export type PageState = PageCounts & {readonly heldBytes: number | null};

export type ChurnOutcome = {
  readonly departed: number;
  /** With the right tokens. */
  readonly answered: number;
  /** Which answers had others. */
  readonly wrong: readonly number[];
  /** Which answers did not come, and why. */
  readonly lost: readonly string[];
  /** What those hold who were there all the time, in the beginning and in the end: a lender and both clients. */
  readonly before: readonly PageState[];
  readonly after: readonly PageState[];
};

export const CHURN_CLIENTS = 2;
const MODEL = {seed: 1, shape: {layerCount: 30, hiddenSize: 64}};
/** Holds every layer, so that none is ever without a holder, and is so slow that the others are asked before it. */
const STAYING = {
  engine: 'stub',
  stubSlowdown: 4,
  capacity: {kind: 'layers', maxLayers: MODEL.shape.layerCount},
} as const;
/** Of each client. */
const WARM_UP_ANSWERS = 40;
/** Of a connection to which both sides send frames; a stream of the directory's has its own for a moment. */
export const MOST_CHANNELS = 2;
const PROMPT_TOKENS = 8;
const NEW_TOKENS = 24;
const STEP_MS = 100;
const SERVER_AWAY_MS = 3_000;
/** What closes in its own time is closed by then. */
const QUIET_TIMEOUT_MS = 180_000;

/** Stub tabs come and go in every way, and the server once, while two clients ask without a break. */
export async function runChurn({
  size,
  seed,
  signal,
}: {
  readonly size: ChurnSize;
  readonly seed: number;
  readonly signal: AbortSignal;
}): Promise<ChurnOutcome> {
  const model = await offerTinyModel(log, MODEL);
  const spec = await specOfGguf(tinyGguf(MODEL));
  const {modelsDir, siteDir} = model;
  const swarm = await Swarm.start({
    modelsDir,
    siteDir,
    port: 0,
    webgpu: false,
    serverProcesses: 1,
    initScript: COUNT_CONNECTIONS,
    log,
  });
  try {
    const churn = new Churn(swarm, {model: model.id, spec, seed, size});
    return await churn.run(signal);
  } finally {
    await swarm.stop();
    await model.remove();
  }
}

type ChurnOptions = {
  readonly model: string;
  readonly spec: ModelSpec;
  readonly seed: number;
  readonly size: ChurnSize;
};

class Churn {
  readonly #swarm: Swarm;
  readonly #options: ChurnOptions;
  readonly #tabs: ChurningTabs;
  #asked = 0;
  #answered = 0;
  #departed = 0;
  readonly #lost: string[] = [];
  readonly #wrong: number[] = [];

  constructor(swarm: Swarm, options: ChurnOptions) {
    const {model, size} = options;
    const capacity = {kind: 'layers', maxLayers: size.layersPerTab} as const;
    this.#swarm = swarm;
    this.#options = options;
    this.#tabs = new ChurningTabs(swarm, model, {engine: 'stub', capacity});
  }

  async run(signal: AbortSignal): Promise<ChurnOutcome> {
    const {size} = this.#options;
    const [lender, clients] = await Promise.all([
      this.#openStaying(),
      this.#openClients(),
      ...Array.from({length: size.lenders - 1}, () => this.#tabs.add()),
    ]);
    const staying = [lender, ...clients];
    if (size.isWarmedUp) await this.#warmUp(clients, signal);
    this.#asked = 0;
    this.#answered = 0;
    const before = await this.#lookWhenQuiet(staying);
    log(`before: ${JSON.stringify(before)}`);
    await Promise.all([
      ...clients.map((client) => this.#askAll(client, signal)),
      this.#churn(signal),
    ]);
    const after = await this.#lookWhenQuiet(staying);
    log(`after: ${JSON.stringify(after)}`);
    return {
      departed: this.#departed,
      answered: this.#answered,
      wrong: this.#wrong,
      lost: this.#lost,
      before,
      after,
    };
  }

  async #openStaying(): Promise<Tab> {
    const {model} = this.#options;
    const lender = await this.#swarm.openLendingTab(STAYING, {model});
    await serves(lender);
    return lender;
  }

  async #openClients(): Promise<readonly Tab[]> {
    const {model} = this.#options;
    return Promise.all(
      Array.from({length: CHURN_CLIENTS}, async () => {
        const client = await this.#swarm.openTab({model});
        await client.prepare();
        return client;
      }),
    );
  }

  async #warmUp(clients: readonly Tab[], signal: AbortSignal): Promise<void> {
    for (let at = 0; at < WARM_UP_ANSWERS; at += 1)
      for (const client of clients) await this.#askNext(client);
    for (const how of DEPARTURES) {
      signal.throwIfAborted();
      await this.#tabs.depart(how);
    }
    await this.#restartServer(signal);
    for (const client of clients) await this.#askNext(client);
  }

  async #restartServer(signal: AbortSignal): Promise<void> {
    const [server] = this.#swarm.serverProcesses;
    await server?.kill();
    await wait(SERVER_AWAY_MS, undefined, {signal});
    await server?.startAgain();
  }

  /** Evenly over the answers; in the middle the server goes and comes back. */
  async #churn(signal: AbortSignal): Promise<void> {
    const {departures, answers} = this.#options.size;
    for (let at = 0; at < departures; at += 1) {
      while (this.#asked < (at * answers) / departures) await wait(STEP_MS, undefined, {signal});
      if (at === Math.floor(departures / 2)) {
        log('the server goes');
        await this.#restartServer(signal);
      }
      const how = DEPARTURES[at % DEPARTURES.length] ?? 'close-tab';
      log(`${at + 1} of ${departures}: ${how}, ${this.#answered} answered`);
      await this.#tabs.depart(how);
      this.#departed += 1;
    }
  }

  /** As fast as they are answered, but not ahead of the tabs that come and go. */
  async #askAll(client: Tab, signal: AbortSignal): Promise<void> {
    const {departures, answers} = this.#options.size;
    while (this.#asked < answers && !signal.aborted) {
      const isAhead = this.#asked >= ((this.#departed + 1) * answers) / departures;
      if (isAhead && this.#departed < departures) await wait(STEP_MS, undefined, {signal});
      else await this.#askNext(client);
    }
  }

  async #askNext(client: Tab): Promise<void> {
    const {spec, seed} = this.#options;
    const number = this.#asked;
    this.#asked += 1;
    const promptTokenIds = Array.from(
      {length: PROMPT_TOKENS},
      (_, at) => hashWords([number, at], seed) % spec.vocabularySize,
    );
    const sampling = {temperature: number % 2 === 0 ? 0 : 0.8, seed: number};
    const request = greedyRequest('', {
      prompt: {kind: 'token-ids', tokenIds: promptTokenIds},
      maxNewTokens: NEW_TOKENS,
      ...sampling,
    });
    try {
      const {tokenIds} = await askForAnswer(client, request);
      const expected = await expectedStubAnswer({
        spec,
        promptTokenIds,
        maxTokens: NEW_TOKENS,
        ...sampling,
      });
      if (expected.join() === tokenIds.join()) this.#answered += 1;
      else this.#wrong.push(number);
    } catch (error) {
      this.#lost.push(`${number}: ${String(error)}`);
      log(`answer ${number} lost: ${String(error)}`);
    }
  }

  async #lookWhenQuiet(staying: readonly Tab[]): Promise<readonly PageState[]> {
    const counts = await this.#countWhenQuiet(staying);
    const {isWarmedUp} = this.#options.size;
    const held = isWarmedUp ? await Promise.all(staying.map(heldBytes)) : [];
    return counts.map((count, at) => ({...count, heldBytes: held[at] ?? null}));
  }

  /** Once no page holds anything of tabs that are gone, or the time for that is over. */
  async #countWhenQuiet(staying: readonly Tab[]): Promise<readonly PageCounts[]> {
    const untilMs = performance.now() + QUIET_TIMEOUT_MS;
    const everybody = [...new Set([...staying, ...this.#tabs.tabs])];
    const traffics = await Promise.all(everybody.map((tab) => tab.traffic()));
    const living = new Set<string>(traffics.map(({peerId}) => peerId));
    for (;;) {
      const counts = await Promise.all(staying.map((tab) => countPage(tab, living)));
      const isQuiet = counts.every(
        ({connections, channels, openSessions, linksWithGone}) =>
          connections < living.size &&
          channels <= MOST_CHANNELS * connections &&
          openSessions === 0 &&
          linksWithGone === 0,
      );
      if (isQuiet || performance.now() > untilMs) return counts;
      await wait(1_000);
    }
  }
}
