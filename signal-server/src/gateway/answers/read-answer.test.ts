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

async function partsOf(
  events: Iterable<AnswerEvent>,
  stops: readonly string[] = [],
): Promise<AnswerPart[]> {
  return await allOf(readAnswer(eventsOf(events), {stops, endTokenIds: [END], nowMs: () => nowMs}));
}

const shown = (parts: readonly AnswerPart[]) =>
  parts.flatMap((part) =>
    part.kind === 'text' ? [[part.text, part.tokens.map(({id}) => id)]] : [],
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
    {stops: ['END'], endTokenIds: [END], nowMs: () => nowMs},
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
    ['END'],
  );
  expect(shown(parts)).toEqual([
    ['a ', []],
    ['EN�', [1, 2, 3]],
  ]);
  const stopped = await partsOf([prompt, token(1, 'EN'), end('length', 'D')], ['END']);
  expect(stopped.at(-1)).toMatchObject({finishReason: 'stop'});
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
