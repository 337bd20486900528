import {expect, test} from 'vitest';
import {buildVocabulary} from '#shared/client/model/build-vocabulary.ts';
import type {GenerationClient} from '#shared/client/generation-client.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {GREEDY, RingSwarm} from '../node/serving/testing/ring-swarm.ts';
import type {AskRequest, Prompt} from '#shared/client/chat/chat-service.ts';
import type {EngineHop} from '#shared/client/chat/engine-hop.ts';
import {SwarmChatService} from '#shared/client/chat/swarm-chat-service.ts';

const vocabulary = await buildVocabulary(tinyGguf({seed: 3}));

type Asking = Pick<GenerationClient<EngineHop>, 'generate'>;

const named = (hop: Hop): EngineHop => ({
  ...hop,
  engine: 'stub',
  predictedMs: 0,
  addedMs: 0,
  statedMsPerLayer: 0,
  hopOverheadMs: 0,
});

/** A client of the memory network, whose hops say no more than where they are. */
function withEngines(client: GenerationClient): Asking {
  return {
    generate: async function* (request, options) {
      for await (const event of client.generate(request, options)) {
        if (event.kind === 'served') continue;
        if (event.kind === 'chain') yield {...event, hops: event.hops.map(named)};
        else yield event;
      }
    },
  };
}

/** What an answer says, by a client with or without a vocabulary. */
async function answerTo(
  prompt: Prompt,
  known: typeof vocabulary | null,
  wishes: Partial<AskRequest> = {},
) {
  const swarm = new RingSwarm({vocabularySize: vocabulary.vocabularySize});
  const node = swarm.addNode('one', {startLayer: 0, endLayer: swarm.spec.layerCount});
  const chat = new SwarmChatService({
    client: withEngines(swarm.addClient('client', [[node]])),
    vocabulary: () => Promise.resolve(known),
    contextTokens: swarm.spec.contextTokens,
    onServed: () => undefined,
  });
  const {signal} = new AbortController();
  const tokenIds: number[] = [];
  let text = '';
  for await (const event of chat.ask({...GREEDY, prompt, maxNewTokens: 12, ...wishes}, {signal})) {
    if (event.kind === 'token') tokenIds.push(event.tokenId);
    if (event.kind === 'token' || event.kind === 'end') text += event.text;
  }
  return {tokenIds, text};
}

test('[MD14] token ids are answered with ids where there is no vocabulary, and a chat is refused', async () => {
  const prompt: Prompt = {kind: 'token-ids', tokenIds: [5, 6, 7]};
  const {tokenIds, text} = await answerTo(prompt, vocabulary);
  expect(tokenIds).toHaveLength(12);
  expect(text).not.toBe('');
  expect(await answerTo(prompt, null)).toEqual({tokenIds, text: ''});
  const chat: Prompt = {kind: 'messages', messages: [{role: 'user', content: 'Hello'}]};
  await expect(answerTo(chat, null)).rejects.toMatchObject({detail: {code: 'TEXT_UNSUPPORTED'}});
});

test('[PG51] a prompt that no tab can hold is refused at once, with the most that fits', async () => {
  const tokenIds = Array.from({length: 257}, () => 5);
  await expect(answerTo({kind: 'token-ids', tokenIds}, null)).rejects.toThrow(
    'The prompt is too long: 257 of 256 tokens; shorten it',
  );
});

test('[PG51] a text far beyond what fits is refused before anybody counts its tokens', async () => {
  const untouched = {...vocabulary, encodeText: () => Promise.reject(new Error('Nobody counts'))};
  const most = 16 * 256;
  const ask = (length: number) => answerTo({kind: 'text', text: 'a'.repeat(length)}, untouched);
  await expect(ask(most + 1)).rejects.toThrow(
    'The prompt is too long: 4097 characters, of which at most 4096 are read; shorten it',
  );
  await expect(ask(most)).rejects.toThrow('Nobody counts');
});

test('[ST11] what is asked of single tokens reaches the tail', async () => {
  const prompt: Prompt = {kind: 'token-ids', tokenIds: [5, 6, 7]};
  const {tokenIds} = await answerTo(prompt, null, {logitBias: [[33, 100]]});
  expect(new Set(tokenIds)).toEqual(new Set([33]));
  const varied = {logitBias: [[33, 9] as const], presencePenalty: 2, frequencyPenalty: 2};
  expect((await answerTo(prompt, null, varied)).tokenIds).toContain(33);
  expect(new Set((await answerTo(prompt, null, varied)).tokenIds).size).toBeGreaterThan(1);
});

/** Asks for the ids of a prompt, by one client whose vocabulary reads texts as `encodeText` does. */
function reader(encodeText: typeof vocabulary.encodeText) {
  const swarm = new RingSwarm({vocabularySize: vocabulary.vocabularySize});
  const node = swarm.addNode('one', {startLayer: 0, endLayer: swarm.spec.layerCount});
  const chat = new SwarmChatService({
    client: withEngines(swarm.addClient('client', [[node]])),
    vocabulary: () => Promise.resolve({...vocabulary, encodeText}),
    contextTokens: swarm.spec.contextTokens,
    onServed: () => undefined,
  });
  const {signal} = new AbortController();
  return async (prompt: Prompt) => {
    for await (const event of chat.ask({...GREEDY, prompt, maxNewTokens: 1}, {signal})) {
      if (event.kind === 'prompt') return event.tokenIds;
    }
    return null;
  };
}

test('[GW7] answers to one prompt share its ids, and the same text in another prompt is read once more', async () => {
  let encoded = 0;
  const idsOf = reader(async (text) => {
    encoded += 1;
    return await vocabulary.encodeText(text);
  });
  const prompt = {kind: 'text', text: 'what the world'} as const;
  const [first, second] = await Promise.all([idsOf(prompt), idsOf(prompt)]);
  expect(second).toEqual(first);
  expect(encoded).toBe(1);
  expect(await idsOf({...prompt})).toEqual(first);
  expect(encoded).toBe(2);
});

test('[GW7] a prompt that could not be read is read again by whoever asks it again', async () => {
  let asked = 0;
  const idsOf = reader(async (text) => {
    asked += 1;
    if (asked === 1) throw new Error('The thread has ended');
    return await vocabulary.encodeText(text);
  });
  const prompt = {kind: 'text', text: 'what the world'} as const;
  const both = await Promise.allSettled([idsOf(prompt), idsOf(prompt)]);
  expect(both.map(({status}) => status)).toEqual(['rejected', 'rejected']);
  expect(await idsOf(prompt)).toEqual(await vocabulary.encodeText('what the world'));
  expect(asked).toBe(2);
});
