import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {claimLimitFor, MOST_CLAIM_MS} from '../../claim-limit.ts';
import {snapshotOfNodes, type SnapshotNode} from '../../swarm-snapshot.ts';
import {LIVE_TARGET} from '../allocation-target.ts';
import {decidePlacement, type PlacementInput} from './decide-placement.ts';

const NOW_MS = 100_000_000;
const LAYER_BYTES = 1_000_000;
const claimLimit = claimLimitFor(LAYER_BYTES);
/** Two minutes, and 2 s for each layer of 1 MB. */
const LIMIT_MS = 120_000 + 10 * 2_000;

function decide(
  nodes: readonly SnapshotNode[],
  differences: Partial<PlacementInput> & {readonly nowMs?: number} = {},
) {
  const {nowMs = NOW_MS, ...input} = differences;
  return decidePlacement({
    snapshot: snapshotOfNodes(nodes, nowMs),
    model: {layerCount: 30, cutEvery: 5},
    self: asPeerId('a'),
    target: LIVE_TARGET,
    claimLimit,
    ...input,
  });
}

const claimOfAge = (ageMs: number, startLayer = 20) => ({
  ...shard(startLayer, startLayer + 10, 30),
  epoch: 1,
  claimedAtMs: NOW_MS - ageMs,
});
const serving = snapshotNode('s', {shards: [shard(0, 20, 30)]});

const placeWith = (ageMs: number) =>
  decide([serving, snapshotNode('a'), snapshotNode('l', {claim: claimOfAge(ageMs)})]);

test('[PL10] a claim holds its place for as long as loading may take, and no longer', () => {
  expect(placeWith(LIMIT_MS)).not.toMatchObject({shard: shard(20, 30, 30)});
  expect(placeWith(LIMIT_MS + 1)).toMatchObject({kind: 'claim', shard: shard(20, 30, 30)});
});

const limitFor = (bytes: number) => claimLimitFor(bytes)(shard(0, 10, 30));

test('[PL10] slow loaders of large layers have more time, none has more than ten minutes', () => {
  expect(limitFor(0)).toBe(120_000);
  expect(limitFor(20e6)).toBe(520_000);
  expect(limitFor(1e9)).toBe(MOST_CLAIM_MS);
});

test('[PL10] a node that claims for ever, or in the future, is in no plan', () => {
  const age = fc.oneof(
    fc.integer({min: LIMIT_MS + 1, max: 1e7}),
    fc.integer({min: -1e9, max: -1_001}),
  );
  const stuckNode = fc.record({
    ageMs: age,
    startLayer: fc.constantFrom(0, 5, 10, 20),
    // What it serves beside it counts on.
    isServing: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(stuckNode, {minLength: 1, maxLength: 4}), (drawn) => {
      const stuck = drawn.map(({ageMs, startLayer, isServing}, i) =>
        snapshotNode(`z${i}`, {
          publishedAtMs: NOW_MS,
          claim: claimOfAge(ageMs, startLayer),
          shards: isServing ? [shard(10, 20, 30)] : [],
        }),
      );
      const honest = [snapshotNode('a'), snapshotNode('b'), snapshotNode('c')];
      // As if they served what they serve, and could take nothing else.
      const still = stuck
        .filter(({shards}) => shards.length > 0)
        .map((node) => ({...node, claim: {...claimOfAge(0, 10), claimedAtMs: NOW_MS}}));
      expect(decide([...honest, ...stuck])).toEqual(decide([...honest, ...still]));
    }),
  );
});

const nodesWith = (ageMs: number) => [
  snapshotNode('a', {shards: [shard(0, 10, 30)]}),
  snapshotNode('b', {
    shards: [shard(0, 20, 30)],
    capacityLayers: {plain: 20, first: 20, last: 0, both: 0},
  }),
  snapshotNode('l', {claim: claimOfAge(ageMs)}),
];

test('[PL10] a tab that serves closes the gap that a claim has kept open for too long', () => {
  expect(decide(nodesWith(1_000))).toMatchObject({kind: 'keep'});
  expect(decide(nodesWith(LIMIT_MS + 1))).toMatchObject({kind: 'claim', shard: shard(20, 30, 30)});
});

test('[PL10] a tab that is slow itself goes on loading, and serves', () => {
  const own = snapshotNode('a', {claim: claimOfAge(3 * LIMIT_MS)});
  expect(decide([serving, own])).toMatchObject({kind: 'keep', why: 'loading'});
});

test('[PL11] a claim that is young by its word is judged by what is remembered of its node', () => {
  const nodes = [serving, snapshotNode('a'), snapshotNode('l', {claim: claimOfAge(1_000)})];
  const decideWith = (claimed: number) => decide(nodes, {claimedMs: () => claimed});
  expect(decideWith(LIMIT_MS)).not.toMatchObject({shard: shard(20, 30, 30)});
  expect(decideWith(LIMIT_MS + 1)).toMatchObject({kind: 'claim', shard: shard(20, 30, 30)});
});
