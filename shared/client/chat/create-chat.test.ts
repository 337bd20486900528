import {expect, test} from 'vitest';
import {asManifestHash, asPeerId} from '#shared/base/ids.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {tinyManifest} from '#shared/testing/tiny-manifest.ts';
import {LENT_KV_TOKENS} from '../../session/lent-kv-tokens.ts';
import {MemoryNetwork} from '../../transport/testing/memory-transport.ts';
import {createChat} from './create-chat.ts';

const GREEDY = {temperature: 0, topK: 0, topP: 1, seed: 0, topLogprobs: 0};

test('[GW19] however long the context of a model is, nobody is asked for more than a tab lends', async () => {
  const manifest = await tinyManifest(tinyGguf({seed: 3}), {cutEvery: 1, prompts: 'token-ids'});
  const spec = {...manifest.spec, contextTokens: 131_072};
  const {service} = createChat(
    {
      model: {
        title: 'A model',
        licence: 'X',
        manifest: {...manifest, spec},
        manifestHash: asManifestHash('ab'.repeat(32)),
        weightsUrl: '',
        siteUrl: '',
      },
      transport: new MemoryNetwork().join(asPeerId('client')),
      nowMs: () => 0,
      snapshot: () => {
        throw new Error('No route is looked for');
      },
      records: () => [],
      onSnapshot: () => () => undefined,
    },
    {build: () => Promise.reject(new Error('There is no text'))},
  );
  const tokenIds = Array.from({length: LENT_KV_TOKENS + 1}, () => 5);
  const prompt = {kind: 'token-ids', tokenIds} as const;
  const {signal} = new AbortController();
  const asked = service.ask({...GREEDY, prompt, maxNewTokens: 1}, {signal});
  await expect(asked[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    detail: {code: 'PROMPT_TOO_LONG'},
    message: 'The prompt is too long: 8193 of 8192 tokens; shorten it',
  });
});
