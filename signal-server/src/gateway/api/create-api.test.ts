import {expect, test} from 'vitest';
import * as z from 'zod';
import {WeftError} from '#shared/base/errors.ts';
import {openApiDocument} from './openapi-document.ts';
import {
  chatChunkSchema,
  chatCompletionSchema,
  completionChunkSchema,
  completionSchema,
  modelListSchema,
} from './response-schemas.ts';
import {CHAT, chat, errorOf, open} from './testing/open-api.ts';
import {askWords} from './testing/scripted-api.ts';

const TEXT = '/v1/completions';
const text = {model: 'tiny', prompt: 'Hi'};

/** The events of a response, each as its JSON says; the last is the text that ends it. */
async function eventsOf(response: Response): Promise<unknown[]> {
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/u);
  const events = (await response.text()).split('\n\n').filter((event) => event !== '');
  return events.map((event) => {
    expect(event).toMatch(/^data: /u);
    const data = event.slice('data: '.length);
    return data === '[DONE]' ? data : JSON.parse(data);
  });
}

test('[GW1] the models of the site are listed, and one that it has not is 404', async () => {
  const {url, post} = await open();
  const list = modelListSchema.parse(await (await fetch(`${url}/v1/models`)).json());
  expect(list.data.map(({id}) => id)).toEqual(['tiny']);
  expect(await (await fetch(`${url}/v1/models/tiny`)).json()).toEqual(list.data[0]);
  const unknown = {status: 404, code: 'model_not_found', param: 'model'};
  expect(await errorOf(await fetch(`${url}/v1/models/other`))).toMatchObject(unknown);
  expect(await errorOf(await post(CHAT, {...chat, model: 'other'}))).toMatchObject({
    ...unknown,
    message: 'This site has no model "other": it has tiny',
  });
  expect(await errorOf(await fetch(`${url}/v1/files`))).toMatchObject({status: 404});
});

test('[GW2] [GW9] what is asked reaches the swarm: sampling, limits, and a seed by its last 32 bits', async () => {
  const {asked, post} = await open();
  const sampling = {temperature: 0.5, top_p: 0.25, top_k: 7, max_completion_tokens: 2, seed: -1};
  const logprobs = {logprobs: true, top_logprobs: 3};
  const system = {
    role: 'developer',
    content: [
      {type: 'text', text: 'Be '},
      {type: 'text', text: 'brief'},
    ],
  };
  const messages = [system, ...chat.messages];
  const response = await post(CHAT, {...chat, messages, ...sampling, ...logprobs});
  const {choices, usage} = chatCompletionSchema.parse(await response.json());
  expect(asked).toEqual([
    {
      prompt: {
        kind: 'messages',
        messages: [
          {role: 'system', content: 'Be brief'},
          {role: 'user', content: 'Hi'},
        ],
      },
      maxNewTokens: 2,
      temperature: 0.5,
      topK: 7,
      topP: 0.25,
      seed: 0xffff_ffff,
      topLogprobs: 3,
    },
  ]);
  expect(choices[0]?.finish_reason).toBe('length');
  expect(usage).toEqual({prompt_tokens: 3, completion_tokens: 2, total_tokens: 5});
});

test('[GW2] [GW8] a chat comes whole or in events of the same text and log-probabilities', async () => {
  const {post} = await open();
  const request = {...chat, logprobs: true, top_logprobs: 2};
  const whole = chatCompletionSchema.parse(await (await post(CHAT, request)).json());
  expect(whole.choices[0]?.message.content).toBe('Once upon a time');
  const streamed = await post(CHAT, {
    ...request,
    stream: true,
    stream_options: {include_usage: true},
  });
  const events = await eventsOf(streamed);
  expect(events.pop()).toBe('[DONE]');
  const chunks = events.map((event) => chatChunkSchema.parse(event));
  expect(chunks[0]?.choices[0]?.delta).toEqual({role: 'assistant', content: ''});
  const content = chunks.map(({choices: [choice]}) => choice?.delta.content ?? '').join('');
  expect(content).toBe('Once upon a time');
  const entries = chunks.flatMap(({choices: [choice]}) => choice?.logprobs?.content ?? []);
  expect(entries).toEqual(whole.choices[0]?.logprobs?.content);
  expect(entries[1]).toMatchObject({
    token: ' upon',
    logprob: -0.5,
    bytes: [...new TextEncoder().encode(' upon')],
    top_logprobs: [
      {token: 'Once', logprob: -1},
      {token: ' upon', logprob: -2},
    ],
  });
  expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
  expect(chunks.at(-1)).toMatchObject({choices: [], usage: whole.usage});
  expect(new Set(chunks.map(({id}) => id)).size).toBe(1);
});

