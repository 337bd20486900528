import {createServer, type RequestListener} from 'node:http';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {generateText, Output} from 'ai';
import * as z from 'zod';
import {codeOfApi} from '#shared/client/chat/api-code.ts';
import {isWeftError} from '#shared/base/errors.ts';
import type {ChatService} from '#shared/client/chat/chat-service.ts';
import {listenOnLoopback} from '#shared/testing/loopback-port.ts';
import {sayAnything} from '../../../signal-server/src/gateway/api/testing/say-anything.ts';
import {
  scriptedApi,
  type ScriptedApi,
} from '../../../signal-server/src/gateway/api/testing/scripted-api.ts';
import {ask, weftProvider} from '../../../web/examples/ai-sdk.ts';
import {createWeft} from '../../../web/client/client.ts';
import {readQuestion} from '../../../web/client/read-question.ts';

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

test.each(['weft.example', 'localhost:8080', '/weft/', 'wss://weft.example', ''])(
  '[CC3] a server without its scheme is an error at once: %s',
  (server) => {
    expect(() => createWeft({server})).toThrow(
      expect.objectContaining({
        detail: {code: 'SERVER_INVALID'},
        message: `"server" must be an address that begins with https:// or http://, such as "https://weft.example": it is "${server}"`,
      }),
    );
  },
);

test('[CC3] a server has a path, and no more slashes than it needs', async () => {
  for (const server of [api.url, `${api.url}/`, `${api.url}//`, `${api.url}/?a=b#c`]) {
    const reading = createWeft({server}).chat(messages)[Symbol.asyncIterator]();
    expect(await reading.next()).toEqual({done: false, value: 'Once'});
    await reading.return?.();
  }
});

/** Of each option, what somebody may write; the second name is that of the API. */
const ODD_OPTIONS = {
  maxTokens: ['max_tokens', [1, 0, -1, 1.5, '5', 2 ** 53, true]],
  temperature: ['temperature', [0, 2, 2.5, -0.1, '1', null]],
  topP: ['top_p', [0, 1, 0.5, 1.5, -1, [], null]],
  seed: ['seed', [-1, 0, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 0.5, '7', null]],
  top_p: ['topP', [1]],
} as const;
const ODD_MESSAGES: readonly unknown[] = [
  [],
  'Hi',
  [{role: 'ghost', content: 'Hi'}],
  [{role: 'user'}],
  [{role: 'user', content: 7}],
  [{role: 'user', content: 'Hi', tool_calls: 7}],
  [{role: 'system', content: ''}],
  Array.from({length: 2_049}, () => messages[0]),
];

/** The code of an error, or none. */
const codeOf = (read: () => unknown): string => {
  try {
    read();
    return 'none';
  } catch (cause) {
    return isWeftError(cause) ? cause.detail.code : String(cause);
  }
};

test('[CC3] what the API refuses is refused in a tab, with the same code and the name of the option', async () => {
  const asOption = Object.entries(ODD_OPTIONS).flatMap(([name, [apiName, values]]) =>
    values.map((value) => ({
      inTab: [messages, {[name]: value}],
      overHttp: {messages, [apiName]: value},
      name,
    })),
  );
  const asMessages = ODD_MESSAGES.map((odd) => ({
    inTab: [odd, {}],
    overHttp: {messages: odd},
    name: 'messages',
  }));
  const codes: string[] = [];
  for (const {inTab, overHttp, name} of [...asOption, ...asMessages]) {
    const response = await api.post('/v1/chat/completions', {model: 'tiny', ...overHttp});
    const {error} = z
      .object({error: z.object({code: z.string()}).optional()})
      .parse(await response.json());
    const code = codeOf(() => Reflect.apply(readQuestion, null, inTab));
    expect([overHttp, code]).toEqual([
      overHttp,
      error === undefined ? 'none' : codeOfApi(error.code),
    ]);
    if (code !== 'none') {
      expect(() => Reflect.apply(readQuestion, null, inTab)).toThrow(`"${name}`);
    }
    codes.push(code);
  }
  expect(new Set(codes)).toEqual(new Set(['none', 'INVALID_VALUE', 'UNSUPPORTED_PARAMETER']));
});

