import {randomBytes} from 'node:crypto';
import type {AskRequest, Prompt} from '#shared/client/chat/chat-service.ts';
import type {AskedModel} from '../swarms/create-gateway.ts';
import type {Caller, RequestTurns} from '../turns/caller-queue.ts';
import type {AnswerGrammar, CallForm} from '../grammar/grammar-messages.ts';
import {RequestGrammar} from '../grammar/request-grammar.ts';
import type {RootSchema} from '../grammar/schema/grammar-schema.ts';
import {callGrammarOf, type AskedTools} from '../tools/call-forms.ts';
import {knowsNoTools, noSuchToken} from '../errors/api-error.ts';
import {mergeAnswers} from './merge-answers.ts';
import {readAnswer, type AnswerPart} from './read-answer.ts';

export type Choices = {
  readonly prompts: readonly Prompt[];
  /** Answers to each prompt. Each has the next seed, so that the first is that of a request for one. */
  readonly answersEach: number;
  readonly ask: Omit<AskRequest, 'prompt' | 'guide'>;
  readonly stops: readonly string[];
  /** What each answer has to follow. */
  readonly followed: Followed;
};

/** A schema that an answer follows, or tools that it may call. */
export type Followed =
  | {readonly kind: 'nothing'}
  | {readonly kind: 'schema'; readonly schema: RootSchema}
  | ({readonly kind: 'tools'} & AskedTools);

/** A part of the answer with this index: prompt by prompt, and of each prompt answer by answer. */
export type ChoicePart = {readonly index: number; readonly part: AnswerPart};

const SEEDS = 2 ** 32;

/**
 * All answers of one request side by side, each in its turn. When the reader stops, when `signal` aborts or
 * when one of them fails, all sessions end in every hop.
 *
 * @throws {ApiError} for what the model does not know; what the answers throw.
 */
export async function* askChoices(
  model: AskedModel,
  choices: Choices,
  {caller, signal}: {readonly caller: Caller; readonly signal: AbortSignal},
): AsyncGenerator<ChoicePart, void, undefined> {
  checkBias(model, choices.ask);
  const abort = new AbortController();
  const whole = AbortSignal.any([signal, abort.signal]);
  const requests = choices.prompts.flatMap((prompt) =>
    Array.from({length: choices.answersEach}, (_, at) => ({
      ...choices.ask,
      prompt,
      seed: (choices.ask.seed + at) % SEEDS,
    })),
  );
  const {stops} = choices;
  const grammar = await grammarOf(model, choices);
  const followed = grammar === null ? null : new RequestGrammar(model.grammars, {grammar, caller});
  const forms = grammar?.kind === 'calls' ? grammar.calls : [];
  const turns = model.queue.enter(caller);
  const answers = requests.map((request) =>
    askInTurn(model, request, {turns, stops, forms, grammar: followed, signal: whole}),
  );
  try {
    for await (const {index, value} of mergeAnswers(answers, abort)) yield {index, part: value};
  } finally {
    followed?.close();
  }
}

function checkBias(model: AskedModel, {logitBias = []}: Choices['ask']): void {
  const unknown = logitBias.find(([tokenId]) => tokenId >= model.vocabularySize);
  if (unknown !== undefined) throw noSuchToken(unknown[0], model);
}

const nowMs = (): number => performance.now();

function newCallId(): string {
  return `call_${randomBytes(12).toString('hex')}`;
}

async function grammarOf(model: AskedModel, choices: Choices): Promise<AnswerGrammar | null> {
  const {followed, prompts} = choices;
  const calls =
    prompts.some(callsTools) || followed.kind === 'tools' ? await model.chat.vocabulary() : null;
  const format = calls === null ? null : await calls.toolCallFormat();
  if (calls !== null && format === null) throw knowsNoTools(model.id);
  if (followed.kind === 'schema') return {kind: 'json', schema: followed.schema};
  return followed.kind === 'tools' && format !== null ? callGrammarOf(followed, format) : null;
}

/** Whether it tells of calls. */
function callsTools(prompt: Prompt): boolean {
  if (prompt.kind !== 'messages') return false;
  return prompt.messages.some(({role, toolCalls}) => role === 'tool' || toolCalls !== undefined);
}

async function* askInTurn(
  {chat, endTokenIds}: AskedModel,
  request: AskRequest,
  {
    turns,
    stops,
    forms,
    grammar,
    signal,
  }: {
    readonly turns: RequestTurns;
    readonly stops: readonly string[];
    readonly forms: readonly CallForm[];
    readonly grammar: RequestGrammar | null;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<AnswerPart, void, undefined> {
  // A turn is for answering: whoever waits for a grammar takes it from nobody.
  const guided = grammar === null ? {} : {guide: await grammar.guide({signal})};
  const endTurn = await turns.take({signal});
  try {
    const events = chat.service.ask({...request, ...guided}, {signal});
    yield* readAnswer(events, {stops, endTokenIds, forms, newCallId, nowMs});
  } finally {
    endTurn();
  }
}