test('[GW2] [GW7] a plain completion takes texts and token ids, and gives each of them its answers with seeds in a row', async () => {
  const {asked, post} = await open();
  const response = await post(TEXT, {...text, prompt: ['a', 'b'], n: 2, seed: 5, logprobs: 1});
  const {choices, usage} = completionSchema.parse(await response.json());
  expect(choices.map(({index, text: shown}) => [index, shown])).toEqual(
    [0, 1, 2, 3].map((index) => [index, 'Once upon a time']),
  );
  expect(choices[0]?.logprobs).toMatchObject({
    tokens: ['Once', ' upon', ' a', ' time'],
    text_offset: [0, 4, 9, 11],
  });
  expect(asked.map(({prompt, seed}) => [prompt.kind === 'text' ? prompt.text : '', seed])).toEqual([
    ['a', 5],
    ['a', 6],
    ['b', 5],
    ['b', 6],
  ]);
  expect(usage.prompt_tokens).toBe(6);
  expect(usage.completion_tokens).toBe(16);
  const stream = await post(TEXT, {...text, prompt: [[1, 2]], stream: true});
  const chunks = (await eventsOf(stream))
    .slice(0, -1)
    .map((chunk) => completionChunkSchema.parse(chunk));
  expect(chunks.map(({choices: [choice]}) => choice?.text).join('')).toBe('Once upon a time');
  expect(asked.at(-1)?.prompt).toEqual({kind: 'token-ids', tokenIds: [1, 2]});
});

test.each([
  ['modalities', {modalities: ['audio']}],
  ['functions', {functions: [{name: 'f'}]}],
  ['audio', {audio: {voice: 'x'}}],
])('[GW4] what is not supported is refused by its name: %s', async (param, fields) => {
  const {post} = await open();
  const error = await errorOf(await post(CHAT, {...chat, ...fields}));
  const message = `"${param}" is not supported here: leave it out`;
  expect(error).toMatchObject({status: 400, code: 'unsupported_parameter', param, message});
});

test('[GW4] penalties and a bias of single tokens are asked of the tail', async () => {
  const {asked, post} = await open();
  const fields = {presence_penalty: 0.5, frequency_penalty: -1, logit_bias: {5: 1, 70: -100}};
  expect((await post(CHAT, {...chat, ...fields})).status).toBe(200);
  expect(asked.at(-1)).toMatchObject({
    presencePenalty: 0.5,
    frequencyPenalty: -1,
    logitBias: [
      [5, 1],
      [70, -100],
    ],
  });
});

test.each<[string, object, string]>([
  ['presence_penalty', {presence_penalty: 2.5}, 'a number from -2 to 2'],
  ['logit_bias', {logit_bias: {word: 1}}, 'an object of up to 1024 token ids'],
  ['temperature', {temperature: 3}, 'a number from 0 (always the likeliest token) to 2'],
  ['n', {n: 9}, 'a whole number from 1 to 8'],
  ['top_logprobs', {top_logprobs: 3}, 'a whole number from 0 to 20, where "logprobs" is true'],
  [
    'stream_options',
    {stream_options: {}},
    'an object with "include_usage", where "stream" is true',
  ],
  ['messages', {messages: []}, 'a list of up to 2048 messages, each with'],
  ['stop', {stop: ['']}, 'a text of up to 256 characters, or up to 4 of them'],
])('[GW4] a wrong field is refused with what it must be: %s', async (param, fields, mustBe) => {
  const {post} = await open();
  const error = await errorOf(await post(CHAT, {...chat, ...fields}));
  expect(error).toMatchObject({status: 400, code: 'invalid_value'});
  expect(error.param?.split('.')[0]).toBe(param);
  expect(error.message).toContain(`"${param}" must be ${mustBe}`);
});

test('[GW4] what asks for nothing is taken, also when it is null', async () => {
  const {post} = await open();
  const nothing = {
    tools: [],
    response_format: {type: 'text'},
    presence_penalty: 0,
    stop: null,
    seed: null,
    user: 'somebody',
    n: null,
  };
  const first = await post(CHAT, {...chat, ...nothing});
  const {choices} = chatCompletionSchema.parse(await first.json());
  // As a client goes on: with the message that it got.
  const messages = [...chat.messages, choices[0]?.message, ...chat.messages];
  expect((await post(CHAT, {...chat, messages})).status).toBe(200);
});

test('[GW4] a body must be a JSON object, and not too large', async () => {
  const {post} = await open();
  expect(await errorOf(await post(CHAT, '{'))).toMatchObject({status: 400, code: 'invalid_json'});
  expect(await errorOf(await post(CHAT, '7'))).toMatchObject({status: 400});
  const long = {...text, prompt: 'a'.repeat(1024 * 1024)};
  expect(await errorOf(await post(TEXT, long))).toMatchObject({status: 413});
});