test('[CC2] errors have the code of the server, and a sentence for people', async () => {
  const [unknown, nobody] = [
    createWeft({server: api.url, model: 'other'}),
    createWeft({server: 'http://127.0.0.1:9/'}),
  ].map((weft) => weft.chat(messages)[Symbol.asyncIterator]());
  await expect(unknown?.next()).rejects.toMatchObject({
    detail: {code: 'MODEL_UNKNOWN'},
    message: 'This site has no model "other": it has tiny',
  });
  await expect(nobody?.next()).rejects.toMatchObject({detail: {code: 'SERVER_UNREACHABLE'}});
  const abort = AbortSignal.abort(new Error('not now'));
  const aborted = createWeft({server: api.url}).chat(messages, {signal: abort});
  await expect(aborted[Symbol.asyncIterator]().next()).rejects.toThrow('not now');
});

test.each<[what: string, respond: RequestListener]>([
  [
    'a page for every path',
    (_, response) => response.setHeader('Content-Type', 'text/html').end('<p>'),
  ],
  ['nothing', (_, response) => response.writeHead(404).end('Not found')],
  ['other JSON', (_, response) => response.setHeader('Content-Type', 'application/json').end('[]')],
])('[CC4] another server than one of Weft is named: it has %s', async (_, respond) => {
  const other = createServer(respond);
  const server = `http://127.0.0.1:${await listenOnLoopback(other)}`;
  for (const model of ['', 'tiny']) {
    await expect(firstOf(createWeft({server, model}).chat(messages))).rejects.toMatchObject({
      detail: {code: 'NO_WEFT_SERVER'},
      message: `What answers at ${server}/ is no signal server of Weft: look at "server"`,
    });
  }
  other.close();
});

test('[CC4] a prompt that no server reads is too long, as in a tab', async () => {
  const content = 'é'.repeat(600_000);
  const answer = createWeft({server: api.url, model: 'tiny'}).chat([{role: 'user', content}]);
  await expect(firstOf(answer)).rejects.toMatchObject({
    detail: {code: 'PROMPT_TOO_LONG'},
    message: expect.stringMatching(
      /^The prompt is too long: 12\d{5} bytes, of which at most 1048576/u,
    ),
  });
});

test('[CC4] a server that goes away in the middle of an answer is unreachable', async () => {
  const going = await scriptedApi({ask: askForEver});
  const pieces = createWeft({server: going.url}).chat(messages)[Symbol.asyncIterator]();
  await pieces.next();
  await going.close();
  await expect(restOf(pieces)).rejects.toMatchObject({
    detail: {code: 'SERVER_UNREACHABLE'},
    message: expect.stringContaining('breaks off before its answer is over'),
  });
});

test('[CC5] closing a client ends its answers with a code of their own, and the next question opens it again', async () => {
  const going = await scriptedApi({ask: askForEver});
  const weft = createWeft({server: going.url});
  const pieces = weft.chat(messages)[Symbol.asyncIterator]();
  expect(await pieces.next()).toMatchObject({value: 'on'});
  weft.close();
  await expect(restOf(pieces)).rejects.toMatchObject({detail: {code: 'CLOSED'}});
  await expect.poll(() => going.counts().running).toBe(0);
  const again = weft.chat(messages)[Symbol.asyncIterator]();
  expect(await again.next()).toMatchObject({value: 'on'});
  await again.return?.();
  await going.close();
});

test('[CC5] closing a client ends an answer of which nothing was read yet, before anybody is asked', async () => {
  const count = api.asked.length;
  const weft = createWeft({server: api.url});
  const answer = weft.chat(messages);
  weft.close();
  await expect(firstOf(answer)).rejects.toMatchObject({detail: {code: 'CLOSED'}});
  expect(api.asked).toHaveLength(count);
});

