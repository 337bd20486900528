import {expect, test} from 'vitest';
import type {AnswerEvent} from '#shared/client/chat/chat-service.ts';
import {readAnswer, type AnswerPart} from './read-answer.ts';

const END = 99;

const token = (tokenId: number, text: string): AnswerEvent => ({
  kind: 'token',
  tokenId,
  text,
  logprob: -tokenId,
  topLogprobs: [],
  atMs: 0,
});
const prompt: AnswerEvent = {kind: 'prompt', tokenIds: [1, 2, 3]};
const end = (finishReason: 'stop' | 'length', text = ''): AnswerEvent => ({
  kind: 'end',
  finishReason,
  text,
});

async function* eventsOf(
  events: Iterable<AnswerEvent>,
  onEnd: () => void = () => undefined,
): AsyncGenerator<AnswerEvent, void, undefined> {
  try {
    yield* events;
  } finally {
    onEnd();
  }
}

async function allOf(read: AsyncIterable<AnswerPart>): Promise<AnswerPart[]> {
  const parts: AnswerPart[] = [];
  for await (const part of read) parts.push(part);
  return parts;
}

/** A clock that a test moves. */
let nowMs = 0;

const CALL = {
  name: 'get',
  begin: '<tool_call>\n{"name": "get", "arguments": ',
  parameters: {type: 'object', additionalProperties: false},
  end: '}\n</tool_call>',
} as const;
const options = {
  stops: [],
  endTokenIds: [END],
  forms: [],
  newCallId: () => 'call_1',
  nowMs: () => nowMs,
};

async function partsOf(
  events: Iterable<AnswerEvent>,
  {stops = [], forms = []}: Partial<Pick<Parameters<typeof readAnswer>[1], 'stops' | 'forms'>> = {},
): Promise<AnswerPart[]> {
  return await allOf(readAnswer(eventsOf(events), {...options, stops, forms}));
}

const shown = (parts: readonly AnswerPart[]) =>
  parts.flatMap((part) =>
    part.kind === 'text' ? [[part.text, part.tokens.map(({id}) => id)] as const] : [],
  );

test('[GW8] [GW9] each token comes with its text, the end token with none, and all are counted', async () => {
  const parts = await partsOf([
    prompt,
    token(1, 'It '),
    token(2, 'is'),
    token(END, ''),
    end('stop'),
  ]);
  expect(parts[0]).toEqual({kind: 'prompt', promptTokens: 3});
  expect(shown(parts)).toEqual([
    ['It ', [1]],
    ['is', [2]],
  ]);
  expect(parts.at(-1)).toEqual({kind: 'end', finishReason: 'stop', completionTokens: 3});
});

test('[GW6] [GW8] a stop across tokens ends the answer, and takes its tokens with it', async () => {
  let isEnded = false;
  const events = [prompt, token(1, 'a E'), token(2, 'N'), token(3, 'D b'), token(4, 'c')];
  const read = readAnswer(
    eventsOf(events, () => (isEnded = true)),
    {...options, stops: ['END']},
  );
  const parts = await allOf(read);
  expect(shown(parts)).toEqual([
    ['a ', []],
    ['', [1]],
  ]);
  expect(parts.at(-1)).toEqual({kind: 'end', finishReason: 'stop', completionTokens: 3});
  expect(isEnded).toBe(true);
});

test('[GW6] what was held back is shown at the end, with its tokens, also when half a character ends it', async () => {
  const parts = await partsOf(
    [prompt, token(1, 'a E'), token(2, ''), token(3, 'N'), end('length', '�')],
    {stops: ['END']},
  );
  expect(shown(parts)).toEqual([
    ['a ', []],
    ['EN�', [1, 2, 3]],
  ]);
  const stopped = await partsOf([prompt, token(1, 'EN'), end('length', 'D')], {
    stops: ['END'],
  });
  expect(stopped.at(-1)).toMatchObject({finishReason: 'stop'});
});

/** A token for each of these texts. */
const tokens = (...texts: readonly string[]) => texts.map((text, at) => token(at + 1, text));

