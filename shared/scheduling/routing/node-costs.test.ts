import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {addedStepMs, fullBatchOf, hopTokensPerSec} from '../cost-model.ts';
import {snapshotOfNodes, type SnapshotNode} from '../swarm-snapshot.ts';
import {EMPTY_OVERLAY, type RouteOverlay} from './chain.ts';
import {chargeWaiting} from './load/charge-waiting.ts';
import {addSessions, nodeCosts} from './node-costs.ts';

/** Two layers: alone 2 × 4 + 5 = 13 ms, of which a session more adds 2 × 1 + 3 = 5 and all take 8 once. */
function nodeWith(differences: Partial<SnapshotNode> = {}): SnapshotNode {
  return snapshotNode('a', {
    decodeMsPerLayer: {fixedMs: 3, perSessionMs: 1},
    hopOverheadMs: 5,
    hopFixedMs: 2,
    shards: [shard(0, 2, 4)],
    ...differences,
  });
}

const REQUEST = {promptTokens: 0, newTokens: 0, whenFull: 'queue'} as const;
const A = asPeerId('a');

function costsOf(nodes: readonly SnapshotNode[], overlay: Partial<RouteOverlay> = {}) {
  const snapshot = snapshotOfNodes(nodes, 0);
  return {snapshot, costs: nodeCosts(snapshot, REQUEST, {...EMPTY_OVERLAY, ...overlay})};
}

function workMs(openSessions: number, overlay?: Partial<RouteOverlay>): number | undefined {
  return costsOf([nodeWith({openSessions})], overlay).costs.workMs[0];
}

test('[RT17] what the sessions of a node take once is work once, and each adds its own part', () => {
  expect([0, 1, 2].map((layers) => addedStepMs(nodeWith(), layers))).toEqual([3, 4, 5]);
  expect([0, 1, 3].map((sessions) => workMs(sessions))).toEqual([0, 13, 23]);
  const promised = new Map([[A, {sessions: 1, workMsPerToken: 5}]]);
  expect([0, 3].map((sessions) => workMs(sessions, {promised}))).toEqual([13, 28]);
});

test('[RT17] where layers run twice as slowly as a node says, both parts of them do', () => {
  // Alone 2 × 8 + 5 = 21 ms, of which each session adds 2 × 2 + 3 = 7.
  const observedMsPerLayer = new Map([[A, 8]]);
  expect([1, 3].map((sessions) => workMs(sessions, {observedMsPerLayer}))).toEqual([21, 35]);
});

test('[RT17] sessions that are placed one after the other share what a node takes once', () => {
  const {snapshot, costs} = costsOf([nodeWith()]);
  const place = (endLayer: number, sessions: number) => {
    addSessions(costs, snapshot, {hops: [{nodeId: A, startLayer: 0, endLayer}], sessions});
    return costs.workMs[0];
  };
  expect([place(2, 2), place(2, 1), place(1, 1)]).toEqual([18, 23, 27]);
});

test('[RT17] a session waits at a busy node for what it adds there, at an idle one for its own step', () => {
  const idle = {...nodeWith(), nodeId: asPeerId('b')};
  const {costs} = costsOf([nodeWith({openSessions: 3}), idle]);
  // A saturated swarm: the wait is B × (work / B)¹², and three tenths of it are of the hop.
  chargeWaiting(costs, {idleMs: 4, busyMs: 28});
  expect(costs.hopMs[0]).toBeCloseTo(5 + 0.3 * 28, 9);
  expect(costs.layerMs[0]).toBeCloseTo(4 + (0.7 * 28) / 2, 9);
  expect(costs.hopMs[1]).toBeCloseTo(5 + 0.3 * 28 * (13 / 28) ** 12, 9);
});

test('[RT17] as many sessions run as one as the engine takes, and no more than the node has room for', () => {
  expect([0, 3, 100].map((maxSessions) => fullBatchOf({maxSessions}))).toEqual([1, 3, 8]);
  const tokensPerSec = [1, 4, 100].map((maxSessions) =>
    hopTokensPerSec(nodeWith({maxSessions}), 2),
  );
  expect(tokensPerSec).toEqual([1000 / (8 + 5), 1000 / (8 / 4 + 5), 1000 / (8 / 8 + 5)]);
});
