import type OpenAI from 'openai';
import {expect, test} from 'vitest';
import {errorOf, chat, CHAT, open} from './open-api.ts';

type Values = {
  /** With each of them a request is answered. */
  readonly taken: readonly unknown[];
  /** Each of these is refused by the name of the field. */
  readonly refused: readonly unknown[];
};

const only = (...taken: readonly unknown[]) => ({
  but: (...refused: readonly unknown[]): Values => ({taken, refused}),
});

const weather = {type: 'function', function: {name: 'weather'}};
const custom = {type: 'custom', custom: {name: 'weather'}};
const allowing = (tool: object) => ({
  type: 'allowed_tools',
  allowed_tools: {mode: 'auto', tools: [tool]},
});

type ChatParams = OpenAI.Chat.Completions.ChatCompletionCreateParamsNonStreaming;

/** All that the official client may send with a chat: a field that it comes to know is an error of types here. */
const CHAT_FIELDS: Readonly<Record<Exclude<keyof ChatParams, 'messages' | 'model'>, Values>> = {
  audio: only(null).but({voice: 'ash', format: 'mp3'}),
  frequency_penalty: only(null, 0, -2, 2).but(2.1, '1'),
  function_call: only(null, 'none', 'auto').but({name: 'weather'}),
  functions: only(null, []).but([{name: 'weather'}]),
  logit_bias: only(null, {}, {5: 100}).but({word: 1}, {5: 101}),
  logprobs: only(null, true, false).but('yes'),
  max_completion_tokens: only(null, 1).but(0, 1.5),
  max_tokens: only(null, 1).but(0, -1),
  metadata: only(null).but({a: 'b'}),
  modalities: only(null, ['text']).but(['audio'], ['text', 'audio']),
  moderation: only(null).but({model: 'omni-moderation-latest'}),
  n: only(null, 1, 8).but(0, 9, 1.5),
  parallel_tool_calls: only(null, true, false).but('no'),
  prediction: only(null).but({type: 'content', content: 'a'}),
  presence_penalty: only(null, 0, -2, 2).but(-2.1),
  prompt_cache_key: only(null, 'a').but(7),
  prompt_cache_options: only(null).but({mode: 'explicit'}),
  prompt_cache_retention: only(null).but('in_memory', '24h'),
  reasoning_effort: only(null).but('none', 'low', 'high'),
  response_format: only(null, {type: 'text'}).but({type: 'grammar'}, {type: 'json_schema'}, 'json'),
  safety_identifier: only(null, 'ann').but(7),
  seed: only(null, 0, -1, Number.MAX_SAFE_INTEGER).but(1.5, '1'),
  service_tier: only(null, 'auto', 'default').but('flex', 'scale', 'priority', 'fast'),
  stop: only(null, 'a', [], ['a', 'b', 'c', 'd']).but('', ['a', 'b', 'c', 'd', 'e'], 7),
  store: only(null, false).but(true),
  stream: only(null, false, true).but('yes'),
  stream_options: only(null).but({include_usage: true}),
  temperature: only(null, 0, 2).but(-1, 2.1),
  tool_choice: only(null, 'none', 'auto').but(
    'required',
    'some',
    weather,
    custom,
    allowing(weather),
    allowing(custom),
  ),
  tools: only(null, [], [weather]).but([custom], [weather, weather], [{type: 'web_search'}]),
  top_logprobs: only(null).but(3),
  top_p: only(null, 0, 1).but(-0.1, 1.1),
  user: only(null, 'ann').but(7),
  verbosity: only(null).but('low', 'medium'),
  web_search_options: only(null).but({}),
};

type TextParams = OpenAI.Completions.CompletionCreateParamsNonStreaming;
type OfTextsAlone = Exclude<keyof TextParams, 'model' | keyof typeof CHAT_FIELDS>;

/** Of plain completions; the others are those of chats. */
const TEXT_FIELDS: Readonly<Record<OfTextsAlone | 'logprobs', Values>> = {
  best_of: only(null, 1).but(2),
  echo: only(null, false).but(true),
  logprobs: only(null, 0, 5).but(true, 6),
  prompt: only('a', ['a', 'b'], [1, 2], [[1], [2]]).but(null, [], 7, [-1], Array(9).fill('a')),
  suffix: only(null).but('a'),
};

