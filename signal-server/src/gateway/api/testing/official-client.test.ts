import OpenAI from 'openai';
import {zodFunction, zodResponseFormat} from 'openai/helpers/zod';
import {expect, test} from 'vitest';
import * as z from 'zod';
import type {AskRequest} from '#shared/client/chat/chat-service.ts';
import {open} from './open-api.ts';
import {beginCall, sayAnything} from './say-anything.ts';
import {askWords} from './scripted-api.ts';

const chat = {model: 'tiny', messages: [{role: 'user' as const, content: 'Hi'}]};

async function openClient(options: Parameters<typeof open>[0] = {}) {
  const api = await open(options);
  return {...api, client: new OpenAI({baseURL: `${api.url}/v1`, apiKey: 'none', maxRetries: 0})};
}

/** The roles of the messages that a model is asked with. */
const rolesOf = ({prompt}: AskRequest): readonly string[] =>
  prompt.kind === 'messages' ? prompt.messages.map(({role}) => role) : [];

/** What zod writes of it: bounds of every safe integer, "anyOf", formats with patterns beside them. */
const visit = z.object({
  guests: z.int(),
  nights: z.int().positive().max(1_000),
  discount: z.number().min(0).lt(1),
  room: z.enum(['small', 'large']),
  arrival: z.iso.date(),
  asked: z.iso.datetime(),
  local: z.iso.datetime({offset: true}),
  id: z.uuid(),
  mail: z.email(),
  from: z.ipv4(),
  wishes: z.array(z.string().max(8)).max(2),
  nick: z.string().max(8).nullable(),
  pay: z.union([
    z.object({by: z.literal('card'), last: z.int().min(1_000).max(9_999)}),
    z.object({by: z.literal('cash')}),
  ]),
});

test('[SO1] [SO7] the official client parses an answer by the schema that zod makes of a type', async () => {
  const {client} = await openClient({ask: sayAnything(3)});
  const response_format = zodResponseFormat(visit, 'visit');
  const {choices} = await client.chat.completions.parse({...chat, n: 3, response_format});
  const parsed = choices.map(({message}) => message.parsed);
  expect(parsed).toHaveLength(3);
  for (const each of parsed) expect(visit.safeParse(each).error).toBeUndefined();
});

type Branch = {readonly name: string; readonly branches: readonly Branch[]};
const branch: z.ZodType<Branch> = z.object({
  name: z.enum(['oak', 'elm']),
  get branches() {
    return z.array(branch).max(2);
  },
});
const tree = z.object({
  root: branch,
  fruit: z.discriminatedUnion('kind', [
    z.object({kind: z.literal('apple'), weightGrams: z.int().min(50).max(400)}),
    z.object({kind: z.literal('cherry'), pairs: z.array(z.enum(['red', 'black'])).length(2)}),
  ]),
  notes: z.union([z.boolean(), z.null(), z.array(z.int().min(0).max(9)).max(3)]),
});

test('[SO1] it parses lists, unions, and a type that has itself in it', async () => {
  const {client} = await openClient({ask: sayAnything(8)});
  const response_format = zodResponseFormat(tree, 'tree');
  const {choices} = await client.chat.completions.parse({...chat, n: 4, response_format});
  const complete = choices.filter(({finish_reason: reason}) => reason === 'stop');
  expect(complete.length).toBeGreaterThan(0);
  for (const {message} of complete) expect(tree.safeParse(message.parsed).error).toBeUndefined();
});

test('[GW2] its streaming helper has the whole answer at the end', async () => {
  const {client} = await openClient();
  const pieces: string[] = [];
  const stream = client.chat.completions.stream(chat).on('content', (piece) => pieces.push(piece));
  expect(await stream.finalContent()).toBe('Once upon a time');
  expect(pieces.join('')).toBe('Once upon a time');
  const {choices} = await stream.finalChatCompletion();
  expect(choices[0]).toMatchObject({finish_reason: 'stop', message: {role: 'assistant'}});
});

const toolCalls = {
  begin: '<tool_call>\n',
  argumentsKey: 'arguments',
  end: '\n</tool_call>',
  separator: '\n',
};
const parameters = z.object({days: z.int().min(1).max(365), at: z.enum(['sea', 'lake'])});

