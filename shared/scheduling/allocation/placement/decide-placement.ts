import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {PeerId} from '#shared/base/ids.ts';
import {MOST_CLAIM_MS, type ClaimLimit} from '../../claim-limit.ts';
import type {MissingLayers} from '../../scheduling-event.ts';
import {hashText} from '../../seeded-choice.ts';
import {steadySnapshot} from '../../steady-speed.ts';
import type {
  PlacedShard,
  PlacementClaim,
  SnapshotNode,
  SwarmSnapshot,
} from '../../swarm-snapshot.ts';
import type {AllocationTarget} from '../allocation-target.ts';
import {bestShard, placementOrder, worthOf} from '../best-shard.ts';
import {addNode, addShard, emptyCoverage, gapsOf, type Coverage} from '../coverage.ts';
import {doesFit} from '../fitting-range.ts';
import {joinTogether, type JoinQuestion} from '../planner/join-together.ts';
import {evenOut, isUneven} from './even-out.ts';
import {CLAIM_SETTLE_MS, isFresh} from './heard-lately.ts';
import {isWaiting, mayReplace, repairShard, repairsOf} from './repair.ts';
import {withoutOverdueClaims} from './without-overdue-claims.ts';
import {withoutSilentNodes} from './without-silent-nodes.ts';

/** A claim is given up when outranking ones make it worth this much less, and another place more. */
const WITHDRAW_GAIN = 2;
/**
 * A tab that serves moves only when so many stay behind for a scarcer place with `replicas`. Up to
 * six a place that is one more, so a small swarm gets within one of even; a large one does not move for little.
 */
const crowdedFrom = (replicas: number) => 1.75 * replicas - 3.5;
/** A claim costs nothing yet: one replica more is enough to claim something else. */
const oneMore = (replicas: number) => replicas + 1;
/** So many tabs set out at once to even the swarm out: the others see first what it brings. */
const MOST_MOVES = 4;

export type PlacementInput = {
  readonly snapshot: SwarmSnapshot;
  readonly model: CutGrid;
  readonly self: PeerId;
  readonly target: AllocationTarget;
  /** How long a claim may last; by default as long as for the largest model. */
  readonly claimLimit?: ClaimLimit;
  /** What this node remembers of the claims of others; by default nothing. */
  readonly claimedMs?: (nodeId: PeerId) => number;
};

/** What a node does next about its own layers. */
export type PlacementDecision =
  | {readonly kind: 'keep'; readonly why: string}
  | {readonly kind: 'claim'; readonly shard: PlacedShard; readonly why: string}
  /** Nothing is missing, but it would help much more elsewhere: to be claimed when that lasts. */
  | {readonly kind: 'even-out'; readonly shard: PlacedShard; readonly why: string}
  | {readonly kind: 'withdraw'; readonly why: string}
  | {
      readonly kind: 'wait' | 'spare';
      readonly why: string;
      readonly missing: readonly MissingLayers[];
    };

/**
 * Phase 1 as advice to oneself: what node `self` should hold, given what the
 * others hold and have claimed. Acts on nobody else. What is settled stays: a
 * serving node moves only to close a gap that no waiting node closes, or out of
 * a crowded place to a scarce one (`even-out.ts`), and only when what it drops
 * has a settled replica, on a node heard of lately. So a stable swarm never
 * moves, and a departure reloads no more than the layers that went away with it.
 *
 * The caller publishes a claim, keeps asking, loads once the claim is
 * `CLAIM_SETTLE_MS` old, and serves its old shards until the new one is ready.
 * It asks once more right before it drops them: others may have left meanwhile.
 * Claims of others count as long as loading may take (`claim-limit.ts`), and
 * what they serve as long as they are heard of or reached (`without-silent-nodes.ts`).
 * Reads the snapshot in steps and without load (`steadySnapshot`).
 * O(N · cells) for a serving node, a small plan of the waiting nodes for one
 * that waits.
 */
export function decidePlacement(asked: PlacementInput): PlacementDecision {
  const {self, claimLimit = () => MOST_CLAIM_MS, claimedMs = () => 0} = asked;
  const steady = withoutSilentNodes(steadySnapshot(asked.snapshot), self);
  const snapshot = withoutOverdueClaims(steady, {self, limit: claimLimit, claimedMs});
  const input = {...asked, snapshot};
  const node = snapshot.nodes[snapshot.indexOf.get(self) ?? -1];
  if (node === undefined) return {kind: 'wait', why: 'its own record is on its way', missing: []};
  if (node.claim !== null) return reviewClaim(input, node, node.claim);
  return node.shards.length > 0 ? repairOrKeep(input, node) : takePlace(input, node);
}

