import {expect, test} from 'vitest';
import {snapshotOfNodes} from '#shared/scheduling/swarm-snapshot.ts';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {sessionCapacity} from './session-capacity.ts';

test('[CQ6] a swarm has room for as many answers as its narrowest layer, three quarters of each node', () => {
  const nodes = [
    snapshotNode('a', {shards: [shard(0, 2, 4)]}),
    snapshotNode('b', {shards: [shard(2, 4, 4)]}),
    snapshotNode('c', {shards: [shard(0, 2, 4)], maxSessions: 1}),
  ];
  expect(sessionCapacity(snapshotOfNodes(nodes, 0), 4)).toBe(6);
  expect(sessionCapacity(snapshotOfNodes(nodes.slice(0, 1), 0), 4)).toBe(0);
  expect(sessionCapacity(snapshotOfNodes(nodes.slice(1), 0), 4)).toBe(1);
  const noTail = {...shard(2, 4, 4), lmHead: false};
  const headless = [...nodes.slice(0, 1), snapshotNode('d', {shards: [noTail]})];
  expect(sessionCapacity(snapshotOfNodes(headless, 0), 4)).toBe(0);
});
