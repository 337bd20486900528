import {expect, test} from 'vitest';
import type {ToolCallFormat} from '#shared/model/text/tools/tool-call-format.ts';
import {HOSTILE_SCHEMAS, SCHEMAS} from '../../grammar/testing/schemas.ts';
import {chatChunkSchema, chatCompletionSchema} from '../response-schemas.ts';
import {CHAT, chat, errorOf, open} from './open-api.ts';
import {beginCall, sayAnything} from './say-anything.ts';
import {askWords} from './scripted-api.ts';

const formatOf = (schema: object) => ({
  type: 'json_schema',
  json_schema: {name: 'answer', schema, strict: true},
});

test('[SO1] [SO5] an answer follows the schema of its request, whole and streamed, and each of several', async () => {
  const {post} = await open({ask: sayAnything(1)});
  const body = {...chat, response_format: formatOf(SCHEMAS['colours'] ?? {}), n: 3};
  const whole = chatCompletionSchema.parse(await (await post(CHAT, body)).json());
  expect(whole.choices).toHaveLength(3);
  for (const {message, finish_reason} of whole.choices) {
    expect(finish_reason).toBe('stop');
    const {colours} = JSON.parse(message.content ?? '');
    expect(['red', 'green', 'blue']).toEqual(expect.arrayContaining(colours));
  }
  const streamed = await (await post(CHAT, {...body, n: 1, stream: true})).text();
  const text = streamed
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => chatChunkSchema.parse(JSON.parse(event.slice('data: '.length))))
    .map(({choices: [choice]}) => choice?.delta.content ?? '')
    .join('');
  expect(JSON.parse(text)).toHaveProperty('colours');
});

test('[SO5] with json_object an answer is an object', async () => {
  const {post} = await open({ask: sayAnything(4)});
  const body = {...chat, response_format: {type: 'json_object'}};
  const {choices} = chatCompletionSchema.parse(await (await post(CHAT, body)).json());
  expect(choices[0]?.finish_reason).toBe('stop');
  expect(JSON.parse(choices[0]?.message.content ?? '')).toBeTypeOf('object');
});

test('[SO4] requests that wait for a thread that follows their schema hold up no others, and one too many hears when to come again', async () => {
  const going = Promise.withResolvers<void>();
  const say = sayAnything(1);
  const api = await open({
    capacity: 3,
    mostThreads: 1,
    ask: async function* (request, options) {
      if (request.guide !== undefined) await going.promise;
      yield* request.guide === undefined ? askWords(request) : say(request, options);
    },
  });
  const {post, asked, counts} = api;
  const body = {...chat, response_format: formatOf({type: 'boolean'})};
  const refused: Response[] = [];
  const following = Array.from({length: 10}, async () => {
    const response = await post(CHAT, body);
    if (response.status !== 200) refused.push(response);
    return response.status;
  });
  // One has the thread, and six wait for it.
  await expect.poll(() => refused.length).toBe(3);
  await expect.poll(() => asked.length).toBe(1);
  expect(counts()).toEqual({running: 1, waiting: 0});
  expect((await post(CHAT, {...chat, n: 2})).status).toBe(200);
  for (const response of refused) {
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await errorOf(response)).toMatchObject({
      status: 429,
      message: expect.stringContaining('a thread that follows their schema'),
    });
  }
  going.resolve();
  const statuses = await Promise.all(following);
  expect(statuses.filter((status) => status === 200)).toHaveLength(7);
});

test('[SO2] [SO3] a schema that is not followed is refused by its place before anybody is asked', async () => {
  const {post, asked} = await open();
  const refused = async (schema: object) =>
    await errorOf(await post(CHAT, {...chat, response_format: formatOf(schema)}));
  expect(await refused({type: 'object', properties: {a: {not: {}}}})).toMatchObject({
    status: 400,
    code: 'unsupported_schema',
    param: 'response_format',
    message: 'The schema at "/properties/a" has "not": that is not followed',
  });
  for (const [, schema] of HOSTILE_SCHEMAS) {
    const response = await post(
      CHAT,
      JSON.stringify({...chat, response_format: formatOf(Object(schema))}),
    );
    expect(response.status === 400 || response.status === 413).toBe(true);
  }
  expect(asked).toEqual([]);
});

