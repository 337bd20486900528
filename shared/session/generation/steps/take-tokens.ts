import type {SampledToken} from '#shared/protocol/frame/sampled-token.ts';
import {endAsComplete} from './end-answer.ts';
import type {GenerationAction, GenerationStep} from '../state/generation-action.ts';
import {tokenCountOf, type ServedState} from '../state/generation-state.ts';
import {loseChain} from './lose-chain.ts';

const NO_FAILURE = {failures: 0, failedMs: null, failsSinceMs: null, waitsSinceMs: null};

/** Each token comes once, at the position after the last one; what comes behind the end is not looked at. */
export function takeTokens(
  state: ServedState,
  {
    position,
    tokens,
    nowMs,
  }: {
    readonly position: number;
    readonly tokens: readonly SampledToken[];
    readonly nowMs: number;
  },
): GenerationStep {
  const {answer, hops} = state;
  const isAsked =
    state.kind === 'decoding' || (state.kind === 'feeding' && state.pieces.length === 0);
  if (!isAsked || position !== tokenCountOf(answer) || tokens.length === 0) {
    return loseChain(state, {code: 'OUT_OF_ORDER', peerId: hops.at(-1)?.peerId ?? null}, nowMs);
  }
  const {maxNewTokens, endTokenIds} = answer.task;
  const tokenIds = [...answer.tokenIds];
  const actions: GenerationAction[] = [];
  for (const token of tokens) {
    tokenIds.push(token.tokenId);
    actions.push({kind: 'tell', news: {kind: 'token', token, atMs: nowMs}});
    const isEnd = endTokenIds.includes(token.tokenId);
    if (!isEnd && tokenIds.length < maxNewTokens) continue;
    const finishReason = isEnd ? 'stop' : 'length';
    const end = endAsComplete({...answer, tokenIds}, {hops, finishReason, nowMs});
    return {state: end.state, actions: [...actions, ...end.actions]};
  }
  const next = {...answer, tokenIds, ...NO_FAILURE};
  return {state: {kind: 'decoding', answer: next, hops, heardMs: nowMs}, actions};
}
