import type {ReactiveController, ReactiveControllerHost} from 'lit';
import type {AskRequest, ChatMessage, ChatService} from '../../ports/chat-service.ts';
import {explainFailure, type Failure} from '../../ports/explain-failure.ts';
import {afterEvent, beginAnswer, type AnswerView} from './answer-progress.ts';

/** One question and its answer. */
export type Turn = {
  readonly id: number;
  readonly question: string;
  /** 0 for the first answer to this question. */
  readonly attempt: number;
  readonly answer: AnswerView;
};

/** What has become of the conversation. */
export type ConversationChange =
  | {readonly kind: 'asked'; readonly question: string}
  | {readonly kind: 'text'; readonly text: string}
  /** Complete, or stopped by the reader. */
  | {readonly kind: 'answered'; readonly text: string}
  | {readonly kind: 'failed'; readonly failure: Failure}
  /** The reader began another conversation. */
  | {readonly kind: 'forgotten'};

/** What the page knows besides. */
export type PageFacts = {
  /** By the page's own clock. */
  readonly nowMs: () => number;
  readonly isOnline: () => boolean;
  /** What the model is to be, before the first question; empty: what its file says. */
  readonly systemPrompt?: () => string;
  readonly onChange?: (change: ConversationChange) => void;
};

const MAX_NEW_TOKENS = 512;

/** The conversation in this page, as a list of renderable values. Owns the abort signal. */
export class ConversationController implements ReactiveController {
  turns: readonly Turn[] = [];
  readonly #host: ReactiveControllerHost;
  readonly #page: PageFacts;
  #abort: AbortController | null = null;
  /** Of each question that came during an answer, called when that is over: whether it may be asked. */
  readonly #waiting = new Set<(may: boolean) => void>();
  #askedCount = 0;

  constructor(host: ReactiveControllerHost, page: PageFacts) {
    this.#host = host;
    this.#page = page;
    host.addController(this);
  }

  hostDisconnected(): void {
    this.stop();
    this.#callWaiting(false);
  }

  get isRunning(): boolean {
    return this.turns.at(-1)?.answer.kind === 'running';
  }

  stop(): void {
    this.#abort?.abort();
  }

  /** All that was asked and answered, as the next question would be sent with it. */
  get messages(): readonly ChatMessage[] {
    return this.turns.flatMap(messagesOf);
  }

  /** Goes on with an earlier conversation, in place of this one. */
  restore(messages: readonly ChatMessage[]): void {
    this.startOver();
    const turns: Turn[] = [];
    for (const {role, content} of messages) {
      const last = turns.at(-1);
      if (role === 'user') turns.push(this.#turnOf(content));
      else if (role === 'assistant' && last !== undefined) {
        const progress = {...last.answer.progress, text: content};
        turns.splice(-1, 1, {...last, answer: {kind: 'complete', progress, isStopped: false}});
      }
    }
    this.#show(turns);
  }

  /** Forgets all turns, and the questions that wait. */
  startOver(): void {
    this.stop();
    this.#callWaiting(false);
    this.#abort = null;
    this.#show([]);
  }

  /**
   * Asks, with all answered turns before it, once the answer that runs is over.
   *
   * @returns what was answered, as far as it came; nothing when the conversation ended before that.
   */
  async ask(chat: ChatService, question: string): Promise<string> {
    while (this.isRunning) {
      const may = Promise.withResolvers<boolean>();
      this.#waiting.add(may.resolve);
      if (!(await may.promise)) return '';
    }
    return await this.#answer(chat, this.turns, {question, attempt: 0});
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
  ): Promise<string> {
    const abort = new AbortController();
    this.#abort = abort;
    const turn = {...this.#turnOf(question), attempt};
    const show = (answer: AnswerView, change?: ConversationChange): void => {
      if (this.#abort !== abort) return;
      this.#show([...before, {...turn, answer}]);
      if (change !== undefined) this.#page.onChange?.(change);
    };
    let {progress} = turn.answer;
    const end = (isStopped: boolean): void => {
      show({kind: 'complete', progress, isStopped}, {kind: 'answered', text: progress.text});
    };
    show({kind: 'running', progress}, {kind: 'asked', question});
    try {
      const messages = [...this.#instructions(), ...before.flatMap(messagesOf), asUser(question)];
      for await (const event of chat.ask(requestFor(messages, attempt), {signal: abort.signal})) {
        progress = afterEvent(progress, event);
        const text = 'text' in event ? event.text : '';
        show({kind: 'running', progress}, text === '' ? undefined : {kind: 'text', text});
      }
      end(abort.signal.aborted);
    } catch (error) {
      if (abort.signal.aborted) end(true);
      else {
        const isOnline = this.#page.isOnline();
        const failure = explainFailure(error, {doing: 'asking', isOnline});
        show({kind: 'failed', progress, failure}, {kind: 'failed', failure});
      }
    }
    this.#callWaiting(true);
    return progress.text;
  }

  #callWaiting(may: boolean): void {
    for (const tell of this.#waiting) tell(may);
    this.#waiting.clear();
  }

  #instructions(): readonly ChatMessage[] {
    const content = this.#page.systemPrompt?.() ?? '';
    return content === '' ? [] : [{role: 'system', content}];
  }

  /** A turn without a word of an answer; as one of an earlier conversation, it was stopped. */
  #turnOf(question: string): Turn {
    this.#askedCount += 1;
    const progress = beginAnswer(this.#page.nowMs());
    const answer = {kind: 'complete', progress, isStopped: true} as const;
    return {id: this.#askedCount, question, attempt: 0, answer};
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
