import type {PeerId} from '#shared/base/ids.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import type {ChainHop, RouteResult} from '#shared/scheduling/routing/chain.ts';
import {rerouteChain} from '#shared/scheduling/routing/select/reroute-chain.ts';
import {selectChain, type RouteInput} from '#shared/scheduling/routing/select/select-chain.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';
import type {GenerationRequest} from './reader-event.ts';

export type ChainChoice<H extends Hop = Hop> =
  | {readonly kind: 'chain'; readonly hops: readonly H[]; readonly stepMs: number}
  | {readonly kind: 'gap'; readonly missing: readonly MissingLayers[]};

/** What is asked of phase 2, and what this answer has already. */
export type ChainWish = {
  readonly request: GenerationRequest;
  /** Peers that have just refused or were lost. */
  readonly avoid: ReadonlySet<PeerId>;
  /** Hops that hold a cache of this answer; empty for a new one. */
  readonly warm: readonly Hop[];
};

export type AnswerRoute = Omit<RouteInput, 'request'> & {
  readonly wish: ChainWish;
  /** Of one token, on the wire; without it links take no time for their bytes. */
  readonly hiddenStateBytes?: number;
  /** Chooses a wholly new chain; `selectChain`, unless another way is being compared with it. */
  readonly chooseChain?: (input: RouteInput) => RouteResult;
};

/** Phase 2 for one answer: a new chain, or one that goes on with the hops whose caches are warm. */
export function routeAnswer(route: AnswerRoute): ChainChoice {
  const {wish, hiddenStateBytes, chooseChain = selectChain, ...known} = route;
  const {request, avoid, warm} = wish;
  const input: RouteInput = {
    ...known,
    request: {
      promptTokens: request.promptTokenIds.length,
      newTokens: request.maxNewTokens,
      whenFull: 'refuse',
      ...(hiddenStateBytes === undefined ? {} : {hiddenStateBytes}),
    },
  };
  const result =
    warm.length === 0
      ? chooseChain(input)
      : rerouteChain({...input, hops: warm.map(toChainHop), lost: avoid});
  if (result.kind === 'gap') return result;
  return {kind: 'chain', hops: result.hops.map(toHop), stepMs: result.stepMs};
}

/** A hop as phase 2 names it. */
export function toChainHop({peerId, startLayer, endLayer}: Hop): ChainHop {
  return {nodeId: peerId, startLayer, endLayer};
}

/** A hop as the wire names it. */
function toHop({nodeId, startLayer, endLayer}: ChainHop): Hop {
  return {peerId: nodeId, startLayer, endLayer};
}
