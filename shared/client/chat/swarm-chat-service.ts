import {WeftError} from '#shared/base/errors.ts';
import {SharedLoad} from '#shared/base/shared-load.ts';
import {textsOf} from '#shared/model/text/messages/written-texts.ts';
import {createTokenTextStream, type TokenTextStream} from '#shared/model/text/token-text-stream.ts';
import type {Sampling} from '#shared/protocol/control/open-session.ts';
import type {GenerationClient} from '#shared/client/generation-client.ts';
import type {ReaderEvent, ServedHop} from '#shared/client/reader-event.ts';
import type {AnswerEvent, AskRequest, ChatService, Prompt} from './chat-service.ts';
import {expectedMs, wordOfTimes} from './confirmed-speeds.ts';
import type {EngineHop} from './engine-hop.ts';
import type {Vocabulary, VocabularyProgress} from '../model/vocabulary.ts';
import {TokenIdsOnlyError} from './token-ids-only-error.ts';

/** A text of words has four or five. */
const MOST_CHARACTERS_PER_TOKEN = 16;

export type SwarmChatOptions = {
  readonly client: Pick<GenerationClient<EngineHop>, 'generate'>;
  /** `null` when the model is offered for token ids only. */
  readonly vocabulary: () => Promise<Vocabulary | null>;
  /** How far the vocabulary is, until it is there; absent: nobody says. */
  readonly progress?: () => AsyncIterable<VocabularyProgress>;
  readonly contextTokens: number;
  /** What the hops of an answer took: the next chain may be chosen by it. */
  readonly onServed: (hops: readonly ServedHop<EngineHop>[]) => void;
};

/** Text in, text out: template and tokenizer around the generation client. */
export class SwarmChatService implements ChatService {
  readonly #options: SwarmChatOptions;
  /** Answers to one prompt share its ids. */
  readonly #encoded = new WeakMap<Prompt, SharedLoad<readonly number[]>>();

  constructor(options: SwarmChatOptions) {
    this.#options = options;
  }

  async *ask(
    request: AskRequest,
    {signal}: {readonly signal: AbortSignal},
  ): AsyncGenerator<AnswerEvent, void, undefined> {
    for await (const progress of this.#options.progress?.() ?? []) {
      signal.throwIfAborted();
      yield {kind: 'vocabulary', ...progress};
    }
    const vocabulary = await this.#options.vocabulary();
    signal.throwIfAborted();
    this.#refuseEndless(request.prompt);
    const promptTokenIds = await this.#idsOf(request.prompt);
    signal.throwIfAborted();
    const maxNewTokens = this.#fitAnswer(promptTokenIds.length, request.maxNewTokens);
    yield {kind: 'prompt', tokenIds: promptTokenIds};
    const text = textStreamOf(vocabulary);
    const {guide} = request;
    const guided = guide === undefined ? {} : {guide};
    const events = this.#options.client.generate(
      {promptTokenIds, maxNewTokens, sampling: samplingOf(request), ...guided},
      {signal},
    );
    for await (const event of events) {
      if (event.kind === 'served') this.#options.onServed(event.hops);
      yield toAnswerEvent(event, text);
    }
  }

  #idsOf(prompt: Prompt): Promise<readonly number[]> {
    const {vocabulary} = this.#options;
    const ids =
      this.#encoded.get(prompt) ??
      new SharedLoad(async () => promptTokens(prompt, await vocabulary()));
    this.#encoded.set(prompt, ids);
    return ids.get();
  }

  /** To count the tokens of a megabyte takes seconds, in which no other prompt is encoded. */
  #refuseEndless(prompt: Prompt): void {
    const most = this.#options.contextTokens * MOST_CHARACTERS_PER_TOKEN;
    const characters = charactersOf(prompt);
    if (characters <= most) return;
    throw new WeftError(
      {code: 'PROMPT_TOO_LONG', characters, most},
      `The prompt is too long: ${characters} characters, of which at most ${most} are read; shorten it`,
    );
  }

  /** The answer is cut where the context ends; a prompt that leaves no room is refused. */
  #fitAnswer(promptLength: number, maxNewTokens: number): number {
    const {contextTokens} = this.#options;
    if (promptLength === 0) {
      throw new WeftError({code: 'PROMPT_EMPTY'}, 'The prompt is empty: write something to ask');
    }
    if (promptLength > contextTokens) {
      throw new WeftError(
        {code: 'PROMPT_TOO_LONG', promptTokens: promptLength, contextTokens},
        `The prompt is too long: ${promptLength} of ${contextTokens} tokens; shorten it`,
      );
    }
    return Math.min(maxNewTokens, contextTokens - promptLength + 1);
  }
}

