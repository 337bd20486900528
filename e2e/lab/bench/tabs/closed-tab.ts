import {setTimeout as wait} from 'node:timers/promises';
import type {AnswerEvent} from '#shared/client/chat/chat-service.ts';
import {percentile} from '../../../load/report/percentile.ts';
import {beginAnswer, greedyRequest} from '../../../swarm/ask.ts';
import {Swarm} from '../../../swarm/start-swarm.ts';
import type {Tab} from '../../../swarm/tab.ts';
import {prepareModel, type PreparedModel} from '../../../tools/machine/model-file/prepare-model.ts';
import {lineOf} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';

const ROUNDS = 5;
/** How many times as long a question may wait for its first token when a tab has just been closed. */
const FLOOR = 1.5;
/** Two for each half of the model. */
const LENDING_TABS = 4;
const LOAD_TIMEOUT_MS = 300_000;
const POLL_MS = 100;
const QUESTION = 'What is the capital of France?';
const SHORT = greedyRequest(QUESTION, {maxNewTokens: 4});
const LONG = greedyRequest(QUESTION, {maxNewTokens: 256});

type FirstToken = {readonly ms: number; readonly nodes: readonly string[]};

/** Lending tabs by their node ids. */
type Lenders = Map<string, Tab>;

/**
 * How long a question waits for its first token after a tab of the chain of the one before was
 * closed: in the middle of that answer, and after its end.
 */
export const benchClosedTab: Benchmark = async (context) => {
  const {log, signal} = context;
  const model = await prepareModel({log, signal});
  const swarm = await Swarm.start({modelsDir: model.modelsDir, port: 0, webgpu: false, log});
  try {
    const lenders: Lenders = new Map();
    const client = await swarm.openTab({model: model.id});
    await client.prepare();
    for (const when of ['during an answer', 'after an answer'] as const) {
      await measure(context, {
        when,
        client,
        lenders,
        openMissing: () => refill(swarm, model, lenders),
      });
    }
  } finally {
    await swarm.stop();
  }
};

async function measure(
  {log, print, signal}: BenchmarkContext,
  {
    when,
    client,
    lenders,
    openMissing,
  }: {
    readonly when: 'during an answer' | 'after an answer';
    readonly client: Tab;
    readonly lenders: Lenders;
    readonly openMissing: () => Promise<void>;
  },
): Promise<void> {
  const quietMs: number[] = [];
  const afterMs: number[] = [];
  let deadAsked = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    signal.throwIfAborted();
    await openMissing();
    await untilKnown(client, lenders, {signal});
    await askFirst(client);
    quietMs.push((await askFirst(client)).ms);
    const dead = await closeOne(client, lenders, {when, at: round % 2});
    const after = await askFirst(client);
    afterMs.push(after.ms);
    if (after.nodes.includes(dead)) deadAsked += 1;
    log(`${when}: ${quietMs.at(-1)} ms before, ${after.ms} ms after`);
  }
  const [value, against] = [percentile(afterMs, 50), percentile(quietMs, 50)];
  const name = `first token after a tab was closed ${when}`;
  const extremes = {n: ROUNDS, min: Math.min(...afterMs), max: Math.max(...afterMs)};
  print({name, value, unit: 'ms', against, ratio: value / against, floor: FLOOR, ...extremes});
  print({...lineOf(`${name}: chains with that tab`, deadAsked, 'chains'), n: ROUNDS});
}

/** Closes the tab of one hop of a chain. @returns its node. */
async function closeOne(
  client: Tab,
  lenders: Lenders,
  {when, at}: {readonly when: 'during an answer' | 'after an answer'; readonly at: number},
): Promise<string> {
  const answer = await beginAnswer(client, LONG);
  if (when === 'after an answer') await answer.stop();
  const dead = answer.nodes[at] ?? '';
  const tab = lenders.get(dead);
  if (tab === undefined) throw new Error('The chain has a hop that nobody opened');
  lenders.delete(dead);
  await tab.close();
  await answer.stop();
  return dead;
}

/** Opens tabs until there are as many as there should be. */
async function refill(swarm: Swarm, model: PreparedModel, lenders: Lenders): Promise<void> {
  const capacity = {kind: 'layers', maxLayers: model.grid.layerCount / 2} as const;
  while (lenders.size < LENDING_TABS) {
    const tab = await swarm.openLendingTab({engine: 'wasm', capacity}, {model: model.id});
    await tab.waitForLendState(['serving'], {timeoutMs: LOAD_TIMEOUT_MS});
    lenders.set((await tab.traffic()).peerId, tab);
  }
}

async function untilKnown(
  client: Tab,
  lenders: Lenders,
  {signal}: {readonly signal: AbortSignal},
): Promise<void> {
  const isKnown = async (): Promise<boolean> => {
    const records = await client.knownRecords();
    return [...lenders.keys()].every((node) =>
      records.some(({peerId, shards}) => peerId === node && shards.length > 0),
    );
  };
  while (!(await isKnown())) await wait(POLL_MS, undefined, {signal});
}

/** How long the first token took, and all nodes that were asked for it. */
async function askFirst(client: Tab): Promise<FirstToken> {
  const startMs = performance.now();
  const nodes: string[] = [];
  let ms = Number.NaN;
  await client.ask(SHORT, {
    onEvent: (event: AnswerEvent) => {
      if (event.kind === 'chain') nodes.push(...event.hops.map(({node}) => node));
      if (event.kind === 'token' && Number.isNaN(ms)) ms = Math.round(performance.now() - startMs);
    },
  });
  return {ms, nodes};
}
