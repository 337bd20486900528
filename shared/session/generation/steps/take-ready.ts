import type {Hop} from '#shared/protocol/control/open-session.ts';
import {handOver, withTimeForPrompt} from './feed-head.ts';
import type {GenerationAction, GenerationStep} from '../state/generation-action.ts';
import {tokenCountOf, type Answer, type GenerationState} from '../state/generation-state.ts';
import type {Refusal} from '../state/refusal.ts';
import {loseChain} from './lose-chain.ts';
import {openChain} from './open-chain.ts';
import {planReplay} from './plan-replay.ts';

type Opening = Extract<GenerationState, {readonly kind: 'opening'}>;
type Feeding = Extract<GenerationState, {readonly kind: 'feeding'}>;

/**
 * Every hop has reserved: hops of older chains are freed, and each hop of this one gets what it lacks.
 *
 * @param inputFrom what the tail says of all hops; a position that none can lack is a broken word.
 */
export function takeReady(
  state: Opening,
  inputFrom: readonly number[],
  nowMs: number,
): GenerationStep {
  const {answer, hops, warmPositions, stepMs, promptTokenMs} = state;
  const refusal = whyImpossible(state, inputFrom);
  if (refusal !== null) return loseChain(state, refusal, nowMs);
  const tokenCount = tokenCountOf(answer);
  const {asks, pieces} = planReplay({
    inputFrom,
    warmPositions,
    tokenCount,
    pieceTokens: answer.task.pieceTokens,
  });
  const ready = {...answer, opened: hops};
  const fresh = {
    kind: 'feeding',
    answer: ready,
    hops,
    inputFrom,
    pieces,
    stepMs,
    promptTokenMs,
    dueMs: nowMs,
  } as const;
  const feeding = handOver(withTimeForPrompt(fresh, nowMs));
  return {
    state: feeding.state,
    actions: [
      ...closeDropped(answer, hops),
      {kind: 'tell', news: {kind: 'ready', inputFrom}},
      // Down the chain like the pieces, and so in front of them at every hop.
      ...asks.map((ask) => ({kind: 'replay', epoch: answer.epoch, ...ask}) as const),
      ...feeding.actions,
    ],
  };
}

/** The tail says it, of itself and of what it heard from the others. */
function whyImpossible(
  {hops, warmPositions}: Opening,
  inputFrom: readonly number[],
): Refusal | null {
  const tail = hops.at(-1)?.peerId ?? null;
  const code = 'MALFORMED_MESSAGE';
  const itsWord = tail === null ? {} : {reportedBy: tail};
  if (inputFrom.length !== hops.length) return {code, peerId: tail, ...itsWord};
  const at = inputFrom.findIndex((position, hop) => position > (warmPositions[hop] ?? 0));
  return at === -1 ? null : {code, peerId: hops[at]?.peerId ?? null, ...itsWord};
}

/** Hops that have no part in the chain any more. Below its epoch: whoever they pass it on to may be in the chain. */
function closeDropped(answer: Answer, hops: readonly Hop[]): readonly GenerationAction[] {
  const at = answer.opened
    .map(({peerId}) => peerId)
    .filter((peerId) => !hops.some((hop) => hop.peerId === peerId));
  return at.length === 0 ? [] : [{kind: 'close', epoch: answer.epoch - 1, at, reason: 'failed'}];
}

/**
 * A hop that was asked to replay kept too little. The same chain is opened again, and it and all hops
 * in front go back to where the hop after it needs input, so that the token list fills them all.
 */
export function takeKeptFrom(state: Feeding, hopIndex: number, nowMs: number): GenerationStep {
  const {answer, hops, inputFrom, stepMs, promptTokenMs} = state;
  const needed = inputFrom[hopIndex + 1] ?? Infinity;
  // Nobody asked it.
  if (needed >= (inputFrom[hopIndex] ?? 0)) return {state, actions: []};
  const failures = answer.failures + 1;
  if (failures >= answer.task.limits.maxFailures) {
    return loseChain(state, {code: 'KV_FULL', peerId: hops[hopIndex]?.peerId ?? null}, nowMs);
  }
  const warmPositions = inputFrom.map((position, at) =>
    at <= hopIndex ? Math.min(position, needed) : position,
  );
  return openChain({...answer, failures}, {hops, warmPositions, stepMs, promptTokenMs, nowMs});
}
