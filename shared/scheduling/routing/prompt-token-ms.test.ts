import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {snapshotOfNodes} from '../swarm-snapshot.ts';
import {promptTokenMsOf} from './prompt-token-ms.ts';

test('[GN20] a token of a prompt takes what each hop says of prompts, by layer, and its way over uplinks that are known', () => {
  const nodes = [
    snapshotNode('head', {
      shards: [shard(0, 10, 30)],
      prefillMsPerTokenLayer: 0.5,
      uplinkBytesPerSec: 100_000,
    }),
    snapshotNode('mid', {shards: [shard(10, 20, 30)], prefillMsPerTokenLayer: 0.1}),
    snapshotNode('tail', {
      shards: [shard(20, 30, 30)],
      prefillMsPerTokenLayer: 0.2,
      uplinkBytesPerSec: 1,
    }),
  ];
  const hops = ['head', 'mid', 'tail'].map((name, at) => ({
    nodeId: asPeerId(name),
    startLayer: 10 * at,
    endLayer: 10 * at + 10,
  }));
  expect(promptTokenMsOf(snapshotOfNodes(nodes, 0), hops, 1_000)).toBeCloseTo(5 + 10 + 1 + 2);
  expect(promptTokenMsOf(snapshotOfNodes(nodes, 0), hops)).toBeCloseTo(5 + 1 + 2);
});
