import {afterAll, beforeAll, expect, test} from 'vitest';
import {generateText, Output} from 'ai';
import * as z from 'zod';
import {isWeftError} from '#shared/base/errors.ts';
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
    expect([overHttp, code]).toEqual([overHttp, error?.code.toUpperCase() ?? 'none']);
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

test('[GW2] [SO5] the AI SDK has the answer follow the schema that it is given', async () => {
  const structured = await scriptedApi({ask: sayAnything(1)});
  const schema = z.strictObject({verdict: z.enum(['yes', 'no']), stars: z.int().min(1).max(5)});
  const model = weftProvider(structured.url)('tiny');
  const {output} = await generateText({model, prompt: 'Hi', output: Output.object({schema})});
  expect(schema.parse(output)).toEqual(output);
  await structured.close();
});
