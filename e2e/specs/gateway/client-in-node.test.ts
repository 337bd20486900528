import {afterAll, beforeAll, expect, test} from 'vitest';
import {
  scriptedApi,
  type ScriptedApi,
} from '../../../signal-server/src/gateway/api/testing/scripted-api.ts';
import {ask} from '../../../web/examples/ai-sdk.ts';
import {createWeft} from '../../../web/client/client.ts';

const messages = [{role: 'user', content: 'Hi'}] as const;

let api: ScriptedApi;
beforeAll(async () => {
  api = await scriptedApi();
});
afterAll(async () => {
  await api.close();
});

test('[CC1] without WebRTC a server is asked, for its first model and with the defaults of the page', async () => {
  const weft = createWeft({server: api.url});
  const pieces: string[] = [];
  for await (const piece of weft.chat(messages, {seed: 7})) pieces.push(piece);
  expect(pieces).toEqual(['Once', ' upon', ' a', ' time']);
  expect(api.asked.at(-1)).toMatchObject({
    prompt: {kind: 'messages', messages},
    maxNewTokens: 512,
    temperature: 0.7,
    topP: 0.95,
    seed: 7,
  });
  weft.close();
});

test('[CC2] errors have the code of the server, and a sentence for people', async () => {
  const [unknown, nobody] = [
    createWeft({server: api.url, model: 'other'}),
    createWeft({server: 'http://127.0.0.1:9/'}),
  ].map((weft) => weft.chat(messages)[Symbol.asyncIterator]());
  await expect(unknown?.next()).rejects.toMatchObject({
    detail: {code: 'MODEL_NOT_FOUND'},
    message: 'This site has no model "other": it has tiny',
  });
  await expect(nobody?.next()).rejects.toMatchObject({detail: {code: 'SERVER_UNREACHABLE'}});
  const abort = AbortSignal.abort(new Error('not now'));
  const aborted = createWeft({server: api.url}).chat(messages, {signal: abort});
  await expect(aborted[Symbol.asyncIterator]().next()).rejects.toThrow('not now');
});

test('[GW2] the AI SDK asks a swarm as the example shows', async () => {
  let text = '';
  for await (const piece of ask(api.url, 'tiny', 'Hi')) text += piece;
  expect(text).toBe('Once upon a time');
  expect(api.asked.at(-1)).toMatchObject({maxNewTokens: 256});
});
