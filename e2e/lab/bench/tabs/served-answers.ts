/// <reference types="node" />
import {setTimeout as wait} from 'node:timers/promises';
import type {Browser} from 'playwright';
import type {AskRequest} from '#shared/client/chat/chat-service.ts';
import type {HeardEvent} from '../../../../web/src/app/tab-control.ts';
import {percentile} from '../../../load/report/percentile.ts';
import {greedyRequest} from '../../../swarm/ask.ts';
import {Swarm} from '../../../swarm/start-swarm.ts';
import type {Tab} from '../../../swarm/tab.ts';
import type {PreparedModel} from '../../../tools/machine/model-file/prepare-model.ts';
import type {BenchmarkContext} from '../benchmark.ts';

const LOAD_TIMEOUT_MS = 300_000;
/** A hop gives one client three quarters of its sessions. */
const CLIENTS = 2;
const SUBJECTS = [
  'weaver',
  'miller',
  'sailor',
  'baker',
  'painter',
  'smith',
  'farmer',
  'clockmaker',
];

/** What answers that ran beside each other got, on average. */
export type ServedRate = {
  readonly tokensPerSec: number;
  /** Medians over all tokens, and over all answers. */
  readonly tokenMs: number;
  readonly firstTokenMs: number;
};

/** When the tokens of one answer came. */
export type ServedTimes = {
  /** When it was to be asked, since the first one could have been. */
  readonly dueMs: number;
  /** Since it was to be asked. */
  readonly firstTokenMs: number;
  /** Between a token and the next. */
  readonly gapsMs: readonly number[];
};

/** The real model on WASM, one thread each, in so many tabs, and clients that ask them. */
export class ServedAnswers {
  readonly lenders: readonly Tab[];
  readonly clients: readonly Tab[];
  readonly #swarm: Swarm;

  private constructor(
    swarm: Swarm,
    tabs: {readonly lenders: readonly Tab[]; readonly clients: readonly Tab[]},
  ) {
    this.#swarm = swarm;
    this.lenders = tabs.lenders;
    this.clients = tabs.clients;
  }

  static async start(
    model: PreparedModel,
    tabs: number,
    {log}: BenchmarkContext,
  ): Promise<ServedAnswers> {
    const {modelsDir, id, grid} = model;
    const swarm = await Swarm.start({modelsDir, port: 0, webgpu: false, log});
    const capacity = {kind: 'layers', maxLayers: Math.ceil(grid.layerCount / tabs)} as const;
    const lending = {engine: 'wasm', capacity} as const;
    const lenders: Tab[] = [];
    for (let tab = 0; tab < tabs; tab += 1) {
      const lender = await swarm.openLendingTab(lending, {model: id});
      await lender.waitForLendState(['serving'], {timeoutMs: LOAD_TIMEOUT_MS});
      lenders.push(lender);
    }
    const clients: Tab[] = [];
    for (let client = 0; client < CLIENTS; client += 1) {
      const tab = await swarm.openTab({model: id});
      await tab.prepare();
      clients.push(tab);
    }
    return new ServedAnswers(swarm, {lenders, clients});
  }

  async stop(): Promise<void> {
    await this.#swarm.stop();
  }

  get browser(): Browser {
    return this.#swarm.browser;
  }

  /**
   * All at once, of equally long prompts.
   *
   * @param onToken hears which answer has one more, which takes its part of the cores; without it nobody hears
   *   of anything before the end.
   */
  async ask(
    answers: number,
    maxNewTokens: number,
    onToken?: (answer: number) => void,
  ): Promise<ServedRate> {
    const served = await this.times(answers, maxNewTokens, onToken);
    const rates = served.map(({gapsMs}) => 1_000 / percentile(gapsMs, 50));
    return {
      tokensPerSec: rates.reduce((sum, rate) => sum + rate, 0),
      tokenMs: percentile(
        served.flatMap(({gapsMs}) => gapsMs),
        50,
      ),
      firstTokenMs: percentile(
        served.map(({firstTokenMs}) => firstTokenMs),
        50,
      ),
    };
  }

  /** The same, answer by answer. */
  async times(
    answers: number,
    maxNewTokens: number,
    onToken?: (answer: number) => void,
  ): Promise<readonly ServedTimes[]> {
    return await this.arriving(
      Array.from({length: answers}, () => 0),
      maxNewTokens,
      onToken,
    );
  }

  /** Each when it is due, ms from now, however many of the others go on. */
  async arriving(
    dueMs: readonly number[],
    maxNewTokens: number,
    onToken?: (answer: number) => void,
  ): Promise<readonly ServedTimes[]> {
    const startMs = Date.now();
    const asked = dueMs.map(async (afterMs, at) => {
      const askedMs = startMs + afterMs;
      await wait(askedMs - Date.now());
      const client = this.clients[at % CLIENTS];
      if (client === undefined) throw new Error('Broken invariant: there are clients');
      const content = `Write a long story about a ${SUBJECTS[at % SUBJECTS.length]}.`;
      const request = greedyRequest(content, {maxNewTokens});
      const events =
        onToken === undefined
          ? await client.askUnheard(request)
          : await hear(client, request, () => {
              onToken(at);
            });
      return {dueMs: afterMs, ...timesOf(events, askedMs)};
    });
    return await Promise.all(asked);
  }
}

async function hear(
  client: Tab,
  request: AskRequest,
  onToken: () => void,
): Promise<readonly HeardEvent[]> {
  const events: HeardEvent[] = [];
  await client.ask(request, {
    onEvent: (event, atUnixMs) => {
      events.push({event, atUnixMs});
      if (event.kind === 'token') onToken();
    },
  });
  return events;
}

function timesOf(
  events: readonly HeardEvent[],
  askedMs: number,
): Pick<ServedTimes, 'firstTokenMs' | 'gapsMs'> {
  const tokens = events.flatMap(({event, atUnixMs}) =>
    event.kind === 'token' ? [{atMs: event.atMs, atUnixMs}] : [],
  );
  return {
    firstTokenMs: (tokens[0]?.atUnixMs ?? Number.NaN) - askedMs,
    gapsMs: tokens.slice(1).map(({atMs}, at) => atMs - (tokens[at]?.atMs ?? atMs)),
  };
}
