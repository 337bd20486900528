import type {AskRequest, Prompt} from '#shared/client/chat/chat-service.ts';
import type {AskedModel} from '../swarms/create-gateway.ts';
import type {Caller} from '../callers/caller-queue.ts';
import {mergeAnswers} from './merge-answers.ts';
import {readAnswer, type AnswerPart} from './read-answer.ts';

export type Choices = {
  readonly prompts: readonly Prompt[];
  /** Answers to each prompt. Each has the next seed, so that the first is that of a request for one. */
  readonly answersEach: number;
  readonly ask: Omit<AskRequest, 'prompt'>;
  readonly stops: readonly string[];
};

/** A part of the answer with this index: prompt by prompt, and of each prompt answer by answer. */
export type ChoicePart = {readonly index: number; readonly part: AnswerPart};

const SEEDS = 2 ** 32;

/**
 * All answers of one request side by side, each in its turn. When the reader stops, when `signal` aborts or
 * when one of them fails, all sessions end in every hop.
 */
export async function* askChoices(
  model: AskedModel,
  choices: Choices,
  {caller, signal}: {readonly caller: Caller; readonly signal: AbortSignal},
): AsyncGenerator<ChoicePart, void, undefined> {
  const abort = new AbortController();
  const whole = AbortSignal.any([signal, abort.signal]);
  const requests = choices.prompts.flatMap((prompt) =>
    Array.from({length: choices.answersEach}, (_, at) => ({
      ...choices.ask,
      prompt,
      seed: (choices.ask.seed + at) % SEEDS,
    })),
  );
  const answers = requests.map((request) =>
    askInTurn(model, request, {caller, stops: choices.stops, signal: whole}),
  );
  for await (const {index, value} of mergeAnswers(answers, abort)) yield {index, part: value};
}

async function* askInTurn(
  {chat, queue, endTokenIds}: AskedModel,
  request: AskRequest,
  {
    caller,
    stops,
    signal,
  }: {
    readonly caller: Caller;
    readonly stops: readonly string[];
    readonly signal: AbortSignal;
  },
): AsyncGenerator<AnswerPart, void, undefined> {
  const endTurn = await queue.take(caller, {signal});
  try {
    yield* readAnswer(chat.service.ask(request, {signal}), {stops, endTokenIds});
  } finally {
    endTurn();
  }
}
