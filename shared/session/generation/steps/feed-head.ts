import type {GenerationStep} from '../state/generation-action.ts';
import {tokenCountOf, type GenerationState} from '../state/generation-state.ts';
import {dueOfPrompt} from './allow-time.ts';

type Feeding = Extract<GenerationState, {readonly kind: 'feeding'}>;

/** The next piece of the token list goes to the head; the last asks for a token. */
export function handOver(state: Feeding): GenerationStep {
  const {answer, pieces} = state;
  const [piece, ...rest] = pieces;
  if (piece === undefined) return {state, actions: []};
  const {promptTokenIds} = answer.task;
  const {from, to} = piece;
  const tokenIds = [
    ...promptTokenIds.slice(from, to),
    ...answer.tokenIds.slice(
      Math.max(0, from - promptTokenIds.length),
      Math.max(0, to - promptTokenIds.length),
    ),
  ];
  return {
    state: {...state, pieces: rest},
    actions: [
      {kind: 'feed', epoch: answer.epoch, position: from, tokenIds, sample: rest.length === 0},
    ],
  };
}

/** There is room for more, so the chain goes on. */
export function withTimeForPrompt(state: Feeding, nowMs: number): Feeding {
  const {answer, inputFrom, stepMs, promptTokenMs: tokenMs} = state;
  const {pieceTokens, limits} = answer.task;
  const tokens = tokenCountOf(answer) - Math.min(...inputFrom);
  const pieces = Math.ceil(tokens / pieceTokens);
  const pace = {stepMs, slackMs: limits.slackMs, nowMs};
  return {...state, dueMs: dueOfPrompt({tokens, pieces, tokenMs}, pace)};
}