function samplingOf(request: AskRequest): Sampling {
  const {temperature, topK, topP, seed, topLogprobs} = request;
  const {logitBias, frequencyPenalty, presencePenalty} = request;
  return {
    temperature,
    topK,
    topP,
    seed,
    topLogprobs,
    ...(logitBias !== undefined && {logitBias}),
    ...(frequencyPenalty !== undefined && {frequencyPenalty}),
    ...(presencePenalty !== undefined && {presencePenalty}),
  };
}

function charactersOf(prompt: Prompt): number {
  if (prompt.kind === 'token-ids') return 0;
  const texts = prompt.kind === 'text' ? [prompt.text] : textsOf(prompt);
  return texts.reduce((sum, {length}) => sum + length, 0);
}

async function promptTokens(
  prompt: Prompt,
  vocabulary: Vocabulary | null,
): Promise<readonly number[]> {
  if (prompt.kind === 'token-ids') return prompt.tokenIds;
  if (vocabulary === null) throw new TokenIdsOnlyError();
  if (prompt.kind === 'text') return vocabulary.encodeText(prompt.text);
  const {messages, thinking, tools} = prompt;
  const options = {
    nowMs: Date.now(),
    ...(thinking !== undefined && {thinking}),
    ...(tools !== undefined && {tools}),
  };
  return vocabulary.encodeChat(messages, options);
}

/** Without a vocabulary an answer is its ids, and has no text. */
function textStreamOf(vocabulary: Vocabulary | null): TokenTextStream {
  if (vocabulary === null) return {push: () => '', end: () => ''};
  const utf8 = new TextDecoder('utf-8', {ignoreBOM: true});
  return createTokenTextStream(vocabulary, utf8);
}

function toAnswerEvent(event: ReaderEvent<EngineHop>, text: TokenTextStream): AnswerEvent {
  switch (event.kind) {
    case 'waiting':
      return event;
    case 'ready': {
      const {sessionId, inputFrom} = event;
      return {kind: 'ready', sessionId, inputFrom};
    }
    case 'lost':
      return {kind: 'lost', code: event.code, node: event.peerId};
    case 'chain': {
      const hops = event.hops.map(({peerId, startLayer, endLayer, engine}) => ({
        node: peerId,
        startLayer,
        endLayer,
        engine,
      }));
      return {kind: 'chain', hops, predictedStepMs: event.predictedStepMs};
    }
    case 'token': {
      const {tokenId, logprob, top} = event.token;
      const topLogprobs = top.map((entry) => ({id: entry.tokenId, logprob: entry.logprob}));
      const shown = text.push(tokenId);
      return {kind: 'token', tokenId, text: shown, logprob, topLogprobs, atMs: event.atMs};
    }
    case 'end':
      return {kind: 'end', finishReason: event.finishReason, text: text.end()};
    case 'served': {
      const hops = event.hops.map((served) => ({
        node: served.hop.peerId,
        decodeSteps: served.decodeSteps,
        predictedMs: expectedMs(served),
        observedMs: served.serviceMs,
        waitedMs: served.waitMs,
        word: wordOfTimes(served),
      }));
      return {kind: 'served', hops};
    }
  }
}