type Counts = (node: SnapshotNode, claim: PlacementClaim) => boolean;
const all: Counts = () => true;

/** What everybody but `self` serves, a claim that counts in place of the shards beside it. */
function coverageByOthers({snapshot, model, self}: PlacementInput, counts: Counts): Coverage {
  const coverage = emptyCoverage(model);
  for (const node of snapshot.nodes) {
    if (node.nodeId !== self) addNode(coverage, node, counts);
  }
  return coverage;
}

function takePlace(input: PlacementInput, self: SnapshotNode): PlacementDecision {
  const {placed, coverage, hadGaps} = planTogether(input, self) ?? planRest(input, self);
  const shard = placed.get(self.nodeId);
  if (shard !== undefined && doesFit(self.capacityLayers, shard)) {
    return {kind: 'claim', shard, why: hadGaps ? 'nobody serves it' : 'least served'};
  }
  const missing = gapsOf(coverage).map((gap) => ({...gap, why: 'no-node' as const}));
  return {kind: 'spare', why: 'too little memory for one cell', missing};
}

type JointPlan = {
  readonly placed: ReadonlyMap<PeerId, PlacedShard>;
  /** What will be served. */
  readonly coverage: Coverage;
  readonly hadGaps: boolean;
};

function planFor({coverage, waiting, target}: JoinQuestion): JointPlan {
  const hadGaps = gapsOf(coverage).length > 0;
  return {placed: joinTogether({coverage, waiting, target}), coverage, hadGaps};
}

/**
 * The plan of all that join together, those included that have claimed already: so it does
 * not matter who is first, nor who of equals takes which place. `null` when one of them has
 * claimed by another plan.
 */
function planTogether(input: PlacementInput, self: SnapshotNode): JointPlan | null {
  const {nodes} = input.snapshot;
  const joining = nodes.filter(({shards}) => shards.length === 0);
  const serving = coverageByOthers(input, ({shards}) => shards.length > 0);
  const plan = planFor({coverage: serving, waiting: joining, target: input.target});
  const placed = leftByClaims(plan.placed, joining);
  const own = placed?.get(self.nodeId);
  if (placed === null || (own !== undefined && !doesFit(self.capacityLayers, own))) return null;
  return {...plan, placed};
}

/** The places that no claim has taken; whose place another took has the other's instead. */
function leftByClaims(
  planned: ReadonlyMap<PeerId, PlacedShard>,
  joining: readonly SnapshotNode[],
): ReadonlyMap<PeerId, PlacedShard> | null {
  const left = new Map(planned);
  for (const {nodeId, claim} of joining) {
    if (claim === null) continue;
    const own = left.get(nodeId);
    left.delete(nodeId);
    if (isSamePlace(own, claim)) continue;
    const other = [...left].find(([, shard]) => isSamePlace(shard, claim));
    if (other === undefined) return null;
    if (own === undefined) left.delete(other[0]);
    else left.set(other[0], own);
  }
  return left;
}

/**
 * What is left for those that wait when all that was claimed is taken. As tabs claim one after the
 * other the plan of the rest starts from scratch each time, so the own place in it may be a crowded one.
 */
function planRest(input: PlacementInput, self: SnapshotNode): JointPlan {
  const {snapshot, target} = input;
  const waiting = snapshot.nodes.filter(isWaiting);
  const plan = planFor({coverage: coverageByOthers(input, all), waiting, target});
  const shard = plan.placed.get(self.nodeId);
  if (shard === undefined) return plan;
  const movable = [{node: self, shard}];
  const moved = evenOut({coverage: plan.coverage, movable, leastBehind: oneMore, mostMoves: 1});
  return {...plan, placed: new Map([...plan.placed, ...moved])};
}

function isSamePlace(shard: PlacedShard | undefined, claim: PlacementClaim): boolean {
  return shard?.startLayer === claim.startLayer && shard.endLayer === claim.endLayer;
}

function repairOrKeep(input: PlacementInput, self: SnapshotNode): PlacementDecision {
  const {snapshot, target} = input;
  const coverage = coverageByOthers(input, all);
  for (const shard of self.shards) addShard(coverage, self, shard);
  if (gapsOf(coverage).length === 0) return evenOutOrKeep(input, self, coverage);
  const shard = repairShard(repairsOf({snapshot, coverage, target}), self);
  if (shard === null) return {kind: 'keep', why: 'others close the gap'};
  return {kind: 'claim', shard, why: 'nobody else closes the gap'};
}

