import {expect, test} from '@playwright/test';
import type {AskRequest} from '#shared/client/chat/chat-service.ts';
import {seededRandom} from '#shared/scheduling/seeded-choice.ts';
import {extendAnswer, NO_ANSWER, type Answer} from '../../swarm/answer.ts';
import {askForAnswer, greedyRequest} from '../../swarm/ask.ts';
import {startTinySwarm, type TinySwarm} from '../../swarm/start-tiny-swarm.ts';
import type {Tab} from '../../swarm/tab.ts';

const SERVE_TIMEOUT_MS = 300_000;
/** Pieces of a prompt are as short as those of the real model. */
const HIDDEN_SIZE = 512;
const LONG_PROMPT_TOKENS = 2_000;
const SHAPE = {layerCount: 2, hiddenSize: HIDDEN_SIZE, contextTokens: 2_304};
const SEED = 20_261_129;
const AT_ONCE = 8;

let world: TinySwarm;
/** A hop gives one client three quarters of its sessions. */
let clients: readonly Tab[];

test.beforeAll(async () => {
  world = await startTinySwarm({gguf: {seed: 5, shape: SHAPE}});
  const options = {model: world.model.id};
  const lender = await world.swarm.openLendingTab(
    {engine: 'wasm', capacity: {kind: 'layers', maxLayers: SHAPE.layerCount}},
    options,
  );
  await lender.waitForLendState(['serving'], {timeoutMs: SERVE_TIMEOUT_MS});
  clients = await Promise.all([world.swarm.openTab(options), world.swarm.openTab(options)]);
});

test.afterAll(async () => {
  await world.stop();
});

function clientOf(at: number): Tab {
  const client = clients[at % clients.length];
  if (client === undefined) throw new Error('Broken invariant: there are clients');
  return client;
}

function asked(promptTokens: number, maxNewTokens: number, random: () => number): AskRequest {
  // Above the three that are not text.
  const tokenIds = Array.from({length: promptTokens}, () => 3 + Math.floor(200 * random()));
  return greedyRequest('', {prompt: {kind: 'token-ids', tokenIds}, maxNewTokens, topLogprobs: 5});
}

test(`[TO1] eight answers that begin and end at random beside each other have the bits that each has alone (seed ${SEED})`, async () => {
  test.setTimeout(600_000);
  const random = seededRandom(SEED);
  const requests = Array.from({length: AT_ONCE}, () =>
    asked(1 + Math.floor(40 * random()), 16 + Math.floor(32 * random()), random),
  );
  const alone: Answer[] = [];
  for (const [at, request] of requests.entries()) {
    alone.push(await askForAnswer(clientOf(at), request));
  }
  // Each begins when those before it have so many tokens together, long before the first of them ends.
  const begins = requests.map((_, at) => (at < 2 ? 0 : Math.floor(3 * at * random())));
  const begun = begins.map(() => Promise.withResolvers<void>());
  let shown = 0;
  const beginDue = () => {
    for (const [at, tokens] of begins.entries()) if (shown >= tokens) begun[at]?.resolve();
  };
  const together = requests.map(async (request, at) => {
    await begun[at]?.promise;
    let answer = NO_ANSWER;
    await clientOf(at).ask(request, {
      onEvent: (event) => {
        answer = extendAnswer(answer, event);
        if (event.kind !== 'token') return;
        shown += 1;
        beginDue();
      },
    });
    return answer;
  });
  beginDue();
  for (const [at, answer] of (await Promise.all(together)).entries()) {
    expect(answer.tokenIds).toEqual(alone[at]?.tokenIds);
    expect(answer.topLogprobs).toEqual(alone[at]?.topLogprobs);
  }
});

test('[TO2] a prompt of 2,000 tokens and four answers that run when it comes have the bits that each has alone', async () => {
  test.setTimeout(600_000);
  const random = seededRandom(SEED + 1);
  const long = asked(LONG_PROMPT_TOKENS, 2, random);
  const requests = Array.from({length: 4}, () => asked(8, 100, random));
  const alone: Answer[] = [];
  for (const request of [long, ...requests]) alone.push(await askForAnswer(clientOf(0), request));
  const allRun = Promise.withResolvers<void>();
  const running = new Set<number>();
  const together = requests.map(async (request, at) => {
    let answer = NO_ANSWER;
    await clientOf(at).ask(request, {
      onEvent: (event) => {
        answer = extendAnswer(answer, event);
        if (event.kind === 'token') running.add(at);
        if (running.size === requests.length) allRun.resolve();
      },
    });
    return answer;
  });
  await allRun.promise;
  const answers = [await askForAnswer(clientOf(0), long), ...(await Promise.all(together))];
  for (const [at, {tokenIds, topLogprobs}] of answers.entries()) {
    expect(tokenIds).toEqual(alone[at]?.tokenIds);
    expect(topLogprobs).toEqual(alone[at]?.topLogprobs);
  }
});
