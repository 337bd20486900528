import {expect, test} from 'vitest';
import {collectTokens, GREEDY, RingSwarm, type RingNode} from './ring-swarm.ts';

const PROMPT = [5, 7, 11, 13];
const NEW_TOKENS = 24;

/** Three hops of two layers each, and another for the layers of each. */
function spareSwarm() {
  const swarm = new RingSwarm();
  const addChain = (name: string) =>
    [0, 2, 4].map((startLayer) =>
      swarm.addNode(`${name}-${startLayer}`, {startLayer, endLayer: startLayer + 2}),
    );
  return {swarm, chain: addChain('hop'), spare: addChain('spare')};
}

/** The chain with the spare hop in the place of hop `at`. */
function without(chain: readonly RingNode[], spare: readonly RingNode[], at: number) {
  return chain.map((hop, index) => (index === at ? (spare[at] ?? hop) : hop));
}

test.each([
  ['in the middle', 1],
  ['at the head', 0],
  ['at the tail', 2],
])(
  '[RG22] a hop %s that is lost during an answer is replaced, the others keep their caches, and the text is the same',
  async (_, at) => {
    const whole = spareSwarm();
    const uninterrupted = await collectTokens(whole.swarm.addClient('a', [whole.chain]), PROMPT, {
      maxNewTokens: NEW_TOKENS,
    });

    const {swarm, chain, spare} = spareSwarm();
    const next = without(chain, spare, at);
    const client = swarm.addClient('a', [chain, next]);
    const tokenIds: number[] = [];
    const chains: string[][] = [];
    const request = {promptTokenIds: PROMPT, maxNewTokens: NEW_TOKENS, sampling: GREEDY};
    for await (const event of client.generate(request, new AbortController())) {
      if (event.kind === 'chain') chains.push(event.hops.map(({peerId}) => peerId));
      if (event.kind !== 'token') continue;
      tokenIds.push(event.token.tokenId);
      if (tokenIds.length === 5) await chain[at]?.transport.close();
    }
    expect(tokenIds).toEqual(uninterrupted.map(({tokenId}) => tokenId));
    expect(chains).toEqual([chain, next].map((hops) => hops.map(({peerId}) => peerId)));
    await swarm.settle();
    // What the new hop had missed came once, and in order.
    expect(spare[at]?.server.load.servedTokens).toBe(PROMPT.length + NEW_TOKENS - 1);
    for (const {server} of [...next, ...spare]) expect(server.load.openSessions).toBe(0);
  },
);

/** One token is the likeliest until its penalty outweighs its bias. */
const PENALISED = {...GREEDY, logitBias: [[33, 14] as const], frequencyPenalty: 1.5};

test('[RG26] a penalty counts the tokens of the answer, also when the tail is replaced', async () => {
  const whole = spareSwarm();
  const options = {maxNewTokens: NEW_TOKENS, sampling: PENALISED};
  const tokens = await collectTokens(whole.swarm.addClient('a', [whole.chain]), PROMPT, options);
  const ids = tokens.map(({tokenId}) => tokenId);
  expect(ids.slice(0, 4)).toEqual([33, 33, 33, 33]);
  expect(ids.filter((id) => id === 33).length).toBeLessThan(NEW_TOKENS / 2);

  const {swarm, chain, spare} = spareSwarm();
  const client = swarm.addClient('a', [chain, without(chain, spare, 2)]);
  const resumed: number[] = [];
  const request = {promptTokenIds: PROMPT, ...options};
  for await (const event of client.generate(request, new AbortController())) {
    if (event.kind !== 'token') continue;
    resumed.push(event.token.tokenId);
    if (resumed.length === 3) await chain[2]?.transport.close();
  }
  expect(resumed).toEqual(ids);
  expect(spare[2]?.server.load.servedTokens).toBeGreaterThan(0);
});
