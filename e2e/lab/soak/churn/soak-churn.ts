import {setTimeout as wait} from 'node:timers/promises';
import {hashWords} from '#shared/session/keyed-uniform.ts';
import {atLeast, atMost, type Check} from '#shared/lab/virtual-swarm/checks.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {expectedStubAnswer} from '../../../load/testing/expected-stub-answer.ts';
import {offerTinyModel} from '../../../load/testing/offer-tiny-model.ts';
import {specOfGguf} from '../../../load/testing/spec-of-gguf.ts';
import {askForAnswer, greedyRequest} from '../../../swarm/ask.ts';
import {Swarm} from '../../../swarm/start-swarm.ts';
import type {Tab} from '../../../swarm/tab.ts';
import type {Soak} from '../soak.ts';
import {ChurningTabs, DEPARTURES} from './churning-tabs.ts';
import {COUNT_CONNECTIONS, countPage, type PageCounts} from './page-counts.ts';
import {log} from '../../../swarm/test-log.ts';

type ChurnSize = {
  readonly lenders: number;
  readonly departures: number;
  readonly answers: number;
  /** Of each client, before anything is counted. */
  readonly warmUpAnswers: number;
};

const WHOLE: ChurnSize = {lenders: 8, departures: 60, answers: 500, warmUpAnswers: 40};
const CLIENTS = 2;
const MODEL = {seed: 1, shape: {layerCount: 30, hiddenSize: 64}};
const LENT = {engine: 'stub', capacity: {kind: 'layers', maxLayers: 10}} as const;
const PROMPT_TOKENS = 8;
const NEW_TOKENS = 24;
const STEP_MS = 100;
const SERVER_AWAY_MS = 3_000;
/** What closes in its own time is closed by then. */
const QUIET_TIMEOUT_MS = 90_000;
const MAX_HEAP_GROWTH = 1.1;
const MAX_LISTENER_GROWTH = 1.5;

/**
 * Tabs come and go in every way, and the server once, while two clients ask without a break: every answer has
 * its tokens, and whoever was there all the time holds no more in the end than in the beginning.
 */
export const soakChurn: Soak = async ({seed}, {signal}) => runChurn({size: WHOLE, seed, signal});

async function runChurn({
  size,
  seed,
  signal,
}: {
  readonly size: ChurnSize;
  readonly seed: number;
  readonly signal: AbortSignal;
}) {
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
  #asked = 0;
  #answered = 0;
  #departed = 0;
  readonly #lost: string[] = [];
  readonly #wrong: number[] = [];

  constructor(swarm: Swarm, options: ChurnOptions) {
    this.#swarm = swarm;
    this.#options = options;
  }

  async run(signal: AbortSignal) {
    const {model, size} = this.#options;
    // One lender and both clients are there all the time.
    const [lender, ...clients] = await this.#openStaying();
    const tabs = new ChurningTabs(this.#swarm, model, LENT);
    for (let added = 1; added < size.lenders; added += 1) await tabs.add();
    const staying = [lender, ...clients];
    await this.#warmUp(tabs, clients, signal);
    const before = await this.#countWhenQuiet(staying, size.lenders + CLIENTS - 1);
    log(`before: ${JSON.stringify(before)}`);
    await Promise.all([
      ...clients.map((client) => this.#askAll(client, signal)),
      this.#churn(tabs, signal),
    ]);
    const after = await this.#countWhenQuiet(staying, size.lenders + CLIENTS - 1);
    log(`after: ${JSON.stringify(after)}`);
    return {
      checks: [
        atLeast('answers given', this.#answered - this.#wrong.length, size.answers),
        atMost('answers lost', this.#lost.length, 0),
        atMost('answers with a wrong token', this.#wrong.length, 0),
        ...before.flatMap((first, at) => grownChecks(first, after[at] ?? first, size)),
      ],
      figures: {lost: this.#lost, wrong: this.#wrong, before, after},
    };
  }

  async #openStaying(): Promise<[Tab, ...Tab[]]> {
    const {model} = this.#options;
    const lender = await this.#swarm.openLendingTab(LENT, {model});
    await lender.waitForLendState(['serving'], {timeoutMs: QUIET_TIMEOUT_MS});
    const clients: Tab[] = [];
    for (let at = 0; at < CLIENTS; at += 1) clients.push(await this.#swarm.openTab({model}));
    return [lender, ...clients];
  }

  /** Everything happens once: what is compiled and cached at the first time is no leak. */
  async #warmUp(tabs: ChurningTabs, clients: readonly Tab[], signal: AbortSignal): Promise<void> {
    const {warmUpAnswers} = this.#options.size;
    for (let at = 0; at < warmUpAnswers; at += 1)
      for (const client of clients) await this.#askNext(client);
    for (const how of DEPARTURES) {
      signal.throwIfAborted();
      await tabs.depart(how);
    }
    await this.#restartServer(signal);
    for (const client of clients) await this.#askNext(client);
    this.#asked = 0;
    this.#answered = 0;
  }

  async #restartServer(signal: AbortSignal): Promise<void> {
    const [server] = this.#swarm.serverProcesses;
    await server?.kill();
    await wait(SERVER_AWAY_MS, undefined, {signal});
    await server?.startAgain();
  }

  /** Evenly over the answers; in the middle the server goes and comes back. */
  async #churn(tabs: ChurningTabs, signal: AbortSignal): Promise<void> {
    const {departures, answers} = this.#options.size;
    for (let at = 0; at < departures; at += 1) {
      while (this.#asked < (at * answers) / departures) await wait(STEP_MS, undefined, {signal});
      if (at === Math.floor(departures / 2)) {
        log('the server goes');
        await this.#restartServer(signal);
      }
      const how = DEPARTURES[at % DEPARTURES.length] ?? 'close-tab';
      log(`${at + 1} of ${departures}: ${how}, ${this.#answered} answered`);
      await tabs.depart(how);
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
      this.#answered += 1;
      if (expected.join() !== tokenIds.join()) this.#wrong.push(number);
    } catch (error) {
      this.#lost.push(`${number}: ${String(error)}`);
      log(`answer ${number} lost: ${String(error)}`);
    }
  }

  /** When no page has more connections than there are others, or the time for that is over. */
  async #countWhenQuiet(tabs: readonly Tab[], others: number): Promise<readonly PageCounts[]> {
    const untilMs = performance.now() + QUIET_TIMEOUT_MS;
    for (;;) {
      const counts = await Promise.all(tabs.map(countPage));
      const isQuiet = counts.every(
        ({connections, openSessions}) => connections <= others && openSessions === 0,
      );
      if (isQuiet || performance.now() > untilMs) return counts;
      await wait(1_000);
    }
  }
}

function grownChecks(before: PageCounts, after: PageCounts, {lenders}: ChurnSize): Check[] {
  return [
    atMost('peer connections', after.connections, lenders + CLIENTS - 1),
    atMost('open sessions', after.openSessions, 0),
    // Some more or fewer tabs may be in contact now.
    atMost('data channels of a connection', perConnection(after, 'channels'), 2),
    atMost(
      'event listeners of a connection, of those before',
      perConnection(after, 'listeners') / perConnection(before, 'listeners'),
      MAX_LISTENER_GROWTH,
    ),
    atMost('heap, of that before', after.heapBytes / before.heapBytes, MAX_HEAP_GROWTH),
  ];
}

function perConnection(counts: PageCounts, of: 'channels' | 'listeners'): number {
  return counts[of] / Math.max(1, counts.connections);
}
