import {expect, test} from 'vitest';
import type {PeerId} from '#shared/base/ids.ts';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {snapshotOfNodes, type SnapshotNode} from '../../swarm-snapshot.ts';
import {LIVE_TARGET} from '../allocation-target.ts';
import {decidePlacement} from './decide-placement.ts';
import {hasHeir} from './has-heir.ts';
import {FRESH_MS} from './heard-lately.ts';

const model = {layerCount: 30, cutEvery: 5};
const NOW_MS = 100_000;

const node = (
  id: string,
  layers: number,
  fields: Partial<SnapshotNode> & {readonly silentMs?: number} = {},
): SnapshotNode => {
  const {silentMs = 0, ...others} = fields;
  const capacityLayers = {plain: layers, first: layers, last: layers, both: layers};
  return snapshotNode(id, {capacityLayers, publishedAtMs: NOW_MS - silentMs, ...others});
};

const HEAD = node('head', 15, {shards: [shard(0, 15, 30)]});
const TAIL = node('tail', 15, {shards: [shard(15, 30, 30)]});
const SPARE_HEAD = node('spare-head', 15, {shards: [shard(0, 15, 30)]});

const CLAIM = {...shard(15, 30, 30), epoch: 1, claimedAtMs: NOW_MS};

/** What is left of a swarm when `TAIL` is gone, who acts then, and whether that is enough. */
const LEFT: readonly (readonly [string, readonly SnapshotNode[], readonly string[], boolean])[] = [
  ['nobody else', [HEAD], [], false],
  ['one whose layers others serve too', [HEAD, SPARE_HEAD], ['head', 'spare-head'], true],
  ['one with room for more', [node('head', 30, {shards: HEAD.shards})], ['head'], true],
  ['one that waits for a place', [HEAD, node('waits', 15)], ['waits'], true],
  ['one that waits and has room for a part', [HEAD, node('waits', 10)], ['waits'], false],
  ['one that is to load them', [HEAD, node('loads', 15, {claim: CLAIM})], [], true],
];

test.each(LEFT)(
  '[PL18] whether layers have an heir is worked out beforehand: %s',
  (_, left, acting, isHeirThere) => {
    const snapshot = snapshotOfNodes([...left, TAIL], NOW_MS);
    const gone = new Set<PeerId>([TAIL.nodeId]);
    expect(hasHeir({snapshot, model, target: LIVE_TARGET}, gone)).toBe(isHeirThere);
    const acts = left.filter((one) => decide(one, left).kind === 'claim');
    expect(acts.map(({nodeId}) => nodeId)).toEqual(acting);
  },
);

test('[PL17] a node that is heard of no more, and out of reach of another, holds nothing; either alone is not enough', () => {
  const missed = {unreachable: [TAIL.nodeId]};
  const head = {...HEAD, ...missed};
  expect(decide(SPARE_HEAD, [head, SPARE_HEAD, silent()]).kind).toBe('claim');
  expect(decide(SPARE_HEAD, [HEAD, SPARE_HEAD, silent()]).kind).toBe('keep');
  expect(decide(SPARE_HEAD, [head, SPARE_HEAD, TAIL]).kind).toBe('keep');
  // Who says so must be there itself.
  const gone = {...node('gone', 15, {silentMs: FRESH_MS + 1}), ...missed};
  expect(decide(SPARE_HEAD, [HEAD, SPARE_HEAD, gone, silent()]).kind).toBe('keep');
});

test('[PL17] its own silence is no reason for a node to think that it is gone', () => {
  const head = {...HEAD, unreachable: [TAIL.nodeId]};
  const tail = silent();
  expect(decide(tail, [head, SPARE_HEAD, tail]).kind).toBe('keep');
});

/** The tail, not heard of for so long that a living node would have been. */
function silent(): SnapshotNode {
  return node('tail', 15, {shards: TAIL.shards, silentMs: FRESH_MS + 1});
}

function decide({nodeId: self}: SnapshotNode, nodes: readonly SnapshotNode[]) {
  const snapshot = snapshotOfNodes(nodes, NOW_MS);
  return decidePlacement({snapshot, model, self, target: LIVE_TARGET});
}