/** As Qwen and Hermes write calls. */
const TAGGED: ToolCallFormat = {
  begin: '<tool_call>\n',
  argumentsKey: 'arguments',
  end: '\n</tool_call>',
  separator: '\n',
};
/** As Llama 3 does. */
const BARE: ToolCallFormat = {begin: '', argumentsKey: 'parameters', end: '', separator: null};
const tools = ['weather', 'time'].map((name) => ({
  type: 'function',
  function: {
    name,
    description: `The ${name} of a city`,
    parameters: {
      type: 'object',
      properties: {
        city: {enum: ['Oslo', 'Rome "{}"']},
        days: {type: 'integer', minimum: 1, maximum: 3},
      },
      required: ['city'],
      additionalProperties: false,
    },
  },
}));

test.each([
  ['in tags', TAGGED],
  ['as bare JSON', BARE],
])(
  '[TL1] [TL2] a required call of any tool comes %s, with arguments that follow their schema',
  async (_, toolCalls) => {
    const {post, asked} = await open({ask: sayAnything(2), toolCalls});
    const body = {...chat, tools, tool_choice: 'required', parallel_tool_calls: false, n: 4};
    const {choices} = chatCompletionSchema.parse(await (await post(CHAT, body)).json());
    expect(choices).toHaveLength(4);
    for (const {message, finish_reason} of choices) {
      expect(finish_reason).toBe('tool_calls');
      expect(message.content).toBeNull();
      expect(message.tool_calls).toHaveLength(1);
      const [call] = message.tool_calls ?? [];
      expect(['weather', 'time']).toContain(call?.function.name);
      expect(['Oslo', 'Rome "{}"']).toContain(JSON.parse(call?.function.arguments ?? '').city);
    }
    expect(asked[0]?.prompt).toMatchObject({tools: [{name: 'weather'}, {name: 'time'}]});
  },
);

test('[TL2] [TL3] a named tool is called, and streamed as a call: its name first, then its arguments piece by piece', async () => {
  const {post} = await open({ask: sayAnything(3), toolCalls: TAGGED});
  const tool_choice = {type: 'function', function: {name: 'time'}};
  const response = await post(CHAT, {...chat, tools, tool_choice, stream: true});
  const events = (await response.text())
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'));
  const choices = events.map(
    (event) => chatChunkSchema.parse(JSON.parse(event.slice('data: '.length))).choices[0],
  );
  const deltas = choices.flatMap((choice) => choice?.delta.tool_calls ?? []);
  expect(deltas[0]).toMatchObject({
    index: 0,
    type: 'function',
    function: {name: 'time', arguments: ''},
  });
  expect(deltas[0]?.id).toMatch(/^call_[0-9a-f]{24}$/u);
  expect(deltas.slice(1).every(({id}) => id === undefined)).toBe(true);
  expect(deltas.length).toBeGreaterThan(3);
  const json = deltas.map((delta) => delta.function.arguments).join('');
  expect(JSON.parse(json)).toHaveProperty('city');
  expect(choices.at(-1)?.finish_reason).toBe('tool_calls');
  expect(choices.map((choice) => choice?.delta.content ?? '').join('')).toBe('');
});

test('[TL1] [TL2] with tool_choice "auto" the text is free, and what begins as a call is one', async () => {
  const {post} = await open({ask: beginCall('Well, <tool_call>\n{"name": "w'), toolCalls: TAGGED});
  const response = await post(CHAT, {...chat, tools, parallel_tool_calls: false});
  const {choices} = chatCompletionSchema.parse(await response.json());
  expect(choices[0]).toMatchObject({
    finish_reason: 'tool_calls',
    message: {content: 'Well,', tool_calls: [{function: {name: 'weather'}}]},
  });
  const [call] = choices[0]?.message.tool_calls ?? [];
  expect(JSON.parse(call?.function.arguments ?? '')).toHaveProperty('city');
});

