import type {ReactiveController, ReactiveControllerHost} from 'lit';
import type {AskRequest, ChatMessage, ChatService} from '../../ports/chat-service.ts';
import {explainFailure} from '../../ports/explain-failure.ts';
import {afterEvent, beginAnswer, type AnswerView} from './answer-progress.ts';

/** One question and its answer. */
export type Turn = {
  readonly id: number;
  readonly question: string;
  /** 0 for the first answer to this question. */
  readonly attempt: number;
  readonly answer: AnswerView;
};

/** What the page knows besides. */
export type PageFacts = {
  /** By the page's own clock. */
  readonly nowMs: () => number;
  readonly isOnline: () => boolean;
};

const MAX_NEW_TOKENS = 512;

/** The conversation in this page, as a list of renderable values. Owns the abort signal. */
export class ConversationController implements ReactiveController {
  turns: readonly Turn[] = [];
  readonly #host: ReactiveControllerHost;
  readonly #page: PageFacts;
  #abort: AbortController | null = null;
  #askedCount = 0;

  constructor(host: ReactiveControllerHost, page: PageFacts) {
    this.#host = host;
    this.#page = page;
    host.addController(this);
  }

  hostDisconnected(): void {
    this.stop();
  }

  get isRunning(): boolean {
    return this.turns.at(-1)?.answer.kind === 'running';
  }

  stop(): void {
    this.#abort?.abort();
  }

  /** Forgets all turns. */
  startOver(): void {
    this.stop();
    this.#abort = null;
    this.#show([]);
  }

  /** Asks, with all answered turns before it. One answer at a time. */
  async ask(chat: ChatService, question: string): Promise<void> {
    if (!this.isRunning) await this.#answer(chat, this.turns, {question, attempt: 0});
  }

  /** Asks the newest question another time, in place of its answer. */
  async askAgain(chat: ChatService): Promise<void> {
    const last = this.turns.at(-1);
    if (last === undefined || this.isRunning) return;
    const {question, attempt} = last;
    // Only an answer that was finished is answered differently; one that broke off is repeated.
    const next = last.answer.kind === 'complete' && !last.answer.isStopped ? attempt + 1 : attempt;
    await this.#answer(chat, this.turns.slice(0, -1), {question, attempt: next});
  }

  async #answer(
    chat: ChatService,
    before: readonly Turn[],
    {question, attempt}: Pick<Turn, 'question' | 'attempt'>,
  ): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    this.#askedCount += 1;
    const id = this.#askedCount;
    const show = (answer: AnswerView): void => {
      if (this.#abort === abort) this.#show([...before, {id, question, attempt, answer}]);
    };
    let progress = beginAnswer(this.#page.nowMs());
    show({kind: 'running', progress});
    try {
      const request = requestFor([...before.flatMap(messagesOf), asUser(question)], attempt);
      for await (const event of chat.ask(request, {signal: abort.signal})) {
        progress = afterEvent(progress, event);
        show({kind: 'running', progress});
      }
      show({kind: 'complete', progress, isStopped: abort.signal.aborted});
    } catch (error) {
      if (abort.signal.aborted) show({kind: 'complete', progress, isStopped: true});
      else {
        const isOnline = this.#page.isOnline();
        const failure = explainFailure(error, {doing: 'asking', isOnline});
        show({kind: 'failed', progress, failure});
      }
    }
  }

  #show(turns: readonly Turn[]): void {
    this.turns = turns;
    this.#host.requestUpdate();
  }
}

/** The likeliest answer first; asking again means wanting another one. */
function requestFor(messages: readonly ChatMessage[], attempt: number): AskRequest {
  const temperature = attempt === 0 ? 0 : 0.7;
  return {
    prompt: {kind: 'messages', messages},
    maxNewTokens: MAX_NEW_TOKENS,
    temperature,
    topK: 0,
    topP: attempt === 0 ? 1 : 0.95,
    seed: attempt,
    topLogprobs: 0,
  };
}

function messagesOf({question, answer}: Turn): readonly ChatMessage[] {
  const {text} = answer.progress;
  if (answer.kind !== 'complete' || text === '') return [];
  return [asUser(question), {role: 'assistant', content: text}];
}

function asUser(content: string): ChatMessage {
  return {role: 'user', content};
}
