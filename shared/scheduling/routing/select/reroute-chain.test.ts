import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {snapshotOfNodes} from '../../swarm-snapshot.ts';
import {EMPTY_OVERLAY} from '../chain.ts';
import {rerouteChain} from './reroute-chain.ts';

const model = {layerCount: 6, cutEvery: 1};
const request = {promptTokens: 10, newTokens: 10, whenFull: 'refuse'} as const;
const hops = [
  {nodeId: asPeerId('a'), startLayer: 0, endLayer: 2},
  {nodeId: asPeerId('b'), startLayer: 2, endLayer: 4},
  {nodeId: asPeerId('c'), startLayer: 4, endLayer: 6},
];
const a = snapshotNode('a', {shards: [shard(0, 2, 6)], openSessions: 8});
const b = snapshotNode('b', {shards: [shard(2, 4, 6)]});
const c = snapshotNode('c', {shards: [shard(4, 6, 6)]});

function reroute(nodes: readonly (typeof a)[], lost: string) {
  const snapshot = snapshotOfNodes(nodes, 0);
  const base = {snapshot, model, request, overlay: EMPTY_OVERLAY, seed: 1};
  return rerouteChain({...base, hops, lost: new Set([asPeerId(lost)])});
}

test('[RR1] replaces the lost hop and keeps the warm ones, full or not', () => {
  const d = snapshotNode('d', {shards: [shard(0, 6, 6)]});
  expect(reroute([a, b, c, d], 'b')).toMatchObject({
    kind: 'chain',
    hops: [hops[0], {nodeId: 'd', startLayer: 2, endLayer: 4}, hops[2]],
  });
});

test('[RR2] takes another chain when the gap cannot be closed beside the warm hops', () => {
  const d = snapshotNode('d', {
    shards: [shard(0, 6, 6)],
    unreachable: [asPeerId('a'), asPeerId('c')],
  });
  expect(reroute([a, b, c, d], 'b')).toMatchObject({
    kind: 'chain',
    hops: [{nodeId: 'd', startLayer: 0, endLayer: 6}],
  });
});

test('[RR3] says what is missing when nobody else serves the lost layers', () => {
  expect(reroute([a, b, c], 'b')).toMatchObject({kind: 'gap'});
});
