import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {snapshotOfNodes} from '../../swarm-snapshot.ts';
import {EMPTY_OVERLAY} from '../chain.ts';
import type {ChainHop} from '../chain.ts';
import {rerouteChain, type RanLayers} from './reroute-chain.ts';

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

const ran = hops.map((hop) => ({...hop, engineClass: 'test'}));
const FAST = {fixedMs: 0, perSessionMs: 0.1};

function reroute(
  nodes: readonly (typeof a)[],
  lost: string,
  chain: readonly (ChainHop & RanLayers)[] = ran,
) {
  const snapshot = snapshotOfNodes(nodes, 0);
  const overlay = {...EMPTY_OVERLAY, avoided: new Map([[asPeerId(lost), 'silent' as const]])};
  const base = {snapshot, model, request, overlay, seed: 1};
  return rerouteChain({...base, warm: chain, ran: chain});
}

test('[RR1] replaces the lost hop and keeps the warm ones, full or not', () => {
  const d = snapshotNode('d', {shards: [shard(0, 6, 6)]});
  expect(reroute([a, b, c, d], 'b')).toMatchObject({
    kind: 'chain',
    hops: [hops[0], {nodeId: 'd', startLayer: 2, endLayer: 4}, hops[2]],
  });
});

test('[RR5] keeps a hop that holds its layers for nobody else any more', () => {
  const leaving = {...a, shards: []};
  const d = snapshotNode('d', {shards: [shard(4, 6, 6)]});
  expect(reroute([leaving, b, c, d], 'c')).toMatchObject({
    kind: 'chain',
    hops: [hops[0], hops[1], {nodeId: 'd', startLayer: 4, endLayer: 6}],
  });
});

test('[RR4] lost layers go to the class of engine that ran them, though another is faster', () => {
  const gpu = {engineClass: 'webgpu'};
  const fast = snapshotNode('d', {...gpu, shards: [shard(0, 6, 6)], decodeMsPerLayer: FAST});
  const slow = snapshotNode('e', {shards: [shard(2, 4, 6)]});
  const closed = {kind: 'chain', hops: [hops[0], {nodeId: 'e'}, hops[2]]};
  expect(reroute([a, b, c, fast, slow], 'b')).toMatchObject(closed);
  // Nobody of that class: the caches that are left count for more than the class.
  const other = {kind: 'chain', hops: [hops[0], {nodeId: 'd'}, hops[2]]};
  expect(reroute([a, b, c, fast], 'b')).toMatchObject(other);
});

test('[RR4] also where no hop can be kept, each layer goes to the class that ran it', () => {
  const fast = {engineClass: 'webgpu', decodeMsPerLayer: FAST};
  const gpu = snapshotNode('g', {...fast, shards: [shard(0, 6, 6)]});
  const cpu = snapshotNode('h', {shards: [shard(0, 6, 6)]});
  const chain = ran.map((hop) => (hop.nodeId === 'c' ? {...hop, engineClass: 'webgpu'} : hop));
  expect(reroute([gpu, cpu], 'b', chain)).toMatchObject({
    hops: [
      {nodeId: 'h', startLayer: 0, endLayer: 4},
      {nodeId: 'g', startLayer: 4, endLayer: 6},
    ],
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
