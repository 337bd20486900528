import type {PeerId} from '#shared/base/ids.ts';
import type {SampledToken} from '#shared/protocol/frame/sampled-token.ts';
import {canBeSampled, isAsAsked} from './check-token.ts';
import {dueOfToken, dueWithoutHead} from './allow-time.ts';
import {endAsComplete} from './end-answer.ts';
import type {GenerationAction, GenerationStep} from '../state/generation-action.ts';
import {
  headLostOf,
  tokenCountOf,
  type Answer,
  type ServedState,
} from '../state/generation-state.ts';
import type {Refusal} from '../state/refusal.ts';
import {loseChain} from './lose-chain.ts';

const NO_FAILURE = {
  failures: 0,
  failedMs: null,
  failsSinceMs: null,
  waitsSinceMs: null,
  goneSinceMs: null,
  sought: new Set<PeerId>(),
};

type Sampled = {
  readonly position: number;
  readonly tokens: readonly SampledToken[];
  readonly nowMs: number;
};

/** Each token comes once, at the position after the last one; what comes behind the end is not looked at. */
export function takeTokens(state: ServedState, sampled: Sampled): GenerationStep {
  const {nowMs} = sampled;
  const refusal = faultOfTokens(state, sampled);
  if (refusal !== null) return loseChain(state, refusal, nowMs);
  const {answer} = state;
  const [first] = sampled.tokens;
  if (first !== undefined && answer.emptyEnd === null && isEmptyEnd(answer, first)) {
    const suspicion = {code: 'OUT_OF_ORDER', peerId: null} as const;
    return loseChain({...state, answer: {...answer, emptyEnd: first}}, suspicion, nowMs);
  }
  return showTokens(state, sampled);
}

/** What is wrong with what the tail sent, or `null`. */
function faultOfTokens(state: ServedState, {position, tokens}: Sampled): Refusal | null {
  const {answer, hops} = state;
  const peerId = hops.at(-1)?.peerId ?? null;
  // Where it samples, and how, the tail has from the hops before it: as good as its word only.
  const itsWord = peerId === null ? {peerId} : {peerId, reportedBy: peerId};
  const isAsked =
    state.kind === 'decoding' || (state.kind === 'feeding' && state.pieces.length === 0);
  if (!isAsked || position !== tokenCountOf(answer) || tokens.length === 0) {
    return {code: 'OUT_OF_ORDER', ...itsWord};
  }
  const code = 'BAD_PAYLOAD';
  if (!tokens.every((token) => canBeSampled(token, answer.task))) return {code, peerId};
  return tokens.every((token) => isAsAsked(token, answer.task)) ? null : {code, ...itsWord};
}

/** An end before the first word is rare enough to ask another chain. */
function isEmptyEnd({task, tokenIds}: Answer, {tokenId}: SampledToken): boolean {
  return tokenIds.length === 0 && task.endTokenIds.includes(tokenId);
}

function showTokens(state: ServedState, {tokens, nowMs}: Sampled): GenerationStep {
  const {answer, hops, stepMs} = state;
  const headLost = headLostOf(state);
  const {maxNewTokens, endTokenIds} = answer.task;
  const tokenIds = [...answer.tokenIds];
  const actions: GenerationAction[] = [];
  for (const token of tokens) {
    tokenIds.push(token.tokenId);
    actions.push({kind: 'tell', news: {kind: 'token', token, atMs: nowMs}});
    const isEnd = endTokenIds.includes(token.tokenId);
    if (!isEnd && tokenIds.length < maxNewTokens) continue;
    const finishReason = isEnd ? 'stop' : 'length';
    const end = endAsComplete(
      {...answer, tokenIds},
      {
        hops,
        isWithoutHead: headLost !== null,
        finishReason,
        nowMs,
      },
    );
    return {state: end.state, actions: [...actions, ...end.actions]};
  }
  const next = {...answer, tokenIds, ran: hops, ...NO_FAILURE};
  const pace = {stepMs, slackMs: answer.task.limits.slackMs, nowMs};
  // The first token has all the slack before it.
  const patientDueMs = dueOfToken(state.kind === 'decoding' ? state.dueMs : Infinity, pace);
  const dueMs = headLost === null ? patientDueMs : dueWithoutHead({stepMs, tokenAtMs: nowMs});
  const decoding = {kind: 'decoding', hops, stepMs, tokenAtMs: nowMs, headLost, dueMs} as const;
  return {state: {...decoding, answer: next}, actions};
}