test('[TL1] [TL2] its helper for tools reads the arguments of a call by the type of the tool', async () => {
  const {client} = await openClient({ask: sayAnything(5), toolCalls});
  const {choices} = await client.chat.completions.parse({
    ...chat,
    tools: [zodFunction({name: 'forecast', parameters})],
    tool_choice: {type: 'function', function: {name: 'forecast'}},
    parallel_tool_calls: false,
  });
  const [call] = choices[0]?.message.tool_calls ?? [];
  expect(call).toMatchObject({type: 'function', function: {name: 'forecast'}});
  expect(
    parameters.safeParse(call?.type === 'function' ? call.function.parsed_arguments : null).success,
  ).toBe(true);
});

test.each(['whole', 'streamed'] as const)(
  '[TL1] [TL4] its loop of tools runs what is called, shows what came of it, and ends with a text, %s',
  async (form) => {
    const calls = beginCall('<tool_call>\n{"name": "');
    const {client, asked} = await openClient({
      ask: (request, options) =>
        rolesOf(request).includes('tool') ? askWords(request) : calls(request, options),
      toolCalls,
    });
    const ran: unknown[] = [];
    const forecast = zodFunction({
      name: 'forecast',
      parameters,
      function: (values) => {
        ran.push(values);
        return 'Fine';
      },
    });
    const body = {...chat, tools: [forecast], parallel_tool_calls: false};
    const runner =
      form === 'streamed'
        ? client.chat.completions.runTools({...body, stream: true})
        : client.chat.completions.runTools(body);
    expect(await runner.finalContent()).toBe('Once upon a time');
    expect(ran.map((values) => parameters.safeParse(values).success)).toEqual([true]);
    expect(asked.map(rolesOf)).toEqual([['user'], ['user', 'assistant', 'tool']]);
  },
);

test('[GW4] an answer that the client has parsed is taken back as it is', async () => {
  const {client, asked} = await openClient({ask: sayAnything(5)});
  const response_format = zodResponseFormat(z.object({at: z.enum(['sea', 'lake'])}), 'place');
  const {choices} = await client.chat.completions.parse({...chat, response_format});
  const [answer] = choices.map(({message}) => message);
  expect(answer?.parsed).toHaveProperty('at');
  const messages = [...chat.messages, ...(answer === undefined ? [] : [answer]), ...chat.messages];
  await client.chat.completions.parse({...chat, messages, response_format});
  expect(asked.map(rolesOf)).toEqual([['user'], ['user', 'assistant', 'user']]);
});

test('[GW4] what says something of the caller only is taken', async () => {
  const {client} = await openClient();
  const {choices} = await client.chat.completions.create({
    ...chat,
    response_format: {type: 'text'},
    user: 'ann',
    safety_identifier: 'ann',
    prompt_cache_key: 'greeting',
    store: false,
    service_tier: 'auto',
  });
  expect(choices[0]?.finish_reason).toBe('stop');
});

test.each<[what: string, ask: (client: OpenAI) => Promise<unknown>, status: number, hint: string]>([
  [
    'responses',
    async (client) => client.responses.create({model: 'tiny', input: 'Hi'}),
    404,
    'use /v1/chat/completions',
  ],
  [
    'embeddings',
    async (client) => client.embeddings.create({model: 'tiny', input: 'Hi'}),
    404,
    'make no embeddings',
  ],
  ['moderations', async (client) => client.moderations.create({input: 'Hi'}), 404, 'judge none'],
  ['images', async (client) => client.images.generate({prompt: 'Hi'}), 404, 'make no images'],
  ['files', async (client) => client.files.list(), 404, 'keeps no files'],
  ['kept answers', async (client) => client.chat.completions.list(), 405, 'use POST'],
  ['one of them', async (client) => client.chat.completions.retrieve('a'), 404, 'keeps no answers'],
  ['models that are deleted', async (client) => client.models.delete('tiny'), 405, 'use GET'],
])(
  '[GW5] what else OpenAI offers is refused with what to use: %s',
  async (_, ask, status, hint) => {
    const {client} = await openClient();
    await expect(ask(client)).rejects.toMatchObject({
      status,
      message: expect.stringContaining(hint),
    });
  },
);
