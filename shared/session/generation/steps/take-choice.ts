import type {Hop} from '#shared/protocol/control/open-session.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';
import {endAsFailed} from './end-answer.ts';
import type {GenerationStep} from '../state/generation-action.ts';
import {tokenCountOf, type Answer, type FailureReason} from '../state/generation-state.ts';
import {openChain} from './open-chain.ts';
import {passes} from './passing-refusal.ts';
import {isFull} from '../state/refusal.ts';

/** How soon an answer that found no room, or nobody to replace a lost hop, asks again. */
const LOOK_AGAIN_MS = 500;

/** Phase 2 knows a chain. */
export function takeChain(answer: Answer, hops: readonly Hop[], nowMs: number): GenerationStep {
  // The last token has been through no hop yet: no cache holds it.
  const warmPosition = tokenCountOf(answer) - 1;
  const warmPositions = hops.map((hop) =>
    answer.warm.some((warm) => isSameHop(warm, hop)) ? warmPosition : 0,
  );
  return openChain(answer, {hops, warmPositions, nowMs});
}

/**
 * Nobody can serve some layers. Before the first token an answer waits for tabs to join as long
 * as its reader likes, and as long as its patience lasts for room and, with leave to recover, for
 * hops in the place of absent ones; where all who could serve it refused for another reason, the
 * refusal is the answer. After the first token it waits for whatever it lacks, as long as its
 * patience lasts.
 */
export function takeGap(
  answer: Answer,
  missing: readonly MissingLayers[],
  nowMs: number,
): GenerationStep {
  const {patienceMs} = answer.task.limits;
  const seen = missing.map((layers) => asRefused(answer, layers));
  const reason = whyNever(answer, seen);
  if (reason !== null) return endAsFailed(answer, reason, []);
  const waitsSinceMs = answer.waitsSinceMs ?? nowMs;
  const isBounded =
    hasBegun(answer) || seen.every(({why}) => why === 'full' || why === 'distrusted');
  if (isBounded && nowMs - waitsSinceMs >= patienceMs) {
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

/** Why it is no use to wait, or `null`. */
function whyNever(answer: Answer, seen: readonly MissingLayers[]): FailureReason | null {
  if (hasBegun(answer)) return null;
  const mostKvTokens = seen.flatMap((layers) => layers.mostKvTokens ?? []);
  if (mostKvTokens.length > 0) return {kind: 'too-long', mostKvTokens: Math.min(...mostKvTokens)};
  const {lastRefusal: refusal} = answer;
  if (refusal === null || passes(answer, refusal)) return null;
  const isRefused = seen.every(({why}) => why === 'distrusted');
  return isRefused ? {kind: 'refused', refusal} : null;
}

function whyInTheEnd(answer: Answer, missing: readonly MissingLayers[]): FailureReason {
  const {lastRefusal: refusal} = answer;
  const isForRoom = !hasBegun(answer) && missing.every(({why}) => why === 'full');
  if (!isForRoom && refusal !== null) return {kind: 'refused', refusal};
  return {kind: 'full', missing, refusal};
}

/** Phase 2 calls hops distrusted that this answer avoids; if they reported that they are full, room is what is missing. */
function asRefused({lastRefusal}: Answer, layers: MissingLayers): MissingLayers {
  const isForRoom = layers.why === 'distrusted' && lastRefusal !== null && isFull(lastRefusal);
  const {startLayer, endLayer} = layers;
  return isForRoom ? {startLayer, endLayer, why: 'full'} : layers;
}

function hasBegun({tokenIds}: Answer): boolean {
  return tokenIds.length > 0;
}

/** A cache is of use only to the layers that filled it. */
function isSameHop(a: Hop, b: Hop): boolean {
  return a.peerId === b.peerId && a.startLayer === b.startLayer && a.endLayer === b.endLayer;
}
