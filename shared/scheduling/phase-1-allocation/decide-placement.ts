import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {PeerId} from '#shared/ids.ts';
import type {MissingLayers} from '../scheduling-event.ts';
import {hashText} from '../seeded-choice.ts';
import type {PlacedShard, PlacementClaim, SnapshotNode, SwarmSnapshot} from '../swarm-snapshot.ts';
import {bestShard, placementOrder, worthOf} from './best-shard.ts';
import {addShard, emptyCoverage, gapsOf, type Coverage} from './coverage.ts';
import type {AllocationTarget} from './allocation-target.ts';

/** A claim of this age has been seen by all: loading may begin, and nobody disputes it. */
export const CLAIM_SETTLE_MS = 2500;
/** A disputed claim is given up only for a place worth this many times as much. */
const WITHDRAW_GAIN = 2;

export type PlacementInput = {
  readonly snapshot: SwarmSnapshot;
  readonly model: CutGrid;
  readonly self: PeerId;
  readonly target: AllocationTarget;
};

/** What a node does next about its own layers. */
export type PlacementDecision =
  | {readonly kind: 'keep'; readonly why: string}
  | {readonly kind: 'claim'; readonly shard: PlacedShard; readonly why: string}
  | {readonly kind: 'withdraw'; readonly why: string}
  | {
      readonly kind: 'wait' | 'spare';
      readonly why: string;
      readonly missing: readonly MissingLayers[];
    };

/**
 * Phase 1 as advice to oneself: what node `self` should hold, given what the
 * others hold and have claimed. Acts on nobody else; standing shards and
 * others' claims are respected.
 */
export function decidePlacement(input: PlacementInput): PlacementDecision {
  const node = nodeOf(input.snapshot, input.self);
  if (node === null) return {kind: 'wait', why: 'own record not seen', missing: []};
  if (node.claim !== null) return reviewClaim(input, node, node.claim);
  if (node.shards.length > 0) return {kind: 'keep', why: 'serving'};
  return choosePlace(input, node);
}

function nodeOf({nodes, indexOf}: SwarmSnapshot, id: PeerId): SnapshotNode | null {
  return nodes[indexOf.get(id) ?? -1] ?? null;
}

/** Everything but `self`: shards, and the claims that `counts` lets through. */
function coverageWithout(
  {snapshot, model, self}: PlacementInput,
  counts: (node: SnapshotNode, claim: PlacementClaim) => boolean,
): Coverage {
  const coverage = emptyCoverage(model);
  for (const node of snapshot.nodes) {
    if (node.nodeId === self) continue;
    if (node.claim !== null && counts(node, node.claim)) addShard(coverage, node, node.claim);
    else for (const shard of node.shards) addShard(coverage, node, shard);
  }
  return coverage;
}

/** Unplaced nodes choose in one order that all know; `self` takes what comes to it. */
function choosePlace(input: PlacementInput, self: SnapshotNode): PlacementDecision {
  const coverage = coverageWithout(input, () => true);
  const waiting = input.snapshot.nodes
    .filter(({shards, claim}) => shards.length === 0 && claim === null)
    .toSorted(placementOrder);
  for (const node of waiting) {
    const best = bestShard(coverage, node);
    if (node.nodeId === self.nodeId) {
      if (best === null) break;
      const isGap = best.worth >= 1e6;
      return {kind: 'claim', shard: best.shard, why: isGap ? 'nobody serves it' : 'least served'};
    }
    if (best !== null) addShard(coverage, node, best.shard);
  }
  const missing = gapsOf(coverage).map((gap) => ({...gap, why: 'no-node' as const}));
  return {kind: 'spare', why: 'too little memory for one cell', missing};
}

/** Lowest hash of id and epoch wins: an order that nobody can choose. */
function claimRank(nodeId: PeerId, {epoch}: PlacementClaim): number {
  return hashText(`${nodeId}:${String(epoch)}`);
}

function reviewClaim(
  input: PlacementInput,
  self: SnapshotNode,
  own: PlacementClaim,
): PlacementDecision {
  const nowMs = input.snapshot.takenAtMs;
  const isSettled = (claim: PlacementClaim) => nowMs - claim.claimedAtMs >= CLAIM_SETTLE_MS;
  if (isSettled(own)) return {kind: 'keep', why: 'loading'};
  const ownRank = claimRank(self.nodeId, own);
  const coverage = coverageWithout(
    input,
    (node, claim) => isSettled(claim) || claimRank(node.nodeId, claim) < ownRank,
  );
  const best = bestShard(coverage, self);
  const worth = worthOf(coverage, self, own);
  if (best === null || best.worth < worth * WITHDRAW_GAIN) return {kind: 'keep', why: 'claimed'};
  return {kind: 'withdraw', why: 'an earlier claim covers it'};
}
