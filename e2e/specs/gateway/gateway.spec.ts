import {fileURLToPath} from 'node:url';
import {expect, test} from '@playwright/test';
import OpenAI, {
  APIUserAbortError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
} from 'openai';
import type * as Client from '../../../public/client.d.ts';
import {NO_ANSWER, type Answer} from '../../swarm/answer.ts';
import {askForAnswer, greedyRequest} from '../../swarm/ask.ts';
import {startTinySwarm, type TinySwarm} from '../../swarm/start-tiny-swarm.ts';
import type {Tab} from '../../swarm/tab.ts';
import {FAULTS, meetFaults} from './meet-faults.ts';

const CLIENT = fileURLToPath(new URL('../../../dist/client.js', import.meta.url));
const TABS = 3;
// As many as the site of the tiny model cuts into tens.
const LAYERS = 30;
const SHAPE = {layerCount: LAYERS, hiddenSize: 64, contextTokens: 4_096};
const SERVE_TIMEOUT_MS = 300_000;
const QUESTION = 'Which way does the weft go?';
const TOKENS = 24;
const LONG_TOKENS = 4_000;
const TOP = 2;

let world: TinySwarm;
let tabs: readonly Tab[];
let openai: OpenAI;
let sampled: ReturnType<typeof chat> & {temperature: number; top_p: number; seed: number};
/** What a tab gets for it, with its seed and with the next. */
let onPage: readonly Answer[];

test.beforeAll(async () => {
  world = await startTinySwarm({gguf: {seed: 5, shape: SHAPE}});
  tabs = await world.swarm.openServingTabs(
    TABS,
    {engine: 'wasm', capacity: {kind: 'layers', maxLayers: LAYERS / TABS}},
    {model: world.model.id, timeoutMs: SERVE_TIMEOUT_MS},
  );
  const baseURL = `${world.swarm.server.url}/v1`;
  openai = new OpenAI({baseURL, apiKey: 'none', maxRetries: 0});
  sampled = {...chat(TOKENS), temperature: 0.8, top_p: 0.9, seed: 7};
  const [page] = tabs;
  if (page === undefined) throw new Error('Broken invariant: there are tabs');
  const request = {temperature: 0.8, topP: 0.9, maxNewTokens: TOKENS, topLogprobs: TOP};
  onPage = [
    await askForAnswer(page, greedyRequest(QUESTION, {...request, seed: 7})),
    await askForAnswer(page, greedyRequest(QUESTION, {...request, seed: 8})),
  ];
});

test.afterAll(async () => {
  await world.stop();
});

const chat = (maxTokens: number) => ({
  model: world.model.id,
  messages: [{role: 'user' as const, content: QUESTION}],
  max_tokens: maxTokens,
});

async function expectNoSessions(): Promise<void> {
  for (const tab of tabs) {
    await expect.poll(async () => (await tab.lendLoad())?.openSessions).toBe(0);
  }
}

test('[GW1] [GW2] [GW8] the official client lists the model, and its answers are those of a page, with their log-probabilities', async () => {
  const models = await openai.models.list();
  expect(models.data.map(({id}) => id)).toEqual([world.model.id]);
  const logprobs = {logprobs: true, top_logprobs: TOP};
  const {choices, usage} = await openai.chat.completions.create({...sampled, ...logprobs, n: 2});
  for (const [at, {text, finishReason, topLogprobs}] of onPage.entries()) {
    const choice = choices[at];
    expect([choice?.message.content, choice?.finish_reason]).toEqual([text, finishReason]);
    const given = choice?.logprobs?.content?.map((token) =>
      token.top_logprobs.map(({logprob}) => logprob),
    );
    const expected = topLogprobs.map((top) => top.map(({logprob}) => logprob));
    expect(given).toEqual(expected.slice(0, given?.length));
    expect(given?.length).toBeGreaterThanOrEqual(TOKENS - 1);
  }
  expect(usage).toMatchObject({
    prompt_tokens: onPage[0]?.promptTokenIds.length,
    completion_tokens: onPage.reduce((sum, {tokenIds}) => sum + tokenIds.length, 0),
  });
});

test('[GW2] [GW9] a stream has the text of the page, and so has a plain completion of the same token ids', async () => {
  const [answer = NO_ANSWER] = onPage;
  let text = '';
  let usage: OpenAI.CompletionUsage | null | undefined;
  const stream_options = {include_usage: true};
  const stream = await openai.chat.completions.create({...sampled, stream: true, stream_options});
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    ({usage} = chunk);
  }
  expect(text).toBe(answer.text);
  expect(usage?.completion_tokens).toBe(answer.tokenIds.length);
  const {messages: _, ...rest} = sampled;
  const plain = await openai.completions.create({...rest, prompt: [...answer.promptTokenIds]});
  expect(plain.choices[0]?.text).toBe(answer.text);
  await expectNoSessions();
});

