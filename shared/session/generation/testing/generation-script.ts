import {asPeerId, type PeerId} from '#shared/base/ids.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import type {AvoidedWhy} from '#shared/scheduling/routing/chain.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {GenerationStep} from '../state/generation-action.ts';
import type {SeenEvent} from '../state/generation-event.ts';
import {GENERATION_LIMITS, type GenerationTask} from '../state/generation-task.ts';
import {startGeneration, stepGeneration} from '../step-generation.ts';

/** A hop by its name. */
export const hop = (name: string, startLayer: number, endLayer: number): Hop => ({
  peerId: asPeerId(name),
  startLayer,
  endLayer,
});
export const [A, B, C, D] = [hop('a', 0, 2), hop('b', 2, 4), hop('c', 4, 6), hop('d', 2, 4)];

export function task(differences: Partial<GenerationTask> = {}): GenerationTask {
  return {
    promptTokenIds: [11, 12, 13, 14, 15],
    maxNewTokens: 4,
    sampling: {temperature: 0, topLogprobs: 0},
    endTokenIds: [99],
    vocabularySize: 100,
    contextTokens: 1_000,
    pieceTokens: 2,
    limits: GENERATION_LIMITS,
    ...differences,
  };
}

/** The peers that a choice of chain does without, by name, and why. */
export const avoided = (whys: Readonly<Record<string, AvoidedWhy>>) =>
  new Map(Object.entries(whys));

type TimedEvent = SeenEvent & {readonly nowMs?: number};

/** The last step of an answer to which this happened; what it reports of its hops is in `reportsOf`. */
export function after(what: GenerationTask, ...events: readonly TimedEvent[]): GenerationStep {
  const {state, actions} = lastStep(what, events);
  return {state, actions: actions.filter(({kind}) => kind !== 'report')};
}

/** What the last step reports, as `hop: conduct`, with a `?` where it is not certain. */
export function reportsOf(what: GenerationTask, ...events: readonly TimedEvent[]): string[] {
  return lastStep(what, events).actions.flatMap((action) => {
    if (action.kind !== 'report') return [];
    const {peerId, conduct} = action;
    const doubt = conduct.kind === 'finished' || conduct.isCertain ? '' : '?';
    return [`${peerId}: ${conduct.kind}${doubt}`];
  });
}

function lastStep(what: GenerationTask, events: readonly TimedEvent[]): GenerationStep {
  return events.reduce<GenerationStep>(
    (step, event) => stepGeneration(step.state, {nowMs: 0, ...event}),
    startGeneration(what),
  );
}

export const chain = (...hops: readonly Hop[]) =>
  ({kind: 'chain', hops, stepMs: 10, promptTokenMs: 1}) as const;
export const gap = (why: MissingLayers['why']) =>
  ({kind: 'gap', missing: [{startLayer: 0, endLayer: 6, why}]}) as const;
export const ready = (epoch: number, ...inputFrom: readonly number[]) =>
  ({kind: 'ready', epoch, inputFrom}) as const;
export const fed = (epoch: number) => ({kind: 'fed', epoch}) as const;
export const tokens = (epoch: number, position: number, ...tokenIds: readonly number[]) =>
  ({
    kind: 'tokens',
    epoch,
    position,
    tokens: tokenIds.map((tokenId) => ({tokenId, logprob: 0, top: []})),
  }) as const;
export const refused = (epoch: number, code: RefusalCode, peerId: PeerId | null) =>
  ({kind: 'refused', epoch, refusal: {code, peerId}}) as const;

/** Until two tokens are shown over A, B and C. */
export const TWO_SHOWN = [
  chain(A, B, C),
  ready(0, 0, 0, 0),
  fed(0),
  fed(0),
  fed(0),
  tokens(0, 5, 21),
  tokens(0, 6, 22),
];
