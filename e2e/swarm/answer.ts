import type {AnswerEvent, ChainHop, ServedHop} from '#shared/client/chat/chat-service.ts';

/** One complete answer, as a program sees it. */
export type Answer = {
  readonly promptTokenIds: readonly number[];
  readonly text: string;
  readonly tokenIds: readonly number[];
  readonly finishReason: 'stop' | 'length' | null;
  readonly chains: readonly (readonly ChainHop[])[];
  readonly topLogprobs: readonly (readonly {readonly id: number; readonly logprob: number}[])[];
  readonly tokenAtMs: readonly number[];
  /** What each hop took, and what was expected of it. */
  readonly served: readonly ServedHop[];
};

export const NO_ANSWER: Answer = {
  promptTokenIds: [],
  text: '',
  tokenIds: [],
  finishReason: null,
  chains: [],
  topLogprobs: [],
  tokenAtMs: [],
  served: [],
};

/** The answer after one more event. */
export function extendAnswer(answer: Answer, event: AnswerEvent): Answer {
  switch (event.kind) {
    case 'prompt':
      return {...answer, promptTokenIds: event.tokenIds};
    case 'chain':
      return {...answer, chains: [...answer.chains, event.hops]};
    case 'token':
      return {
        ...answer,
        text: answer.text + event.text,
        tokenIds: [...answer.tokenIds, event.tokenId],
        topLogprobs: [...answer.topLogprobs, event.topLogprobs],
        tokenAtMs: [...answer.tokenAtMs, event.atMs],
      };
    case 'end':
      return {...answer, text: answer.text + event.text, finishReason: event.finishReason};
    case 'served':
      return {...answer, served: event.hops};
    case 'vocabulary':
    case 'waiting':
    case 'ready':
    case 'lost':
      return answer;
  }
}