/** Adds what those will bring that wait for a place: they go to where they are needed most. */
function placeWaiting({snapshot}: PlacementInput, coverage: Coverage): void {
  for (const node of snapshot.nodes.filter(isWaiting).toSorted(placementOrder)) {
    const best = bestShard(coverage, node);
    if (best !== null) addShard(coverage, node, best.shard);
  }
}

/** @param coverage what everybody serves or has claimed. */
function evenOutOrKeep(
  input: PlacementInput,
  self: SnapshotNode,
  coverage: Coverage,
): PlacementDecision {
  const keep = {kind: 'keep', why: 'all layers are served'} as const;
  const own = self.shards[0];
  const question = {coverage, leastBehind: crowdedFrom, mostMoves: MOST_MOVES};
  if (own === undefined || self.shards.length > 1 || !isUneven(question)) return keep;
  placeWaiting(input, coverage);
  const movable = input.snapshot.nodes
    .filter((node) => node.claim === null && isFresh(node, input.snapshot))
    .flatMap((node) =>
      node.shards.length === 1 ? node.shards.map((shard) => ({node, shard})) : [],
    )
    .toSorted((a, b) => hashText(a.node.nodeId) - hashText(b.node.nodeId));
  const shard = evenOut({...question, movable}).get(self.nodeId);
  if (shard === undefined) return keep;
  const relied = reliedOn(input, () => true);
  if (!mayReplace(relied, own, shard)) return keep;
  return {kind: 'even-out', shard, why: 'fewer serve these layers'};
}

/** Lowest hash of id and epoch wins: an order that nobody can choose. */
function claimRank(nodeId: PeerId, {epoch}: PlacementClaim): number {
  return hashText(`${nodeId}:${String(epoch)}`);
}

/** What others go on to serve. @param isLeaving whose claim means that its shards are about to go. */
function reliedOn({snapshot, model, self}: PlacementInput, isLeaving: Counts): Coverage {
  const relied = emptyCoverage(model);
  for (const node of snapshot.nodes) {
    if (node.nodeId === self || !isFresh(node, snapshot)) continue;
    if (node.claim !== null && isLeaving(node, node.claim)) continue;
    for (const shard of node.shards) addShard(relied, node, shard);
  }
  return relied;
}

function reviewClaim(
  input: PlacementInput,
  self: SnapshotNode,
  own: PlacementClaim,
): PlacementDecision {
  const nowMs = input.snapshot.takenAtMs;
  const ownRank = claimRank(self.nodeId, own);
  const isSettled = (claim: PlacementClaim) => nowMs - claim.claimedAtMs >= CLAIM_SETTLE_MS;
  const outranks: Counts = (node, claim) =>
    isSettled(claim) || claimRank(node.nodeId, claim) < ownRank;
  const relied = reliedOn(input, (node, claim) => isSettled(own) || outranks(node, claim));
  if (!self.shards.every((shard) => mayReplace(relied, shard, own))) {
    return {kind: 'withdraw', why: 'what it would drop has no other replica'};
  }
  if (isSettled(own)) return {kind: 'keep', why: 'loading'};
  if (isCrowdedOut(input, self, isSettled)) {
    return {kind: 'withdraw', why: 'others have claimed enough of these layers'};
  }
  const coverage = coverageByOthers(input, outranks);
  const best = bestShard(coverage, self);
  const worth = worthOf(coverage, self, own);
  const settled = coverageByOthers(input, (_, claim) => isSettled(claim));
  const isTaken = worthOf(settled, self, own) > worth * WITHDRAW_GAIN;
  if (!isTaken || best === null || best.worth < worth * WITHDRAW_GAIN) {
    return {kind: 'keep', why: 'claimed'};
  }
  return {kind: 'withdraw', why: 'an earlier claim covers it'};
}

/** Whether of all fresh claims this one should be for other layers: the last in rank go first. */
function isCrowdedOut(
  input: PlacementInput,
  self: SnapshotNode,
  isSettled: (claim: PlacementClaim) => boolean,
): boolean {
  const coverage = coverageByOthers(input, all);
  addNode(coverage, self, all);
  const movable = input.snapshot.nodes
    .flatMap((node) =>
      node.claim === null || isSettled(node.claim) ? [] : [{node, shard: node.claim}],
    )
    .toSorted((a, b) => claimRank(b.node.nodeId, b.shard) - claimRank(a.node.nodeId, a.shard));
  placeWaiting(input, coverage);
  const mostMoves = movable.length;
  return evenOut({coverage, movable, leastBehind: oneMore, mostMoves}).has(self.nodeId);
}
