import {expect, test} from 'vitest';
import type {TokenGuide} from '#shared/client/reader-event.ts';
import {addToken, emptyMask} from '#shared/protocol/frame/token-mask.ts';
import {decodeSampledTokens, encodeSampledTokens} from '#shared/protocol/frame/sampled-token.ts';
import type {Distort} from '#shared/testing/lies/lying-transport.ts';
import {GREEDY, RingSwarm, type RingNode} from './ring-swarm.ts';

const PROMPT = [5, 7, 11, 13];
const NEW_TOKENS = 12;
/** Whatever comes before: three tokens that no other position has. */
const allowedAt = (at: number) => [0, 1, 2].map((which) => 30 * at + 10 * which);

/** Says what may come a little later, and counts how often it is asked about each token. */
function slowGuide(vocabularySize: number) {
  const asked: number[] = [];
  const guide: TokenGuide = {
    allowed: async ({length}) => {
      asked.push(length);
      await new Promise((resolve) => void setImmediate(resolve));
      const mask = emptyMask(vocabularySize);
      for (const tokenId of allowedAt(length)) addToken(mask, tokenId);
      return mask;
    },
  };
  return {guide, asked};
}

function hopsOf(swarm: RingSwarm, name: string, starts: readonly number[], distort?: Distort) {
  return starts.map((startLayer, at) => {
    const endLayer = starts[at + 1] ?? swarm.spec.layerCount;
    const isTail = at === starts.length - 1;
    const lying = isTail && distort !== undefined ? {distort} : {};
    return swarm.addNode(`${name}-${startLayer}`, {startLayer, endLayer}, lying);
  });
}

async function ask(
  swarm: RingSwarm,
  chains: readonly (readonly RingNode[])[],
  {
    guide,
    onToken,
  }: {readonly guide?: TokenGuide; readonly onToken?: (count: number) => Promise<void>},
) {
  const tokenIds: number[] = [];
  const lost: string[] = [];
  const request = {
    promptTokenIds: PROMPT,
    maxNewTokens: NEW_TOKENS,
    sampling: {...GREEDY, topLogprobs: 5},
  };
  const guided = guide === undefined ? request : {...request, guide};
  for await (const event of swarm.addClient('a', chains).generate(guided, new AbortController())) {
    if (event.kind === 'lost') lost.push(event.code);
    if (event.kind !== 'token') continue;
    tokenIds.push(event.token.tokenId);
    if (guide !== undefined) expect(event.token.top).toHaveLength(3);
    await onToken?.(tokenIds.length);
  }
  return {tokenIds, lost};
}

test('[RG28] [ST12] every token is one of those that are allowed there, the same over one hop and over three, also when the tail is replaced', async () => {
  const swarm = new RingSwarm();
  const {guide, asked} = slowGuide(swarm.spec.vocabularySize);
  const alone = await ask(swarm, [hopsOf(swarm, 'alone', [0])], {guide});
  expect(alone.tokenIds).toHaveLength(NEW_TOKENS);
  for (const [at, tokenId] of alone.tokenIds.entries()) expect(allowedAt(at)).toContain(tokenId);
  expect(asked).toEqual(Array.from({length: NEW_TOKENS}, (_, at) => at));
  const free = await ask(swarm, [hopsOf(swarm, 'free', [0])], {});
  expect(free.tokenIds).not.toEqual(alone.tokenIds);

  const other = new RingSwarm();
  const again = slowGuide(other.spec.vocabularySize);
  const chain = hopsOf(other, 'hop', [0, 2, 4]);
  const [spare] = hopsOf(other, 'spare', [4]);
  const next = [...chain.slice(0, 2), ...(spare === undefined ? [] : [spare])];
  const interrupted = await ask(other, [chain, next], {
    guide: again.guide,
    onToken: async (count) => {
      if (count === 5) await chain[2]?.transport.close();
    },
  });
  expect(interrupted.tokenIds).toEqual(alone.tokenIds);
  expect(spare?.server.load.servedTokens).toBe(PROMPT.length + NEW_TOKENS - 1);
  await other.settle();
  for (const {server} of next) expect(server.load.openSessions).toBe(0);
});

/** A tail that samples what it likes, from its third token on. */
const disobeys: Distort = (honest) => {
  const {frame} = honest;
  if (frame.kind !== 'sampled' || frame.position < PROMPT.length + 2) return null;
  const [token] = decodeSampledTokens(frame);
  if (token === undefined) return null;
  const top = [{tokenId: 499, logprob: token.logprob}, ...token.top.slice(1)];
  const payload = encodeSampledTokens([{...token, tokenId: 499, top}]);
  return [{...honest, frame: {...frame, payload}}];
};

test('[RG28] [GN28] of a tail that samples a token that is not allowed nothing is shown, and another goes on', async () => {
  const swarm = new RingSwarm();
  const {guide} = slowGuide(swarm.spec.vocabularySize);
  const liars = hopsOf(swarm, 'liar', [0, 3], disobeys);
  const honest = hopsOf(swarm, 'hop', [0, 3]);
  const {tokenIds, lost} = await ask(swarm, [liars, honest], {guide});
  const alone = await ask(swarm, [honest], {guide: slowGuide(swarm.spec.vocabularySize).guide});
  expect(lost).toEqual(['UNSUPPORTED']);
  expect(tokenIds).toEqual(alone.tokenIds);
});

test('[RG28] an answer whose guide fails ends with its error, and frees every hop', async () => {
  const swarm = new RingSwarm();
  const guide: TokenGuide = {
    allowed: async (before) => {
      if (before.length === 3) throw new Error('The guide is gone');
      return slowGuide(swarm.spec.vocabularySize).guide.allowed(before);
    },
  };
  const failing = ask(swarm, [hopsOf(swarm, 'hop', [0, 3])], {guide});
  await expect(failing).rejects.toThrow('The guide is gone');
  await swarm.settle();
  expect(swarm.heldSessions()).toBe(0);
});