test('[TL2] of tools that are allowed one is called, whatever the others are, and the template shows them all', async () => {
  const {post, asked} = await open({ask: sayAnything(6), toolCalls: TAGGED});
  const allowed = {mode: 'required', tools: [{type: 'function', function: {name: 'time'}}]};
  const tool_choice = {type: 'allowed_tools', allowed_tools: allowed};
  const body = {...chat, tools, tool_choice, parallel_tool_calls: false, n: 4};
  const {choices} = chatCompletionSchema.parse(await (await post(CHAT, body)).json());
  const names = choices.flatMap(({message}) =>
    message.tool_calls?.map((call) => call.function.name),
  );
  expect(names).toEqual(['time', 'time', 'time', 'time']);
  expect(asked[0]?.prompt).toMatchObject({tools: [{name: 'weather'}, {name: 'time'}]});
});

test('[TL2] where tools are allowed and none has to be called, a call that begins is of one of them', async () => {
  const {post} = await open({ask: beginCall('Well, <tool_call>\n{"name": "'), toolCalls: TAGGED});
  const allowed = {mode: 'auto', tools: [{type: 'function', function: {name: 'time'}}]};
  const tool_choice = {type: 'allowed_tools', allowed_tools: allowed};
  const response = await post(CHAT, {...chat, tools, tool_choice, parallel_tool_calls: false});
  const {choices} = chatCompletionSchema.parse(await response.json());
  expect(choices[0]?.message).toMatchObject({
    content: 'Well,',
    tool_calls: [{function: {name: 'time'}}],
  });
});

test('[TL4] calls of before and what came of them reach the template; with tool_choice "none" it knows no tools', async () => {
  const {post, asked} = await open({toolCalls: TAGGED});
  const call = {
    id: 'call_1',
    type: 'function',
    function: {name: 'time', arguments: '{"city":"Oslo"}'},
  };
  const messages = [
    ...chat.messages,
    {role: 'assistant', content: null, tool_calls: [call]},
    {role: 'tool', tool_call_id: 'call_1', content: '12:00'},
  ];
  expect((await post(CHAT, {...chat, messages, tools, tool_choice: 'none'})).status).toBe(200);
  expect(asked[0]?.prompt).toEqual({
    kind: 'messages',
    messages: [
      {role: 'user', content: 'Hi'},
      {
        role: 'assistant',
        content: '',
        toolCalls: [{id: 'call_1', name: 'time', arguments: {city: 'Oslo'}}],
      },
      {role: 'tool', content: '12:00', toolCallId: 'call_1'},
    ],
  });
});

test('[TL5] what a model cannot do with tools is refused by name', async () => {
  const {post, asked} = await open();
  const refused = async (body: object) => await errorOf(await post(CHAT, {...chat, ...body}));
  expect(await refused({tools})).toMatchObject({
    status: 400,
    code: 'unsupported_parameter',
    param: 'tools',
    message: expect.stringContaining('the model "tiny": its template knows no tools'),
  });
  const called = {id: 'call_1', type: 'function', function: {name: 'time', arguments: '{}'}};
  const calling = {role: 'assistant', tool_calls: [called]};
  expect(await refused({messages: [...chat.messages, calling]})).toMatchObject({param: 'tools'});
  const both = {tools, response_format: {type: 'json_object'}};
  expect(await refused(both)).toMatchObject({status: 400, param: 'response_format'});
  expect(await refused({tool_choice: 'required'})).toMatchObject({
    status: 400,
    param: 'tool_choice',
  });
  const wrong = [{type: 'function', function: {name: 'a', parameters: {type: 'array'}}}];
  expect(await refused({tools: wrong})).toMatchObject({code: 'invalid_schema', param: 'tools'});
  expect(asked).toEqual([]);
});
