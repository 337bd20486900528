import type {AnswerEvent} from '#shared/client/chat/chat-service.ts';
import {percentile} from '../../../load/report/percentile.ts';
import {beginAnswer, greedyRequest} from '../../../swarm/ask.ts';
import type {Tab} from '../../../swarm/tab.ts';
import {lineOf} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';
import {SparedHalves} from './spared-halves.ts';

const ROUNDS = 5;
/** How many times as long a question may wait for its first token when a tab has just been closed. */
const FLOOR = 1.5;
const QUESTION = 'What is the capital of France?';
const SHORT = greedyRequest(QUESTION, {maxNewTokens: 4});
const LONG = greedyRequest(QUESTION, {maxNewTokens: 256});

type When = 'during an answer' | 'after an answer';

type FirstToken = {readonly ms: number; readonly nodes: readonly string[]};

/**
 * How long a question waits for its first token after a tab of the chain of the one before was
 * closed: in the middle of that answer, and after its end.
 */
export const benchClosedTab: Benchmark = async (context) => {
  const halves = await SparedHalves.start(context);
  try {
    await measure(context, halves, 'during an answer');
    await measure(context, halves, 'after an answer');
  } finally {
    await halves.stop();
  }
};

async function measure(
  {log, print, signal}: BenchmarkContext,
  halves: SparedHalves,
  when: When,
): Promise<void> {
  const {client} = halves;
  const quietMs: number[] = [];
  const afterMs: number[] = [];
  let deadAsked = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    signal.throwIfAborted();
    await halves.refill();
    await askFirst(client);
    quietMs.push((await askFirst(client)).ms);
    const dead = await closeOne(halves, {when, stage: round % 2});
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
  halves: SparedHalves,
  {when, stage}: {readonly when: When; readonly stage: number},
): Promise<string> {
  const answer = await beginAnswer(halves.client, LONG);
  if (when === 'after an answer') await answer.stop();
  const dead = answer.nodes[stage] ?? '';
  await halves.take(dead).close();
  await answer.stop();
  return dead;
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