test('[CC1] [CC2] [CC3] the client in code has the answer of the page, in a tab of its own and in Node.js', async () => {
  const {url} = world.swarm.server;
  const messages = [{role: 'user', content: QUESTION}] as const;
  const options = {temperature: 0.8, topP: 0.9, seed: 7, maxTokens: TOKENS};
  const odd = {topP: 0, seed: -1};
  const expected = onPage[0]?.text;
  const page = await world.swarm.openPage('');
  const inTab = await page.evaluate(
    async ({script, asked}) => {
      // oxlint-disable-next-line typescript/no-unsafe-assignment -- Its types are beside it.
      const {createWeft}: typeof Client = await import(script);
      const weft = createWeft();
      const ask = async (own: typeof asked.options) => {
        let text = '';
        for await (const piece of weft.chat(asked.messages, own)) text += piece;
        return text;
      };
      const texts = [await ask(asked.options), await ask({...asked.options, ...asked.odd})];
      const refused = await ask({...asked.options, topP: 2}).catch(String);
      weft.close();
      return {texts, refused};
    },
    {script: `${url}/client.js`, asked: {messages, options, odd}},
  );
  const overHttp = {...sampled, top_p: odd.topP, seed: odd.seed};
  const {choices} = await openai.chat.completions.create(overHttp);
  expect(inTab).toEqual({
    texts: [expected, choices[0]?.message.content],
    refused: 'WeftError: "topP" must be a number from 0 to 1',
  });
  await page.context().close();
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- Its types are beside it.
  const {createWeft}: typeof Client = await import(CLIENT);
  const weft = createWeft({server: url});
  let text = '';
  for await (const piece of weft.chat(messages, options)) text += piece;
  expect(text).toBe(expected);
  for await (const piece of weft.chat(messages, {maxTokens: LONG_TOKENS})) if (piece !== '') break;
  await expectNoSessions();
});

test('[CC4] [CC5] what goes wrong has the same code in a tab as by way of a server', async () => {
  const asked = {url: world.swarm.server.url, long: 'weft '.repeat(SHAPE.contextTokens)};
  const page = await world.swarm.openPage('');
  const inTab = await page.evaluate(meetFaults, {script: `${asked.url}/client.js`, ...asked});
  await page.context().close();
  expect(inTab).toEqual(FAULTS);
  expect(await meetFaults({script: CLIENT, ...asked})).toEqual(FAULTS);
  await expectNoSessions();
});

test('[SO1] [SO5] [HS23] whatever the model likes to say, an answer follows its schema over three tabs, and ends', async () => {
  const properties = {
    colours: {type: 'array', items: {enum: ['red', 'green']}, minItems: 1, maxItems: 3},
    count: {type: 'integer', minimum: 1, maximum: 40},
    code: {type: 'string', pattern: '^[A-Z]{2}\\d$'},
  };
  const required = Object.keys(properties);
  const schema = {type: 'object', properties, required, additionalProperties: false};
  const response_format = {type: 'json_schema' as const, json_schema: {name: 'answer', schema}};
  const asked = {...chat(80), response_format, temperature: 1, seed: 3};
  const {choices} = await openai.chat.completions.create({...asked, n: 2});
  for (const choice of choices) {
    expect(choice.finish_reason).toBe('stop');
    expect(JSON.parse(choice.message.content ?? '')).toEqual({
      colours: expect.arrayContaining([expect.stringMatching(/^(red|green)$/u)]),
      count: expect.any(Number),
      code: expect.stringMatching(/^[A-Z]{2}\d$/u),
    });
  }
  const [first] = choices;
  let text = '';
  for await (const chunk of await openai.chat.completions.create({...asked, stream: true})) {
    text += chunk.choices[0]?.delta.content ?? '';
  }
  expect(text).toBe(first?.message.content);
  const refused = openai.chat.completions.create({
    ...asked,
    response_format: {type: 'json_schema', json_schema: {name: 'a', schema: {not: {}}}},
  });
  await expect(refused).rejects.toThrow(BadRequestError);
  await expectNoSessions();
});

test('[GW3] [GW5] a client that hangs up frees every hop, and errors are those of its own classes', async () => {
  const stream = await openai.chat.completions.create({...chat(LONG_TOKENS), stream: true});
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content !== '') break; // The client aborts its request.
  }
  await expectNoSessions();
  const abort = new AbortController();
  const asking = openai.chat.completions.create(chat(LONG_TOKENS), {signal: abort.signal});
  const failed = asking.catch((cause: unknown) => cause);
  await expect
    .poll(async () => (await tabs[0]?.lendLoad())?.openSessions, {intervals: [20]})
    .toBe(1);
  abort.abort();
  expect(await failed).toBeInstanceOf(APIUserAbortError);
  await expectNoSessions();
  const refused = openai.chat.completions.create({...chat(8), model: 'nobody-knows'});
  await expect(refused).rejects.toThrow(NotFoundError);
  const content = 'weft '.repeat(SHAPE.contextTokens);
  const tooLong = openai.chat.completions.create({...chat(8), messages: [{role: 'user', content}]});
  await expect(tooLong).rejects.toThrow(BadRequestError);
});

test('[GW5] layers that nobody serves are named, with 503', async () => {
  await tabs[1]?.close();
  const asking = openai.chat.completions.create(chat(8));
  const error: unknown = await asking.catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(InternalServerError);
  expect(error).toMatchObject({status: 503, code: 'not_served'});
  expect(error).toHaveProperty('message', expect.stringMatching(/layers \d+–\d+/u));
});
