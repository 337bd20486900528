import OpenAI from 'openai';
import {zodFunction, zodResponseFormat} from 'openai/helpers/zod';
import {expect, test} from 'vitest';
import * as z from 'zod';
import {open} from './open-api.ts';
import {sayAnything} from './say-anything.ts';

const chat = {model: 'tiny', messages: [{role: 'user' as const, content: 'Hi'}]};

async function openClient(options: Parameters<typeof open>[0] = {}) {
  const api = await open(options);
  return {...api, client: new OpenAI({baseURL: `${api.url}/v1`, apiKey: 'none', maxRetries: 0})};
}

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

test('[GW2] its streaming helper has the whole answer at the end', async () => {
  const {client} = await openClient();
  const pieces: string[] = [];
  const stream = client.chat.completions.stream(chat).on('content', (piece) => pieces.push(piece));
  const {choices} = await stream.finalChatCompletion();
  expect(choices[0]?.message.content).toBe('Once upon a time');
  expect(pieces.join('')).toBe('Once upon a time');
});

test('[TL1] [TL2] its helper for tools reads the arguments of a call by the type of the tool', async () => {
  const toolCalls = {
    begin: '<tool_call>\n',
    argumentsKey: 'arguments',
    end: '\n</tool_call>',
    separator: '\n',
  };
  const {client} = await openClient({ask: sayAnything(5), toolCalls});
  const parameters = z.object({days: z.int().min(1).max(365), at: z.enum(['sea', 'lake'])});
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

test.each<[field: string, fields: object]>([
  ['metadata', {metadata: {a: 'b'}}],
  ['store', {store: true}],
  ['reasoning_effort', {reasoning_effort: 'low'}],
  ['verbosity', {verbosity: 'low'}],
  ['prediction', {prediction: {type: 'content', content: 'a'}}],
  ['web_search_options', {web_search_options: {}}],
  ['audio', {audio: {voice: 'a', format: 'mp3'}}],
  ['modalities', {modalities: ['text', 'audio']}],
])('[GW4] a field that nothing here serves is refused by its name: %s', async (param, fields) => {
  const {client, asked} = await openClient();
  const answer = client.chat.completions.create({...chat, ...fields});
  await expect(answer).rejects.toMatchObject({status: 400, code: 'unsupported_parameter', param});
  expect(asked).toEqual([]);
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
