import type {AskRequest} from '#shared/client/chat/chat-service.ts';
import {extendAnswer, NO_ANSWER, type Answer} from './answer.ts';
import type {Tab} from './tab.ts';

/** Greedy, to the end, with nothing reported; a caller names only what differs. */
export function greedyRequest(content: string, overrides: Partial<AskRequest> = {}): AskRequest {
  return {
    prompt: {kind: 'messages', messages: [{role: 'user', content}]},
    maxNewTokens: 48,
    temperature: 0,
    topK: 0,
    topP: 1,
    seed: 0,
    topLogprobs: 0,
    ...overrides,
  };
}

/** The whole answer of one tab's question. */
export async function askForAnswer(
  tab: Tab,
  request: AskRequest,
  options: {readonly signal?: AbortSignal} = {},
): Promise<Answer> {
  let answer: Answer = NO_ANSWER;
  await tab.ask(request, {
    ...options,
    onEvent: (event) => {
      answer = extendAnswer(answer, event);
    },
  });
  return answer;
}

/** A question of which the first token has come, and which would last for long. */
export type AnswerUnderWay = {
  /** The nodes that serve it, first to last. */
  readonly nodes: readonly string[];
  readonly isOver: () => boolean;
  /** Cancels it, if it still runs. */
  readonly stop: () => Promise<void>;
};

/** Resolves with the first token; how the answer ends is nobody's concern. */
export async function beginAnswer(tab: Tab, request: AskRequest): Promise<AnswerUnderWay> {
  const underWay = Promise.withResolvers<void>();
  const abort = new AbortController();
  let isOver = false;
  let nodes: readonly string[] = [];
  const asking = tab
    .ask(request, {
      signal: abort.signal,
      onEvent: (event) => {
        if (event.kind === 'chain') nodes = event.hops.map(({node}) => node);
        if (event.kind === 'token') underWay.resolve();
      },
    })
    .catch(() => undefined)
    .finally(() => {
      isOver = true;
    });
  await underWay.promise;
  return {
    nodes,
    isOver: () => isOver,
    stop: async () => {
      abort.abort();
      await asking;
    },
  };
}
