import {assert} from '#shared/base/assert.ts';
import type {PeerId} from '#shared/base/ids.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import {LIVE_TARGET} from '#shared/scheduling/allocation/allocation-target.ts';
import {hasHeir} from '#shared/scheduling/allocation/placement/has-heir.ts';
import type {AvoidedWhy, ChainHop, RouteResult} from '#shared/scheduling/routing/chain.ts';
import {rerouteChain, type RanLayers} from '#shared/scheduling/routing/select/reroute-chain.ts';
import {selectChain, type RouteInput} from '#shared/scheduling/routing/select/select-chain.ts';
import {promptTokenMsOf} from '#shared/scheduling/routing/prompt-token-ms.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';
import type {SwarmSnapshot} from '#shared/scheduling/swarm-snapshot.ts';
import type {RanHop} from '#shared/session/generation/state/generation-state.ts';
import type {GenerationRequest} from './reader-event.ts';

/** A hop as the wire names it, and the class of its engine. */
export type RoutedHop = Hop & {readonly engine: string};

export type ChainChoice<H extends Hop = Hop> =
  | {
      readonly kind: 'chain';
      readonly hops: readonly H[];
      readonly stepMs: number;
      readonly promptTokenMs: number;
    }
  | {readonly kind: 'gap'; readonly missing: readonly MissingLayers[]};

/** What is asked of phase 2, and what this answer has already. */
export type ChainWish = {
  readonly request: GenerationRequest;
  /** Peers that have just refused or were lost, and why nobody asks them. */
  readonly avoid: ReadonlyMap<PeerId, AvoidedWhy>;
  /** Hops that hold a cache of this answer; empty for a new one. */
  readonly warm: readonly Hop[];
  /** The chain of its last token; empty for a new one. */
  readonly ran: readonly RanHop[];
};

export type AnswerRoute = Omit<RouteInput, 'request'> & {
  readonly wish: ChainWish;
  /** The snapshot without those that have no record any more: they take no place of anybody's. */
  readonly listed: SwarmSnapshot;
  /** Of one token, on the wire; without it links take no time for their bytes. */
  readonly hiddenStateBytes?: number;
  /** Chooses a wholly new chain; `selectChain`, unless another way is being compared with it. */
  readonly chooseChain?: (input: RouteInput) => RouteResult;
};

/** Phase 2 for one answer: a new chain, or one that goes on with the hops whose caches are warm. */
export function routeAnswer(route: AnswerRoute): ChainChoice<RoutedHop> {
  const {wish, hiddenStateBytes, chooseChain = selectChain, ...known} = route;
  const {request, warm, ran} = wish;
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
    ran.length === 0
      ? chooseChain(input)
      : rerouteChain({
          ...input,
          warm: warm.map(toChainHop),
          ran: ran.map(toRanLayers),
        });
  if (result.kind === 'gap') return {kind: 'gap', missing: withHeirs(result.missing, route)};
  const {nodes, indexOf} = known.snapshot;
  const hops = result.hops.map(({nodeId, startLayer, endLayer}) => {
    const node = nodes[indexOf.get(nodeId) ?? -1];
    assert(node !== undefined, 'a chain is made of nodes of its snapshot');
    return {peerId: nodeId, startLayer, endLayer, engine: node.engineClass};
  });
  const promptTokenMs = promptTokenMsOf(known.snapshot, result.hops, hiddenStateBytes);
  return {kind: 'chain', hops, stepMs: result.stepMs, promptTokenMs};
}

/** Whether nobody is there to serve them. */
const isLeft = ({why}: MissingLayers) => why === 'no-node' || why === 'silent';

/** Of an answer that has begun, whether it need only wait for what it lacks. */
function withHeirs(
  missing: readonly MissingLayers[],
  {listed, model, wish: {ran, avoid}}: AnswerRoute,
): readonly MissingLayers[] {
  if (ran.length === 0 || !missing.some(isLeft)) return missing;
  const silent = new Set([...avoid].flatMap(([peerId, why]) => (why === 'silent' ? [peerId] : [])));
  if (!hasHeir({snapshot: listed, model, target: LIVE_TARGET}, silent)) return missing;
  return missing.map((layers) => (isLeft(layers) ? {...layers, hasHeir: true} : layers));
}

/** A hop as phase 2 names it. */
export function toChainHop({peerId, startLayer, endLayer}: Hop): ChainHop {
  return {nodeId: peerId, startLayer, endLayer};
}

function toRanLayers({startLayer, endLayer, engine}: RanHop): RanLayers {
  return {startLayer, endLayer, ...(engine !== undefined && {engineClass: engine})};
}