const toolCalls = {
  begin: '<tool_call>\n',
  argumentsKey: 'arguments',
  end: '\n</tool_call>',
  separator: '\n',
};

test.each([
  ...Object.entries(CHAT_FIELDS).map(([name, values]) => ({name, values, path: CHAT, base: chat})),
  ...Object.entries(TEXT_FIELDS).map(([name, values]) => ({
    name,
    values,
    path: '/v1/completions',
    base: {model: 'tiny', prompt: 'Hi'},
  })),
])(
  '[GW4] each field of the official client is followed, or refused by its name: $path $name',
  async ({name, values, path, base}) => {
    const {post, asked} = await open({toolCalls});
    for (const value of values.refused) {
      const error = await errorOf(await post(path, {...base, [name]: value}));
      expect(error).toMatchObject({status: 400, message: expect.stringContaining(`"${name}`)});
      expect(error.param?.split('.')[0]).toBe(name);
    }
    expect(asked).toEqual([]);
    for (const value of values.taken) {
      const response = await post(path, {...base, [name]: value});
      expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
    }
  },
);

const user = (content: unknown, fields: object = {}) => ({role: 'user', content, ...fields});
const answered = (fields: object) => ({role: 'assistant', content: 'Hello', ...fields});
const called = {id: 'call_1', ...weather, function: {name: 'weather', arguments: '{}'}};

test.each<[what: string, messages: readonly object[], param: string]>([
  ['a name', [user('Hi', {name: 'ann'})], 'messages.0.name'],
  ['an image', [user([{type: 'image_url', image_url: {url: 'a'}}])], 'messages.0.content'],
  ['a sound', [user([{type: 'input_audio', input_audio: {}}])], 'messages.0.content'],
  ['a file', [user([{type: 'file', file: {}}])], 'messages.0.content'],
  ['a function', [{role: 'function', name: 'weather', content: 'Fine'}], 'messages.0.role'],
  ['a refusal', [user('Hi'), answered({refusal: 'No'})], 'messages.1.refusal'],
  [
    'a refusal as a part',
    [user('Hi'), answered({content: [{type: 'refusal', refusal: 'No'}]})],
    'messages.1.content',
  ],
  ['a spoken answer', [user('Hi'), answered({audio: {id: 'a'}})], 'messages.1.audio'],
  ['a call of old', [user('Hi'), answered({function_call: {}})], 'messages.1.function_call'],
  [
    'a call of a custom tool',
    [user('Hi'), answered({tool_calls: [{id: 'a', ...custom}]})],
    'messages.1.tool_calls.0.type',
  ],
])('[GW4] what a message may not have is refused by its place: %s', async (_, messages, param) => {
  const {post, asked} = await open({toolCalls});
  const error = await errorOf(await post(CHAT, {model: 'tiny', messages}));
  expect(error).toMatchObject({status: 400, param});
  expect(asked).toEqual([]);
});

test('[GW4] [TL4] a message says its text whole or in parts, and an answer that calls may say nothing', async () => {
  const {post, asked} = await open({toolCalls});
  const parts = ['It is ', 'fine'].map((text) => ({type: 'text', text}));
  const messages = [
    {role: 'developer', content: parts},
    user(parts),
    answered({content: null, refusal: null, audio: null, annotations: [], tool_calls: [called]}),
    {role: 'tool', tool_call_id: 'call_1', content: parts},
    answered({content: parts}),
    user('And now?'),
  ];
  expect((await post(CHAT, {model: 'tiny', messages})).status).toBe(200);
  expect(asked[0]?.prompt).toEqual({
    kind: 'messages',
    messages: [
      {role: 'system', content: 'It is fine'},
      {role: 'user', content: 'It is fine'},
      {role: 'assistant', content: '', toolCalls: [{id: 'call_1', name: 'weather', arguments: {}}]},
      {role: 'tool', content: 'It is fine', toolCallId: 'call_1'},
      {role: 'assistant', content: 'It is fine'},
      {role: 'user', content: 'And now?'},
    ],
  });
});
