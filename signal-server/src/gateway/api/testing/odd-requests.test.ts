import {connect} from 'node:net';
import {text} from 'node:stream/consumers';
import {gzipSync} from 'node:zlib';
import {expect, test} from 'vitest';
import {chatChunkSchema, chatCompletionSchema} from '../response-schemas.ts';
import {CHAT, chat, errorOf, open} from './open-api.ts';
import {VOCABULARY_SIZE} from './scripted-api.ts';

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
/** Deeper than anything may go that is read by recursion. */
const DEEP = 100_000;
/** And no more than a request may have. */
const MANY = 9_000;
const LONG_NAME = 'n'.repeat(DEEP);

test.each<[what: string, body: BodyInit, expected: object]>([
  ['no UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), {message: 'The body of the request is not UTF-8'}],
  ['nothing', '', {code: 'invalid_json'}],
  ['JSON that is cut', JSON.stringify(chat).slice(0, -1), {code: 'invalid_json'}],
  ['lists in each other', nested(DEEP), {code: 'too_many_values'}],
  [
    'a million numbers',
    JSON.stringify({...chat, stop: Array.from({length: 400_000}, () => 1)}),
    {
      message:
        'The request has more than 10000 values in its lists and objects: send fewer messages, parts or tools',
    },
  ],
  [
    'numbers above 2^53 in place of token ids',
    JSON.stringify({...chat, prompt: Array.from({length: 20_000}, () => 1e16)}),
    {code: 'context_length_exceeded', param: 'prompt'},
  ],
  [
    'a hundred thousand fields',
    JSON.stringify(Object.fromEntries(Array.from({length: 100_000}, (_, at) => [at, 1]))),
    {code: 'too_many_values'},
  ],
  [
    'a name that objects inherit',
    '{"logit_bias":{"__proto__":1}}',
    {code: 'unsupported_parameter', param: '__proto__'},
  ],
  [
    'a name that objects inherit, spelled otherwise',
    String.raw`{"response_format":{"\u005f_proto__":1}}`,
    {code: 'unsupported_parameter', param: '__proto__'},
  ],
  [
    'a name of a hundred thousand characters',
    JSON.stringify({...chat, [LONG_NAME]: 1}),
    {message: `"${LONG_NAME.slice(0, 60)}…" is not supported here: leave it out`},
  ],
  ['a field that is deep', `{"metadata":${nested(DEEP)}}`, {status: 400}],
])('[GW4] [GW5] a body is JSON, or refused as what it is: %s', async (_, body, expected) => {
  const {url, asked} = await open();
  const response = await fetch(url + CHAT, {method: 'POST', body});
  expect(await errorOf(response)).toMatchObject({status: 400, ...expected});
  expect(asked).toEqual([]);
});

test('[GW4] [GW5] a body that is compressed is refused, and one that is too large while it comes', async () => {
  const {url, asked} = await open();
  const packed = new Blob([gzipSync(JSON.stringify(chat))]);
  const headers = {'Content-Encoding': 'gzip'};
  expect(
    await errorOf(await fetch(url + CHAT, {method: 'POST', body: packed, headers})),
  ).toMatchObject({status: 415, code: 'unsupported_encoding'});
  const message = `${JSON.stringify(chat.messages[0])},`;
  const messages = `{"model":"tiny","messages":[${message.repeat(100_000).slice(0, -1)}]}`;
  // Without a length at its head.
  const body = new Blob([messages]).stream();
  const request = Object.assign({method: 'POST', body}, {duplex: 'half'});
  const response = await fetch(url + CHAT, request);
  expect(await errorOf(response)).toMatchObject({status: 413, code: 'request_too_large'});
  expect(response.headers.get('connection')).toBe('close');
  expect(asked).toEqual([]);
});

test('[GW4] of a field that comes twice the last one counts, and the type of a body is not looked at', async () => {
  const {url, asked} = await open();
  const body = `\ufeff${JSON.stringify(chat).replace('{', '{"temperature":7,"temperature":0.5,')}`;
  const headers = {'Content-Type': 'application/x-www-form-urlencoded'};
  expect((await fetch(url + CHAT, {method: 'POST', body, headers})).status).toBe(200);
  expect(asked[0]?.temperature).toBe(0.5);
});

const tool = (name: string, parameters: unknown) => ({
  type: 'function',
  function: {name, parameters},
});
const image = {type: 'image_url', image_url: {url: 'data:image/png;base64,AAAA'}};
const user = (content: unknown) => ({role: 'user', content});
const call = (json: string) => ({
  role: 'assistant',
  tool_calls: [{id: 'call_1', type: 'function', function: {name: 'f', arguments: json}}],
});

test.each<[what: string, fields: object, expected: object]>([
  [
    'a seed that no number holds',
    {seed: 2 ** 63},
    {param: 'seed', message: expect.stringContaining('between -2^53 and 2^53')},
  ],
  ['no tokens', {max_tokens: 0}, {param: 'max_tokens'}],
  ['fewer than none', {max_completion_tokens: -1}, {param: 'max_completion_tokens'}],
  ['half a token', {max_tokens: 1.5}, {param: 'max_tokens'}],
  [
    'two limits',
    {max_tokens: 16, max_completion_tokens: 32},
    {
      param: 'max_completion_tokens',
      message: expect.stringContaining(
        'in place of "max_tokens", and the same where both are there',
      ),
    },
  ],
  ['an empty stop', {stop: ''}, {param: 'stop'}],
  ['an empty stop among others', {stop: ['a', '']}, {param: 'stop.1'}],
  ['no answers', {n: 0}, {param: 'n', message: '"n" must be a whole number from 1 to 8'}],
  ['a hundred answers', {n: 100}, {param: 'n'}],
  [
    'more likeliest tokens than there are',
    {logprobs: true, top_logprobs: 21},
    {param: 'top_logprobs'},
  ],
  ['an endless number of tokens', {max_tokens: 1e300}, {param: 'max_tokens'}],
  ['more tokens to choose from than any model has', {top_k: 1e7}, {param: 'top_k'}],
  [
    'a token that the model does not have',
    {logit_bias: {0: 1, [VOCABULARY_SIZE]: -100}},
    {
      code: 'unknown_token',
      param: `logit_bias.${VOCABULARY_SIZE}`,
      message: `"logit_bias" has the token ${VOCABULARY_SIZE}, which the model "tiny" does not know: ids are from 0 to ${VOCABULARY_SIZE - 1}`,
    },
  ],
  ['a token in other digits', {logit_bias: {'07': 1}}, {param: 'logit_bias.07'}],
  ['five stops', {stop: ['a', 'b', 'c', 'd', 'e']}, {param: 'stop'}],
  ['a long stop', {stop: 'a'.repeat(5_000)}, {param: 'stop'}],
  ['likeliest tokens without any', {top_logprobs: 0}, {param: 'top_logprobs'}],
  [
    'more messages than any context holds',
    {messages: Array.from({length: 2_049}, () => user('a'))},
    {param: 'messages', message: expect.stringContaining('up to 2048 messages')},
  ],
  ['an unknown role', {messages: [{role: 'ghost', content: 'a'}]}, {param: 'messages.0.role'}],
  ['no content', {messages: [user(null)]}, {param: 'messages.0.content'}],
  [
    'an image',
    {messages: [...chat.messages, user([{type: 'text', text: 'Look'}, image])]},
    {
      code: 'unsupported_content',
      param: 'messages.1.content',
      message: '"messages.1.content" has a part of type "image_url": models here read text only',
    },
  ],
  [
    'what came of a call that nobody made',
    {messages: [{role: 'tool', tool_call_id: 'call_1', content: 'a'}]},
    {param: 'messages', message: expect.stringContaining('a tool names as "tool_call_id" a call')},
  ],
  [
    'what came of a call before it is made',
    {messages: [{role: 'tool', tool_call_id: 'call_1', content: 'a'}, call('{}')]},
    {param: 'messages'},
  ],
  [
    'deep arguments of a call',
    {messages: [...chat.messages, call(`{"a":${nested(DEEP)}}`)]},
    {param: 'messages.1.tool_calls.0.function.arguments'},
  ],
])(
  '[GW4] [GW18] what cannot be answered is refused by its place: %s',
  async (_, fields, expected) => {
    const {post, asked} = await open();
    const error = await errorOf(await post(CHAT, {...chat, ...fields}));
    expect(error).toMatchObject({status: 400, ...expected});
    expect(asked).toEqual([]);
  },
);

test('[TL1] tools whose parameters are too large together are refused', async () => {
  const {post} = await open();
  const values = Array.from({length: 120}, (_, at) => `${at}`.padEnd(200, 'x'));
  const parameters = {type: 'object', properties: {a: {enum: values}}};
  const tools = Array.from({length: 12}, (_, at) => ({
    type: 'function',
    function: {name: `tool_${at}`, parameters},
  }));
  const refused = await errorOf(await post(CHAT, {...chat, tools}));
  expect(refused).toMatchObject({status: 400, code: 'schema_too_large', param: 'tools'});
});

test('[TL1] the schema of a tool that is not the named one is looked at too', async () => {
  const {post, asked} = await open();
  const tools = [tool('f', {type: 'object'}), tool('g', null)];
  const tool_choice = {type: 'function', function: {name: 'f'}};
  const body = JSON.stringify({...chat, tools, tool_choice}).replace(
    '"parameters":null',
    `"parameters":{"type":"object","default":${nested(MANY)}}`,
  );
  expect(await errorOf(await post(CHAT, body))).toMatchObject({
    status: 400,
    code: 'schema_too_large',
    param: 'tools',
  });
  expect(asked).toEqual([]);
});

test.each<[what: string, fields: object]>([
  ['more tokens than there can be', {max_tokens: Number.MAX_SAFE_INTEGER}],
  ['the last token of the model', {logit_bias: {[VOCABULARY_SIZE - 1]: 1}}],
  ['no stops', {stop: []}],
  [
    'an assistant that is to go on',
    {messages: [...chat.messages, {role: 'assistant', content: 'Once'}]},
  ],
  ['an empty text', {messages: [user('')]}],
])('[GW4] [GW18] what is odd and can be answered is answered: %s', async (_, fields) => {
  const {post} = await open();
  expect((await post(CHAT, {...chat, ...fields})).status).toBe(200);
});

test('[GW8] log-probabilities without a number of others have none of them', async () => {
  const {post} = await open();
  const response = await post(CHAT, {...chat, logprobs: true});
  const {choices} = chatCompletionSchema.parse(await response.json());
  const content = choices[0]?.logprobs?.content ?? [];
  expect(content.map(({top_logprobs: others}) => others)).toEqual([[], [], [], []]);
});

test('[GW7] [GW9] several answers stream side by side, each whole, and are over together', async () => {
  const {post} = await open();
  const stream_options = {include_usage: true};
  const response = await post(CHAT, {...chat, n: 3, temperature: 0, stream: true, stream_options});
  const events = (await response.text()).trimEnd().split('\n\n');
  expect(events.pop()).toBe('data: [DONE]');
  const chunks = events.map((event) =>
    chatChunkSchema.parse(JSON.parse(event.slice('data: '.length))),
  );
  const texts = ['', '', ''];
  for (const {choices} of chunks) {
    for (const {index, delta} of choices) texts[index] += delta.content ?? '';
  }
  expect(texts).toEqual(Array.from({length: 3}, () => 'Once upon a time'));
  expect(chunks.at(-1)?.usage).toMatchObject({prompt_tokens: 3, completion_tokens: 12});
});

test('[GW5] a path says for which methods it is, and one that is not served where to look', async () => {
  const {url} = await open();
  for (const [method, path, allow] of [
    ['GET', CHAT, 'POST'],
    ['DELETE', '/v1/models/tiny', 'GET'],
    ['POST', '/v1/models', 'GET'],
  ] as const) {
    const response = await fetch(url + path, {method});
    expect(response.headers.get('allow')).toBe(allow);
    expect(await errorOf(response)).toMatchObject({status: 405, code: 'method_not_allowed'});
  }
  expect((await fetch(`${url}/v1/models`, {method: 'HEAD'})).status).toBe(200);
  const slash = await errorOf(await fetch(`${url}${CHAT}/`, {method: 'POST', body: '{}'}));
  expect(slash).toMatchObject({
    status: 404,
    message: expect.stringContaining('use /v1/chat/completions'),
  });
  const other = await errorOf(await fetch(`${url}/v1/anything`));
  expect(other).toMatchObject({status: 404, message: expect.stringContaining('openapi.json')});
});

const SCHEMA_NAME = LONG_NAME.slice(0, 20_000);
const withSchema = (schema: object) => ({
  response_format: {type: 'json_schema', json_schema: {name: 'a', schema}},
});

test.each<[what: string, fields: object]>([
  ['a model', {model: LONG_NAME}],
  ['a part of a field', {stream: true, stream_options: {[LONG_NAME]: 1}}],
  ['a token', {logit_bias: {[LONG_NAME]: 1}}],
  ['a type', {messages: [user([{type: LONG_NAME}])]}],
  ['a keyword', withSchema({[SCHEMA_NAME]: 1})],
  ['a keyword beside others', withSchema({anyOf: [{}], [SCHEMA_NAME]: 1})],
  ['a definition', withSchema({$ref: `#/$defs/${SCHEMA_NAME}`})],
  ['a required name', withSchema({type: 'object', properties: {}, required: [SCHEMA_NAME]})],
  ['a place in a schema', withSchema({type: 'object', properties: {[SCHEMA_NAME]: {not: {}}}})],
])('[GW5] an error shows no more than the beginning of what came: %s', async (_, fields) => {
  const {post} = await open();
  const {message, param} = await errorOf(await post(CHAT, {...chat, ...fields}));
  expect(`${message} ${param ?? ''}`).toContain('…');
  expect(message.length + (param?.length ?? 0)).toBeLessThan(400);
});

test('[GW5] of a long path an error shows the beginning', async () => {
  const {url} = await open();
  const path = `/v1/${LONG_NAME.slice(0, 4_000)}`;
  expect((await errorOf(await fetch(url + path))).message.length).toBeLessThan(200);
  const method = await fetch(`${url}/v1/models/${path}`, {method: 'POST'});
  expect((await errorOf(method)).message.length).toBeLessThan(200);
});

test('[GW2] requests that come one behind the other on a connection are answered in their order', async () => {
  const {url, asked} = await open();
  const {hostname, port} = new URL(url);
  const socket = connect(Number(port), hostname);
  const request = (maxTokens: number, connection: string) => {
    const body = JSON.stringify({...chat, max_tokens: maxTokens});
    return `POST ${CHAT} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: ${connection}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
  socket.write(request(1, 'keep-alive') + request(2, 'keep-alive') + request(3, 'close'));
  const answered = await text(socket);
  const contents = [...answered.matchAll(/"content":"([^"]*)"/gu)].map(([, content]) => content);
  expect(contents).toEqual(['Once', 'Once upon', 'Once upon a']);
  expect(asked).toHaveLength(3);
});