test('[GW4] the OpenAPI document is made of the schemas that validate', async () => {
  const {url} = await open();
  const document: unknown = await (await fetch(`${url}/v1/openapi.json`)).json();
  expect(document).toEqual(JSON.parse(JSON.stringify(openApiDocument('/'))));
  const request = z.object({
    paths: z.object({
      [CHAT]: z.object({
        post: z.object({
          requestBody: z.object({
            content: z.object({
              'application/json': z.object({
                schema: z.looseObject({
                  required: z.array(z.string()),
                  additionalProperties: z.literal(false),
                  properties: z.looseObject({
                    temperature: z.looseObject({description: z.string()}),
                  }),
                }),
              }),
            }),
          }),
        }),
      }),
    }),
  });
  const {schema} = request.parse(document).paths[CHAT].post.requestBody.content['application/json'];
  expect(schema.required).toEqual(['messages', 'model']);
});

/** What clients are generated from, besides the schemas. */
const documentSchema = z.object({
  servers: z.array(z.object({url: z.string()})).length(1),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        operationId: z.string(),
        responses: z.record(
          z.string(),
          z.object({headers: z.record(z.string(), z.unknown()).default({})}),
        ),
      }),
    ),
  ),
});

test('[GW4] the OpenAPI document names its server, each operation once, and the headers of errors', () => {
  const {servers, paths} = documentSchema.parse(openApiDocument('https://weft.example/weft'));
  expect(servers).toEqual([{url: 'https://weft.example/weft'}]);
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  expect(operations.map(({operationId}) => operationId)).toEqual([
    'listModels',
    'retrieveModel',
    'createChatCompletion',
    'createCompletion',
  ]);
  for (const {responses} of operations) {
    const named = Object.entries(responses).flatMap(([status, {headers}]) =>
      Object.keys(headers).map((name) => [status, name]),
    );
    expect(named).toEqual([
      ['401', 'WWW-Authenticate'],
      ['405', 'Allow'],
      ['429', 'Retry-After'],
      ['503', 'Retry-After'],
    ]);
  }
});

test('[GW5] an answer that fails before its first token has a status, and one in the middle an event', async () => {
  const full = new WeftError({code: 'SWARM_FULL', retryAfterMs: 60_000}, 'The swarm is full');
  const lost = new WeftError({code: 'LAYERS_LOST'}, 'The answer stopped');
  const failing = await open({
    ask: async function* (request) {
      if (request.maxNewTokens === 1) throw full;
      if (request.maxNewTokens === 3) throw new Error('our own secret');
      yield* askWords({...request, maxNewTokens: 2});
      throw lost;
    },
  });
  const early = await failing.post(CHAT, {...chat, stream: true, max_tokens: 1});
  expect(early.headers.get('retry-after')).toBe('60');
  expect(await errorOf(early)).toMatchObject({status: 429, code: 'swarm_full'});
  const events = await eventsOf(await failing.post(CHAT, {...chat, stream: true}));
  expect(events.at(-1)).toMatchObject({
    error: {code: 'layers_lost', message: 'The answer stopped'},
  });
  expect(await errorOf(await failing.post(CHAT, chat))).toMatchObject({status: 503});
  const own = await errorOf(await failing.post(CHAT, {...chat, max_tokens: 3}));
  expect(own).toMatchObject({status: 500, code: 'internal_error'});
  expect(own.message).not.toContain('secret');
});

test('[GW3] [GW10] a reader that goes ends the answer, and one that does not read holds it up', async () => {
  let made = 0;
  const isEnded = Promise.withResolvers<void>();
  const {url} = await open({
    ask: async function* () {
      try {
        for (;;) {
          made += 1;
          yield {
            kind: 'token',
            tokenId: 1,
            text: 'x'.repeat(2 ** 16),
            logprob: 0,
            topLogprobs: [],
            atMs: 0,
          };
        }
      } finally {
        isEnded.resolve();
      }
    },
  });
  const abort = new AbortController();
  const response = await fetch(url + CHAT, {
    method: 'POST',
    body: JSON.stringify({...chat, stream: true}),
    signal: abort.signal,
  });
  const reader = response.body?.getReader();
  await reader?.read();
  // What the sockets hold; an answer without end would be far beyond it.
  let before = -1;
  await expect
    .poll(() => {
      const isStill = made === before;
      before = made;
      return isStill;
    })
    .toBe(true);
  expect(made).toBeLessThan(1_000);
  abort.abort();
  await isEnded.promise;
});

test('[GW3] a client that hangs up before the first token ends the answer too', async () => {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const {url} = await open({
    // oxlint-disable-next-line require-yield -- It waits for as long as it is asked.
    ask: async function* (_, {signal}) {
      begun.resolve();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      ended.resolve();
    },
  });
  const abort = new AbortController();
  const asking = fetch(url + CHAT, {
    method: 'POST',
    body: JSON.stringify(chat),
    signal: abort.signal,
  });
  await begun.promise;
  abort.abort();
  await expect(asking).rejects.toMatchObject({name: 'AbortError'});
  await ended.promise;
});
