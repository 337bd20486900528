import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import {buildRecord} from '#shared/testing/record-builder.ts';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {allocateLayers} from './allocation/planner/allocate-layers.ts';
import {decidePlacement} from './allocation/placement/decide-placement.ts';
import {LIVE_TARGET} from './allocation/allocation-target.ts';
import {ClientOverlay} from './routing/load/client-overlay.ts';
import {routeIndexOf} from './routing/route-index.ts';
import {selectChain} from './routing/select/select-chain.ts';
import {snapshotOf, snapshotOfNodes} from './swarm-snapshot.ts';

const grid = {layerCount: 4, cutEvery: 2};
const all = snapshotNode('a', {shards: [shard(0, 4, 4)]});
const before = snapshotOfNodes([all, snapshotNode('b')], 0);

test('[SP1] a snapshot that differs in load only keeps what was worked out', () => {
  const nodes = [{...all, openSessions: 3, kvTokensFree: 7}, snapshotNode('b', {openSessions: 2})];
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

const rtt = (id: string, viaTurn?: true) => ({peerId: asPeerId(id), rttMs: 20, viaTurn});

test('[SP3] a path through TURN counts a tenth longer than it is, whoever of the two says so', () => {
  const nodes = [
    snapshotNode('a', {rtts: [rtt('b', true), rtt('c')]}),
    snapshotNode('b'),
    snapshotNode('c', {rtts: [rtt('b', true)]}),
  ];
  const {rttMs} = snapshotOfNodes(nodes, 0);
  expect(rttMs(0, 1)).toBeCloseTo(22);
  expect(rttMs(1, 2)).toBeCloseTo(22);
  expect(rttMs(0, 2)).toBe(20);
});

const honest = [
  buildRecord({peerId: asPeerId('a'), shards: [shard(0, 2, 4)], openSessions: 1}),
  buildRecord({peerId: asPeerId('b'), shards: [shard(2, 4, 4)], openSessions: 1}),
];

/** Records of a head and a tail, and of one that says whatever it likes. */
function recordsWithLiar(lies: Partial<NodeRecord>) {
  const liar = {peerId: asPeerId('liar'), shards: [shard(0, 4, 4)], ...lies};
  return [...honest, buildRecord(liar)];
}

test('[SP2] whatever the numbers in one record, a request finds its chain over the others, and nodes their place', () => {
  const ms = fc.oneof(
    fc.constantFrom(0, 1e300, Number.MAX_VALUE),
    fc.double({min: 0, noNaN: true, noDefaultInfinity: true}),
  );
  const count = fc.oneof(
    fc.constantFrom(0, 1_000_000, 2 ** 31, Number.MAX_SAFE_INTEGER),
    fc.maxSafeNat(),
  );
  const lies = fc.record({
    capacityLayers: fc.record({plain: count, first: count, last: count, both: count}),
    decodeMsPerLayer: fc.record({fixedMs: ms, perSessionMs: ms}),
    hopOverheadMs: ms,
    steady: fc.option(fc.record({decodeMsPerLayer: ms, hopOverheadMs: ms})),
    rtts: fc.array(fc.record({peerId: fc.constantFrom(asPeerId('a'), asPeerId('b')), rttMs: ms}), {
      maxLength: 4,
    }),
    shards: fc.constantFrom([], [shard(0, 4, 4)], [shard(0, Number.MAX_SAFE_INTEGER, 4)]),
    maxSessions: count,
  });
  fc.assert(
    fc.property(lies, count, ms, (lie, sessions, observedMs) => {
      const overlay = new ClientOverlay();
      const nowMs = buildRecord().seq + 1;
      const idle = snapshotOf(recordsWithLiar(lie), nowMs);
      overlay.over(idle, new Map());
      overlay.observe(asPeerId('a'), observedMs, nowMs);
      const snapshot = snapshotOf(recordsWithLiar({...lie, openSessions: sessions}), nowMs, idle);
      const request = {promptTokens: 4, newTokens: 4, whenFull: 'refuse'} as const;
      const asked = {snapshot, model: grid, request, overlay: overlay.over(snapshot, new Map())};
      expect(selectChain({...asked, seed: 1}).kind).toBe('chain');
      const self = asPeerId('b');
      const placement = {snapshot, model: grid, self, target: LIVE_TARGET};
      expect(decidePlacement(placement).kind).toBe('keep');
      expect(allocateLayers(placement).pipelines.length).toBeGreaterThan(0);
    }),
  );
});
