import type {Hop} from '#shared/protocol/control/open-session.ts';
import type {SampledToken} from '#shared/protocol/frame/sampled-token.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';
import {chooseWithFewerDoubts} from './choose-hops.ts';
import {endAsComplete, endAsFailed} from './end-answer.ts';
import type {GenerationStep} from '../state/generation-action.ts';
import {
  hasBegun,
  tokenCountOf,
  type Answer,
  type FailureReason,
} from '../state/generation-state.ts';
import {openChain} from './open-chain.ts';
import {isFull, isGone} from '../state/refusal.ts';

/** How soon an answer that found no room, or nobody to replace a lost hop, asks again. */
const LOOK_AGAIN_MS = 500;
/** How long an answer that has begun waits for layers that nobody holds or loads: its reader can do more about it. */
const LOST_PATIENCE_MS = 6_000;

/** Phase 2 knows a chain. */
export function takeChain(
  answer: Answer,
  {
    hops,
    stepMs,
    promptTokenMs,
    nowMs,
  }: {
    readonly hops: readonly Hop[];
    readonly stepMs: number;
    readonly promptTokenMs: number;
    readonly nowMs: number;
  },
): GenerationStep {
  // The last token has been through no hop yet: no cache holds it.
  const warmPosition = tokenCountOf(answer) - 1;
  const warmPositions = hops.map((hop) =>
    answer.warm.some((warm) => isSameHop(warm, hop)) ? warmPosition : 0,
  );
  return openChain(answer, {hops, warmPositions, stepMs, promptTokenMs, nowMs});
}

/**
 * Nobody can serve some layers, those left out who are avoided: some of them may be asked again,
 * where it is not certain that they are at fault. Else before the first token an answer waits for tabs
 * to join as long as its reader likes, and as long as its patience lasts for those who refused or
 * were lost; after the first token for whatever it lacks.
 */
export function takeGap(
  answer: Answer,
  missing: readonly MissingLayers[],
  nowMs: number,
): GenerationStep {
  const reason = whyNever(answer, missing);
  if (reason !== null) return endAsFailed(answer, reason, []);
  const again = chooseWithFewerDoubts(answer);
  if (again !== null) return again;
  if (answer.emptyEnd !== null) return endAsEmpty(answer, answer.emptyEnd, nowMs);
  const seen = missing.map((layers) => asRefused(answer, layers));
  const waitsSinceMs = answer.waitsSinceMs ?? nowMs;
  const isBounded =
    hasBegun(answer) || missing.every(({why}) => why === 'full' || why === 'distrusted');
  if (isBounded && nowMs - waitsSinceMs >= patienceFor(answer, missing)) {
    return endAsFailed(answer, whyInTheEnd(answer, seen), []);
  }
  return {
    state: {
      kind: 'waiting',
      answer: {...answer, waitsSinceMs},
      wakeAtMs: isBounded ? nowMs + LOOK_AGAIN_MS : null,
    },
    actions: [{kind: 'tell', news: {kind: 'waiting', missing: seen}}],
  };
}

/** There is nobody else to ask whether the answer is as empty as the only chain says. */
function endAsEmpty(answer: Answer, token: SampledToken, nowMs: number): GenerationStep {
  const whole = {...answer, tokenIds: [token.tokenId]};
  const {state, actions} = endAsComplete(whole, {hops: [], finishReason: 'stop', nowMs});
  return {state, actions: [{kind: 'tell', news: {kind: 'token', token, atMs: nowMs}}, ...actions]};
}

/** Why it is no use to wait, or `null`. */
function whyNever(answer: Answer, missing: readonly MissingLayers[]): FailureReason | null {
  const mostKvTokens = missing.flatMap((layers) => layers.mostKvTokens ?? []);
  if (hasBegun(answer) || mostKvTokens.length === 0) return null;
  return {kind: 'too-long', mostKvTokens: Math.min(...mostKvTokens)};
}

function patienceFor({task: {limits}}: Answer, missing: readonly MissingLayers[]): number {
  return missing.some(isHeldByNobody)
    ? Math.min(LOST_PATIENCE_MS, limits.patienceMs)
    : limits.patienceMs;
}

function isHeldByNobody({why}: MissingLayers): boolean {
  return why === 'no-node';
}

function whyInTheEnd(answer: Answer, missing: readonly MissingLayers[]): FailureReason {
  const {lastRefusal: refusal} = answer;
  const lost = missing.filter(isHeldByNobody);
  if (hasBegun(answer) && lost.length > 0) return {kind: 'lost', missing: lost, refusal};
  const isForRoom = !hasBegun(answer) && missing.every(({why}) => why === 'full');
  if (!isForRoom && refusal !== null) return {kind: 'refused', refusal};
  return {kind: 'full', missing, refusal};
}

/** Phase 2 calls hops distrusted that this answer avoids; its reader hears what the answer knows of them. */
function asRefused({lastRefusal}: Answer, layers: MissingLayers): MissingLayers {
  if (layers.why !== 'distrusted' || lastRefusal === null) return layers;
  const {startLayer, endLayer} = layers;
  if (isFull(lastRefusal)) return {startLayer, endLayer, why: 'full'};
  return isGone(lastRefusal) ? {startLayer, endLayer, why: 'unreachable'} : layers;
}

/** A cache is of use only to the layers that filled it. */
function isSameHop(a: Hop, b: Hop): boolean {
  return a.peerId === b.peerId && a.startLayer === b.startLayer && a.endLayer === b.endLayer;
}
