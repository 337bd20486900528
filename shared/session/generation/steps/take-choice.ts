import type {Hop} from '#shared/protocol/control/open-session.ts';
import type {SampledToken} from '#shared/protocol/frame/sampled-token.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';
import {chooseWithFewerDoubts, toBeSought} from './choose-hops.ts';
import {endAsComplete, endAsFailed} from './end-answer.ts';
import type {GenerationAction, GenerationStep} from '../state/generation-action.ts';
import {
  hasBegun,
  tokenCountOf,
  type Answer,
  type FailureReason,
} from '../state/generation-state.ts';
import {openChain} from './open-chain.ts';

/** How soon an answer that found no room, or nobody to replace a lost hop, asks again. */
const LOOK_AGAIN_MS = 500;
/** How long an answer that has begun waits for layers that nobody will take over: its reader can do more about it. */
const GONE_PATIENCE_MS = 6_000;

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
  before: Answer,
  missing: readonly MissingLayers[],
  nowMs: number,
): GenerationStep {
  const reason = whyNever(before, missing);
  if (reason !== null) return endAsFailed(before, reason, []);
  // With fewer avoided, other layers are missing: those of whoever is avoided in place of the likely ones.
  const answer = before.needed.length === 0 ? {...before, missing} : before;
  const again = chooseWithFewerDoubts(answer);
  if (again !== null) return again;
  if (answer.emptyEnd !== null) return endAsEmpty(answer, answer.emptyEnd, nowMs);
  return waitForHops({...answer, needed: []}, nowMs);
}

function waitForHops(before: Answer, nowMs: number): GenerationStep {
  const {missing} = before;
  const answer = {
    ...before,
    waitsSinceMs: before.waitsSinceMs ?? nowMs,
    goneSinceMs: missing.some(isGone) ? (before.goneSinceMs ?? goneFrom(before, nowMs)) : null,
  };
  const patience = patienceOf(answer);
  if (patience !== null && nowMs >= patience.sinceMs + patience.patienceMs) {
    return endAsFailed(answer, whyInTheEnd(answer), []);
  }
  const sought = toBeSought(answer);
  const patienceMs = patience?.patienceMs ?? null;
  return {
    state: {
      kind: 'waiting',
      answer: {...answer, sought: new Set([...answer.sought, ...sought])},
      wakeAtMs:
        patience === null
          ? null
          : Math.min(nowMs + LOOK_AGAIN_MS, patience.sinceMs + patience.patienceMs),
    },
    actions: [
      // Whoever is back at once has cost the reader nothing but a moment.
      ...(patience !== null && sought.length > 0 ? [] : [tellWaiting(missing, patienceMs)]),
      ...sought.map((peerId) => ({kind: 'reach', peerId}) as const),
    ],
  };
}

/** Layers that are missing at once after chains that failed have been missing since the first of these did. */
function goneFrom({waitsSinceMs, failsSinceMs}: Answer, nowMs: number): number {
  return waitsSinceMs === null ? (failsSinceMs ?? nowMs) : nowMs;
}

function tellWaiting(
  missing: readonly MissingLayers[],
  patienceMs: number | null,
): GenerationAction {
  return {kind: 'tell', news: {kind: 'waiting', missing, patienceMs}};
}

/** There is nobody else to ask whether the answer is as empty as the only chain says. */
function endAsEmpty(answer: Answer, token: SampledToken, nowMs: number): GenerationStep {
  const whole = {...answer, tokenIds: [token.tokenId]};
  const {state, actions} = endAsComplete(whole, {
    hops: [],
    isWithoutHead: false,
    finishReason: 'stop',
    nowMs,
  });
  return {state, actions: [{kind: 'tell', news: {kind: 'token', token, atMs: nowMs}}, ...actions]};
}

/** Why it is no use to wait, or `null`. */
function whyNever(answer: Answer, missing: readonly MissingLayers[]): FailureReason | null {
  const mostKvTokens = missing.flatMap((layers) => layers.mostKvTokens ?? []);
  if (hasBegun(answer) || mostKvTokens.length === 0) return null;
  return {kind: 'too-long', mostKvTokens: Math.min(...mostKvTokens)};
}

/** How long it waits, and since when that counts; `null`: as long as its reader likes. */
function patienceOf(
  answer: Answer & {readonly waitsSinceMs: number},
): {readonly patienceMs: number; readonly sinceMs: number} | null {
  const {missing, waitsSinceMs, goneSinceMs, task} = answer;
  const {patienceMs} = task.limits;
  if (hasBegun(answer) && goneSinceMs !== null) {
    const isAwaited = missing.every((layers) => !isGone(layers) || layers.hasHeir === true);
    const mostMs = isAwaited ? patienceMs : Math.min(GONE_PATIENCE_MS, patienceMs);
    return {patienceMs: mostMs, sinceMs: goneSinceMs};
  }
  const isBounded = hasBegun(answer) || missing.every(({why}) => AVOIDED.has(why));
  return isBounded ? {patienceMs, sinceMs: waitsSinceMs} : null;
}

/** Somebody serves them, and does not serve this answer. */
const AVOIDED: ReadonlySet<MissingLayers['why']> = new Set([
  'full',
  'distrusted',
  'silent',
  'unreachable',
]);

/** Nobody who is there has them. */
function isGone({why}: MissingLayers): boolean {
  return why === 'no-node' || why === 'silent';
}

/** Nobody says that they will come; a link that takes long to open may. */
function isLost(layers: MissingLayers): boolean {
  return isGone(layers) || layers.why === 'unreachable';
}

function whyInTheEnd(answer: Answer): FailureReason {
  const {missing, lastRefusal: refusal} = answer;
  const lost = missing.filter(isLost);
  if (lost.length > 0) return {kind: 'lost', missing: lost, refusal};
  const isForRoom = !hasBegun(answer) && missing.every(({why}) => why === 'full');
  if (!isForRoom && refusal !== null) return {kind: 'refused', refusal, missing};
  return {kind: 'full', missing, refusal};
}

/** A cache is of use only to the layers that filled it. */
function isSameHop(a: Hop, b: Hop): boolean {
  return a.peerId === b.peerId && a.startLayer === b.startLayer && a.endLayer === b.endLayer;
}
