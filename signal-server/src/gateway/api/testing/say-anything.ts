import type {AskRequest, ChatService} from '#shared/client/chat/chat-service.ts';
import {END_TOKEN_ID, JSON_TOKENS} from '../../grammar/testing/json-vocabulary.ts';
import {drawer, randomAnswer, textOf, type Draw} from '../../grammar/testing/random-answer.ts';

const MOST_TOKENS = 1_000;

/** A swarm whose model says anything that its guide allows. */
export function sayAnything(seed: number): ChatService['ask'] {
  const draw = drawer(seed);
  return async function* ({guide}: AskRequest) {
    yield {kind: 'prompt', tokenIds: [7]};
    if (guide === undefined) throw new Error('Nothing guides this answer');
    const answer = await randomAnswer(guide, {...JSON_TOKENS, draw, mostTokens: MOST_TOKENS});
    const rest = {logprob: -0.5, topLogprobs: [], atMs: 0};
    // Character by character, as a text stream gives it.
    for (const text of textOf(JSON_TOKENS.table, answer ?? [])) {
      yield {kind: 'token', tokenId: 1, text, ...rest};
    }
    if (answer !== null) yield {kind: 'token', tokenId: END_TOKEN_ID, text: '', ...rest};
    yield {kind: 'end', finishReason: answer === null ? 'length' : 'stop', text: ''};
  };
}

const first: Draw = () => 0;

/** A swarm whose model says so much, and then the first thing that its guide allows. */
export function beginCall(begun: string): ChatService['ask'] {
  const begunIds = Array.from(new TextEncoder().encode(begun), (byte) => byte + 1);
  return async function* ({guide}: AskRequest) {
    if (guide === undefined) throw new Error('Nothing guides this answer');
    const rest = await randomAnswer(
      {allowed: (answered) => guide.allowed([...begunIds, ...answered])},
      {...JSON_TOKENS, draw: first, mostTokens: MOST_TOKENS},
    );
    yield {kind: 'prompt', tokenIds: [7]};
    const text = textOf(JSON_TOKENS.table, [...begunIds, ...(rest ?? [])]);
    yield {kind: 'token', tokenId: 1, text, logprob: 0, topLogprobs: [], atMs: 0};
    yield {kind: 'end', finishReason: 'stop', text: ''};
  };
}
