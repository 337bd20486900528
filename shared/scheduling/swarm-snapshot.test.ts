import {expect, test} from 'vitest';
import {asPeerId} from '#shared/ids.ts';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {routeIndexOf} from './phase-2-routing/route-index.ts';
import {snapshotOfNodes} from './swarm-snapshot.ts';

const grid = {layerCount: 4, cutEvery: 2};
const all = snapshotNode('a', {shards: [shard(0, 4, 4)]});
const before = snapshotOfNodes([all, snapshotNode('b')], 0);

test('[SP1] a snapshot that differs in load only keeps what was worked out', () => {
  const nodes = [{...all, openSessions: 3, kvTokensFree: 7}, snapshotNode('b', {queuedSteps: 2})];
  const after = snapshotOfNodes(nodes, 1, before);
  expect(after).toEqual({...snapshotOfNodes(nodes, 1), rttMs: before.rttMs});
  expect(routeIndexOf(after, grid)).toBe(routeIndexOf(before, grid));
});

test.for([
  ['another shard', {shards: [shard(0, 2, 4)]}],
  ['another speed', {decodeMsPerLayer: {fixedMs: 2, perSessionMs: 0}}],
  ['another overhead', {hopOverheadMs: 1}],
  ['another place', {coords: {at: [1, 2], heightMs: 0, errorMs: 0}}],
  ['another round trip', {rtts: [{peerId: asPeerId('a'), rttMs: 5}]}],
  ['an unreachable peer', {unreachable: [asPeerId('a')]}],
] as const)('[SP1] %s is seen', ([, change]) => {
  const nodes = [all, snapshotNode('b', change)];
  const after = snapshotOfNodes(nodes, 1, before);
  expect(after.rttMs(0, 1)).toBe(snapshotOfNodes(nodes, 1).rttMs(0, 1));
  expect(routeIndexOf(after, grid)).not.toBe(routeIndexOf(before, grid));
});