test('[GW8] [TL3] beside tools the text of an answer is the same as without, with all of its tokens and the white space at its end', async () => {
  const answer = [
    prompt,
    ...tokens('Once', ' <', 'tool', ' ', 'upon', '', ' a', '\n', '\n'),
    end('stop'),
  ];
  const [without, beside] = [await partsOf(answer), await partsOf(answer, {forms: [CALL]})];
  for (const parts of [without, beside]) {
    const texts = shown(parts).map(([text]) => text);
    expect(texts.join('')).toBe('Once <tool upon a\n\n');
    expect(shown(parts).flatMap(([, ids]) => ids)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }
});

test('[GW8] [TL3] tokens that write a call are none of the text, and one that writes of both is', async () => {
  const {begin, end: after} = CALL;
  const written = tokens(
    'One',
    '.\n<',
    begin.slice(1),
    '{"a":',
    ' "',
    '',
    '☃"',
    `}${after.slice(0, -1)}`,
    '>\nTwo',
    '',
  );
  const parts = await partsOf([prompt, ...written, end('stop')], {forms: [CALL]});
  expect(shown(parts)).toEqual([
    ['One', [1]],
    ['.', [2]],
    ['\nTwo', [9]],
    ['', [10]],
  ]);
  const json = parts.flatMap((part) => (part.kind === 'arguments' ? [part.text] : [])).join('');
  expect(json).toBe('{"a": "☃"}');
  expect(parts.at(-1)).toMatchObject({finishReason: 'tool_calls', completionTokens: 10});
});

test('[GW6] [TL1] a stop is looked for in the text of an answer and not in its calls, which stay whole', async () => {
  const {begin, end: after} = CALL;
  const called = tokens('Well', '\n', begin, '{"a": ', '"END\\n"}', after);
  const read = async (stops: readonly string[], ...more: readonly string[]) =>
    await partsOf([prompt, ...called, ...tokens(...more), end('stop')], {stops, forms: [CALL]});
  const whole = await read(['END', '}', 'get', '\n\n']);
  expect(whole.filter(({kind}) => kind !== 'text')).toEqual([
    {kind: 'prompt', promptTokens: 3},
    {kind: 'call', callIndex: 0, id: 'call_1', name: 'get'},
    {kind: 'arguments', callIndex: 0, text: '{"a": '},
    {kind: 'arguments', callIndex: 0, text: '"END\\n"}'},
    {kind: 'end', finishReason: 'tool_calls', completionTokens: 6},
  ]);
  expect(shown(whole)).toEqual([['Well', [1]]]);
  // What may go on as a stop does not do so behind a call, nor is a call shown that the stop is before.
  expect(shown(await read(['WellX'], 'X'))).toEqual([
    ['Well', [1]],
    ['X', [1]],
  ]);
  const stopped = await read(['ll']);
  expect(stopped.map(({kind}) => kind)).toEqual(['prompt', 'text', 'end']);
  expect(stopped.at(-1)).toMatchObject({finishReason: 'stop'});
  expect((await read(['XY'], 'aX', 'Yb')).at(-1)).toMatchObject({finishReason: 'tool_calls'});
});

test('[GW5] layers that nobody serves end an answer that has not begun, and full ones do not', async () => {
  const layers = {startLayer: 2, endLayer: 4};
  const waiting = (why: 'no-node' | 'full' | 'loading' | 'silent'): AnswerEvent => ({
    kind: 'waiting',
    missing: [{...layers, why}],
    patienceMs: null,
  });
  await expect(partsOf([prompt, waiting('no-node')])).rejects.toMatchObject({
    detail: {code: 'NOT_SERVED', missing: [{...layers, why: 'no-node'}]},
    message: 'Nobody serves layers 2–4 of this model: try again when somebody lends a tab',
  });
  await expect(partsOf([prompt, waiting('loading')])).rejects.toThrow(
    'Layers 2–4 are being loaded by tabs that have just joined: try again in a few seconds',
  );
  const listed = await partsOf([prompt, waiting('silent'), token(1, 'a'), end('length')]);
  expect(listed.at(-1)).toMatchObject({completionTokens: 1});
  const muchLater = function* () {
    yield* [prompt, waiting('silent')];
    nowMs += 30_000;
    yield waiting('silent');
  };
  await expect(partsOf(muchLater())).rejects.toThrow(
    'No tab that serves layers 2–4 answers: try again in a few seconds',
  );
  const full = await partsOf([prompt, waiting('full'), token(1, 'a'), end('length')]);
  expect(full.at(-1)).toMatchObject({finishReason: 'length'});
  const begun = await partsOf([prompt, token(1, 'a'), waiting('no-node'), end('length')]);
  expect(begun.at(-1)).toMatchObject({completionTokens: 1});
});
