import {seededRandom} from '#shared/scheduling/seeded-choice.ts';
import type {PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';
import type {SwarmScript} from '../swarm-script.ts';
import type {NodeDraw} from './draw-node.ts';
import {joinStorm} from './membership-scripts.ts';
import {steadyRequests} from './steady-requests.ts';

const TABS = 20;
/** Two of the six cells, wherever they are: three ranges make the model. */
const EQUAL_TABS: Partial<NodeDraw> = {capacityLayers: [11, 11], decodeMs: [1, 1]};
/** Long enough for a tab that sees itself crowded to move, and for its answers to end before. */
const DURATION_MS = 120_000;
const REQUESTS = {
  count: 40,
  clients: 4,
  perSec: 2,
  fromMs: 30_000,
  promptTokens: 8,
  newTokens: 16,
};

/** Twenty equal tabs for 30 layers, each with room for 10, that join within a second; then 40 requests. */
export function equalTabsJoin(seed: number): SwarmScript {
  const requests = steadyRequests(REQUESTS, seededRandom(seed));
  const joining = {seed, nodes: TABS, durationMs: DURATION_MS, draw: EQUAL_TABS};
  return {...joinStorm(joining), requests};
}

/** The same tabs, joining one every two seconds: each sees some of those before it. */
export function equalTabsJoinOneByOne(seed: number): SwarmScript {
  const script = equalTabsJoin(seed);
  const nodes = script.nodes.map((start, at) => ({...start, joinsMs: 2_000 * at}));
  return {...script, nodes, requests: [], durationMs: 2_000 * TABS + DURATION_MS};
}

/** The same tabs, serving 12, 4 and 4 times the three ranges, as if none had seen the others. */
export function equalTabsBadlySpread(seed: number): SwarmScript {
  const script = equalTabsJoin(seed);
  const nodes = script.nodes.map((start, at) => ({...start, shard: badlySpread(at)}));
  return {...script, nodes};
}

function badlySpread(at: number): PlacedShard {
  const range = Math.max(0, Math.ceil((at - 11) / 4));
  const startLayer = 10 * range;
  return {startLayer, endLayer: startLayer + 10, embedding: range === 0, lmHead: range === 2};
}
