import {setTimeout as wait} from 'node:timers/promises';
import {missingLayersOf} from '../demo/missing-layers.ts';
import {greedyRequest} from '../swarm/ask.ts';
import type {Swarm} from '../swarm/start-swarm.ts';
import type {Tab} from '../swarm/tab.ts';
import {arrivalTimesMs} from './scenario/arrival-times.ts';

const LAYERS_PER_TAB = 10;
const CLIENTS = 2;
const QUESTIONS_PER_TAB = 2;
const TOKENS = 16;
/** Time for a swarm that is not even at first to even out: a tab sees itself crowded for 30 s before it moves. */
const EVEN_WITHIN_MS = 240_000;
const LOOK_EVERY_MS = 500;

export type CrowdOutcome = {
  readonly askedCount: number;
  /** A line for each question that was not answered. */
  readonly failed: readonly string[];
  /** From question to first token, of those that were answered. */
  readonly firstTokenMs: readonly number[];
  /** What is wrong with the crowd afterwards: which tabs do not serve, and which do not know each other. */
  readonly left: readonly string[];
  /** How many more tabs serve the best served layer than the least served one, in the end. */
  readonly spread: number;
};

/**
 * Stub tabs and two clients are opened in the same moment, and each client
 * asks as soon as it can: nobody waits for anybody. The tabs are closed in the end.
 *
 * @param input.tabs how many lend; twice as many questions are asked.
 * @param input.signal ends what hangs: questions that it ends have failed.
 */
export async function runCrowd(
  swarm: Swarm,
  input: {
    readonly model: string;
    readonly tabs: number;
    readonly seed: number;
    readonly signal: AbortSignal;
  },
): Promise<CrowdOutcome> {
  const {model} = input;
  const lending = Array.from({length: input.tabs}, () =>
    swarm.openLendingTab(
      {engine: 'stub', capacity: {kind: 'layers', maxLayers: LAYERS_PER_TAB}},
      {model},
    ),
  );
  const asking = Array.from({length: CLIENTS}, async () => {
    const tab = await swarm.openTab({model});
    await tab.prepare();
    return tab;
  });
  const clients = await Promise.all(asking);
  const answers = await askAll(clients, input);
  const tabs = await Promise.all(lending);
  const left = [...(await whoDoesNotServe(tabs)), ...(await whoIsNotKnown(tabs, clients))];
  const spread = await settledSpread(tabs);
  await Promise.all([...tabs, ...clients].map((tab) => tab.close()));
  return {
    askedCount: answers.length,
    failed: answers.flatMap((answer) => (typeof answer === 'string' ? answer : [])),
    firstTokenMs: answers.flatMap((answer) => (typeof answer === 'number' ? answer : [])),
    left,
    spread,
  };
}

async function askAll(
  clients: readonly Tab[],
  {
    tabs,
    seed,
    signal,
  }: {readonly tabs: number; readonly seed: number; readonly signal: AbortSignal},
): Promise<readonly (string | number)[]> {
  const count = QUESTIONS_PER_TAB * tabs;
  const times = arrivalTimesMs({arrival: 'poisson', count, perSec: 4, seed});
  return Promise.all(
    times.map(async (atMs, i) => {
      await wait(atMs);
      const client = clients[i % CLIENTS];
      return client === undefined ? 'no client' : askOnce(client, {name: `question ${i}`, signal});
    }),
  );
}

/** @returns ms to the first token, or why there is no answer. */
async function askOnce(
  client: Tab,
  {name, signal}: {readonly name: string; readonly signal: AbortSignal},
): Promise<string | number> {
  const askedAtMs = performance.now();
  let firstTokenMs = 0;
  let missing = '';
  try {
    await client.ask(greedyRequest('Who is there?', {maxNewTokens: TOKENS}), {
      signal,
      onEvent: (event) => {
        if (event.kind === 'waiting') missing = missingLayersOf(event.missing);
        if (event.kind === 'token') firstTokenMs ||= performance.now() - askedAtMs;
      },
    });
    return firstTokenMs;
  } catch (error) {
    return `${name}: ${String(error)} ${missing}`;
  }
}

/** The spread once every tab serves and the swarm is even, or as it is after a while. */
async function settledSpread(tabs: readonly Tab[]): Promise<number> {
  const untilMs = performance.now() + EVEN_WITHIN_MS;
  for (;;) {
    const states = await Promise.all(tabs.map((tab) => tab.lendState()));
    const served = states.flatMap((state) => (state.kind === 'serving' ? [state.layers] : []));
    const spread = spreadOf(served);
    const isSettled = served.length === tabs.length && spread <= 1;
    if (isSettled || performance.now() > untilMs) return spread;
    await wait(LOOK_EVERY_MS);
  }
}

function spreadOf(
  ranges: readonly {readonly startLayer: number; readonly endLayer: number}[],
): number {
  const layerCount = Math.max(0, ...ranges.map(({endLayer}) => endLayer));
  const replicas = Array.from(
    {length: layerCount},
    (_, layer) =>
      ranges.filter(({startLayer, endLayer}) => startLayer <= layer && layer < endLayer).length,
  );
  return Math.max(...replicas) - Math.min(...replicas);
}

async function whoDoesNotServe(tabs: readonly Tab[]): Promise<readonly string[]> {
  const states = await Promise.all(tabs.map((tab) => tab.lendState()));
  return states.flatMap(({kind}, i) =>
    kind === 'failed' || kind === 'joining' ? `tab ${i}: ${kind}` : [],
  );
}

async function whoIsNotKnown(
  tabs: readonly Tab[],
  clients: readonly Tab[],
): Promise<readonly string[]> {
  const ids = await Promise.all(tabs.map(async (tab) => (await tab.traffic()).peerId));
  const known = await Promise.all(
    clients.map(async (client) => {
      const records = await client.knownRecords();
      return new Set<string>(records.map(({peerId}) => peerId));
    }),
  );
  return known.flatMap((records, client) => {
    const unknown = ids.filter((id) => !records.has(id)).length;
    return unknown === 0 ? [] : `client ${client} does not know ${unknown} tabs`;
  });
}
