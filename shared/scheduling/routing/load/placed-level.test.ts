import {expect, test} from 'vitest';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {snapshotOfNodes} from '../../swarm-snapshot.ts';
import {idleStepMs} from './idle-step.ts';
import {placedLevel} from './placed-level.ts';
import {routeIndexOf} from '../route-index.ts';

/** Four nodes that each hold all four layers, 1 ms a layer. */
const snapshot = snapshotOfNodes(
  ['a', 'b', 'c', 'd'].map((id) => snapshotNode(id, {shards: [shard(0, 4, 4)]})),
  0,
);

function levelMs(...workMs: readonly number[]): number {
  const index = routeIndexOf(snapshot, {layerCount: 4, cutEvery: 1});
  const levelOf = placedLevel(index, idleStepMs(index));
  return levelOf(Float64Array.from(workMs));
}

test('[RT13] nodes that were hit by several sessions at once do not raise the busy level', () => {
  // Eight sessions of 4 ms, two for each node: 1.1 × 8 ms.
  expect(levelMs(8, 8, 8, 8)).toBeCloseTo(8.8);
  expect(levelMs(32, 0, 0, 0)).toBeCloseTo(8.8);
});

test('[RT13] the busy level grows with the work, however much that is', () => {
  expect(levelMs(0, 0, 0, 0)).toBe(0);
  expect(levelMs(4, 0, 0, 0)).toBeCloseTo(4.4);
  expect(levelMs(2e12, 2e12, 2e12, 2e12) / 2.2e12).toBeCloseTo(1, 3);
});
