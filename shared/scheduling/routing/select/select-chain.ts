import type {PeerId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {busyLevelMs, linkMs} from '../../cost-model.ts';
import {seededRandom, type NextRandom} from '../../seeded-choice.ts';
import type {SwarmSnapshot} from '../../swarm-snapshot.ts';
import type {Chain, ChainHop, RouteOverlay, RouteRequest, RouteResult} from '../chain.ts';
import {idleStepMs} from '../load/idle-step.ts';
import {missingLayers} from '../missing-layers.ts';
import {guessUnseen} from '../load/guess-unseen.ts';
import {chargeWaiting} from '../load/charge-waiting.ts';
import {nodeCosts, type NodeCosts} from '../node-costs.ts';
import {placedLevel} from '../load/placed-level.ts';
import {routeIndexOf, type RouteIndex} from '../route-index.ts';
import {doubtCosts} from '../trust/doubt-costs.ts';
import {ordinaryNode} from '../trust/ordinary-node.ts';
import {realAt} from '../../table-access.ts';
import {hopsOf, searchChains, type FoundChain} from '../search-chains.ts';

/** For a layer: more than all layers of a chain that does without, and more than all of restrained nodes. */
const RESTRAINED_MS = 1e6;
const SHUNNED_MS = 1e9;

/** A chain without those that had their share may take so many times as long as one of ordinary nodes. */
const MOST_DETOUR = 3;

/** Chains up to this factor of the best count as equal: load is spread over them. */
const NEAR_EQUAL = 1.03;

export type RouteInput = {
  readonly snapshot: SwarmSnapshot;
  readonly model: CutGrid;
  readonly request: RouteRequest;
  readonly overlay: RouteOverlay;
  /** Decides among near-equal chains. */
  readonly seed: number;
};

/**
 * Phase 2: a chain with (nearly) the least predicted time for one decode step.
 *
 * Entry and exit at any boundary of a node's range; the link from tail back to
 * head counts, and so do the sessions that are there and the way of the prompt
 * over slow uplinks. Among chains within a few
 * percent of the best the seed chooses, in proportion to free capacity. Nodes that failed this
 * client lately are asked only where no chain does without them. The
 * head holds the embedding, the tail the LM head. Source: Parallax, arXiv
 * 2509.26182, phase 2.
 *
 * @returns `gap` when nobody serves some layer: an ordinary outcome under
 *   churn, so a value, not an error.
 */
export function selectChain(input: RouteInput): RouteResult {
  const {overlay} = input;
  const result = selectAmongOthers(input);
  if (result.kind === 'chain') {
    return overlay.restrained.size === 0 ? result : withoutLongDetour(input, result);
  }
  if (overlay.shunned.size + overlay.restrained.size === 0) return result;
  return selectAmongOthers({...input, overlay: withNeeded(input)});
}

/** The share of a node protects from what it claims; as an ordinary node it claims nothing. */
function withoutLongDetour(input: RouteInput, detour: Chain): Chain {
  const {overlay, snapshot, model} = input;
  const {layerMs, hopMs, linkMs: wayMs, layersHeld} = ordinaryNode(snapshot);
  const {layerCount} = model;
  const ordinaryMs = layerCount * layerMs + Math.ceil(layerCount / layersHeld) * (hopMs + wayMs);
  if (detour.stepMs <= MOST_DETOUR * ordinaryMs) return detour;
  const earned = new Map(overlay.trust?.earned);
  for (const nodeId of overlay.restrained) earned.set(nodeId, 0);
  const trust = {ofStrangers: overlay.trust?.ofStrangers ?? 1, earned};
  const direct = selectAmongOthers({...input, overlay: {...overlay, restrained: new Set(), trust}});
  const isFaster = direct.kind === 'chain' && direct.loadedStepMs < detour.loadedStepMs;
  return isFaster ? direct : detour;
}

/** Without those of the shunned and the restrained that some chain needs: as few as can be, restrained ones first. */
function withNeeded({snapshot, model, request, overlay}: RouteInput): RouteOverlay {
  const {shunned, restrained} = overlay;
  const index = routeIndexOf(snapshot, model);
  const nobody = new Set<PeerId>();
  const asked = {...overlay, shunned: nobody, restrained: nobody};
  const costs = costsOf(snapshot, request, asked);
  for (const [at, {nodeId}] of snapshot.nodes.entries()) {
    // By layer: a single hop that holds everything is no better than several.
    const dearMs = shunned.has(nodeId) ? SHUNNED_MS : restrained.has(nodeId) ? RESTRAINED_MS : 0;
    costs.layerMs[at] = realAt(costs.idleLayerMs, at) + realAt(costs.doubtLayerMs, at) + dearMs;
  }
  const [best] = searchChains(index, costs, 1);
  // Layers that only these serve are not what is missing.
  if (best === undefined) return asked;
  const needed = new Set(hopsOf(best, index).map((hop) => hop.nodeId));
  const isSpared = (nodeId: PeerId) => !needed.has(nodeId);
  return {
    ...overlay,
    shunned: new Set([...shunned].filter(isSpared)),
    restrained: new Set([...restrained].filter(isSpared)),
  };
}

function costsOf(snapshot: SwarmSnapshot, request: RouteRequest, overlay: RouteOverlay): NodeCosts {
  const costs = nodeCosts(snapshot, request, overlay);
  if (overlay.trust !== null) doubtCosts(costs, snapshot, overlay.trust);
  return costs;
}

function selectAmongOthers(input: RouteInput): RouteResult {
  const {snapshot, request, overlay} = input;
  const index = routeIndexOf(snapshot, input.model);
  const random = seededRandom(input.seed);
  const idleMs = idleStepMs(index);
  const costs = costsOf(snapshot, request, overlay);
  const {unseenSessions} = overlay;
  const levelOf = unseenSessions > 0 ? placedLevel(index, idleMs) : busyLevelMs;
  guessUnseen({index, costs, idleMs, levelOf, random, unseenSessions});
  chargeWaiting(costs, {idleMs, busyMs: levelOf(costs.workMs)});
  const found = searchChains(index, costs, NEAR_EQUAL);
  const chosen = chooseSpread(found, index, costs, random);
  if (chosen === null) {
    return {kind: 'gap', missing: missingLayers(snapshot, input.model, costs)};
  }
  const hops = hopsOf(chosen, index);
  return {
    kind: 'chain',
    hops,
    stepMs: unloadedStepMs(hops, snapshot, costs),
    loadedStepMs: chosen.loadedMs,
    nearEqual: found.length,
  };
}

/** One of the near-equal chains, the likelier the less its busiest node has to do. */
function chooseSpread(
  found: readonly FoundChain[],
  index: RouteIndex,
  costs: NodeCosts,
  random: NextRandom,
): FoundChain | null {
  const weights = found.map(({holdings}) => {
    const busiestMs = Math.max(...holdings.map((s) => costs.workMs[index.nodeOf[s] ?? 0] ?? 0));
    return 1 / (1 + busiestMs);
  });
  let at = random() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [k, chain] of found.entries()) {
    at -= weights[k] ?? 0;
    if (at < 0) return chain;
  }
  return found.at(-1) ?? null;
}

function unloadedStepMs(
  hops: readonly ChainHop[],
  snapshot: SwarmSnapshot,
  costs: NodeCosts,
): number {
  const at = hops.map(({nodeId}) => snapshot.indexOf.get(nodeId) ?? 0);
  return hops.reduce((sum, {startLayer, endLayer}, k) => {
    const node = at[k] ?? 0;
    const next = at[(k + 1) % at.length] ?? 0;
    const layersMs = (endLayer - startLayer) * (costs.idleLayerMs[node] ?? 0);
    const wayMs = hops.length > 1 ? linkMs(snapshot.rttMs(node, next)) : 0;
    return sum + layersMs + (costs.idleHopMs[node] ?? 0) + wayMs;
  }, 0);
}