test.each<[what: string, args: readonly unknown[], code: string, message: string]>([
  ['null', [null], 'INVALID_VALUE', '"options" must be an object, or left out'],
  ['a text', ['https://weft.example'], 'INVALID_VALUE', '"options" must be an object, or left out'],
  ['a list', [[]], 'INVALID_VALUE', '"options" must be an object, or left out'],
  ['a function', [() => ({})], 'INVALID_VALUE', '"options" must be an object, or left out'],
  ['a number', [{server: 7}], 'SERVER_INVALID', 'it is "number"'],
  ['no server', [{server: null}], 'SERVER_INVALID', 'it is "null"'],
  ['an object', [{server: {}}], 'SERVER_INVALID', 'it is "object"'],
  ['a user', [{server: 'https://u:p@weft.example'}], 'SERVER_INVALID', 'without a user'],
  ['no text', [{server: 'https://weft.example', model: 7}], 'INVALID_VALUE', '"model" must be'],
  [
    'a wrong name',
    [{url: 'https://weft.example'}],
    'UNSUPPORTED_PARAMETER',
    '"url" is not supported',
  ],
  // This module came from a folder.
  ['nothing', [], 'SERVER_INVALID', 'it is "file:///'],
])('[CC3] what a client is made with is looked at: %s', (_, args, code, message) => {
  expect(() => Reflect.apply(createWeft, null, args)).toThrow(
    expect.objectContaining({detail: {code}, message: expect.stringContaining(message)}),
  );
});

test.each<[what: string, args: readonly unknown[], code: string, name: string]>([
  ['null', [messages, null], 'INVALID_VALUE', '"options"'],
  ['a number', [messages, 7], 'INVALID_VALUE', '"options"'],
  ['a function', [messages, () => ({})], 'INVALID_VALUE', '"options"'],
  ['no signal', [messages, {signal: {aborted: false}}], 'INVALID_VALUE', '"signal"'],
  ['no messages', [], 'INVALID_VALUE', '"messages"'],
  ['messages in an object', [{}], 'INVALID_VALUE', '"messages"'],
])('[CC3] what is asked is looked at before anybody is asked: %s', async (_, args, code, name) => {
  const count = api.asked.length;
  const weft = createWeft({server: api.url});
  const answer: AsyncIterable<string> = Reflect.apply(Reflect.get(weft, 'chat'), weft, args);
  await expect(firstOf(answer)).rejects.toMatchObject({
    detail: {code},
    message: expect.stringContaining(`${name} must be`),
  });
  expect(api.asked).toHaveLength(count);
});

const firstOf = async (answer: AsyncIterable<string>) => answer[Symbol.asyncIterator]().next();

async function restOf(pieces: AsyncIterator<string>): Promise<void> {
  for (let isOver = false; !isOver;) isOver = (await pieces.next()).done === true;
}

/** Until somebody ends it. */
async function* askForEver(
  ...[, {signal}]: Parameters<ChatService['ask']>
): ReturnType<ChatService['ask']> {
  yield {kind: 'prompt', tokenIds: [7]};
  yield {kind: 'token', tokenId: 1, text: 'on', logprob: -1, topLogprobs: [], atMs: 0};
  await new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(Error('It is over')), {once: true});
  });
}

test('[GW2] the AI SDK asks a swarm as the example shows', async () => {
  let text = '';
  for await (const piece of ask(api.url, 'tiny', 'Hi')) text += piece;
  expect(text).toBe('Once upon a time');
  expect(api.asked.at(-1)).toMatchObject({maxNewTokens: 256});
});

test('[GW2] [SO5] the AI SDK has the answer follow the schema that it is given', async () => {
  const structured = await scriptedApi({ask: sayAnything(1)});
  const schema = z.strictObject({verdict: z.enum(['yes', 'no']), stars: z.int().min(1).max(5)});
  const model = weftProvider(structured.url)('tiny');
  const {output} = await generateText({model, prompt: 'Hi', output: Output.object({schema})});
  expect(schema.parse(output)).toEqual(output);
  await structured.close();
});
