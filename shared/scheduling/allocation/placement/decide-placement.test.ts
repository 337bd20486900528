import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {snapshotOfNodes, type SnapshotNode} from '../../swarm-snapshot.ts';
import {LIVE_TARGET} from '../allocation-target.ts';
import {decidePlacement} from './decide-placement.ts';

const model = {layerCount: 30, cutEvery: 5};

function decide(self: string, nodes: readonly SnapshotNode[], nowMs = 0) {
  const snapshot = snapshotOfNodes(nodes, nowMs);
  return decidePlacement({snapshot, model, self: asPeerId(self), target: LIVE_TARGET});
}

/** What `self` claims. */
function placeOf(self: SnapshotNode, nodes: readonly SnapshotNode[]) {
  const decision = decide(self.nodeId, nodes);
  return decision.kind === 'claim' ? decision.shard : null;
}

const all = {capacityLayers: {plain: 40, first: 40, last: 40, both: 40}};

test('[PL1] a node that fits everything serves alone', () => {
  expect(decide('a', [snapshotNode('a', all)])).toMatchObject({
    kind: 'claim',
    shard: shard(0, 30, 30),
  });
});

test('[PL2] three empty nodes that see each other take three different parts', () => {
  const nodes = ['a', 'b', 'c'].map((id) => snapshotNode(id));
  const parts = nodes.map(({nodeId}) => decide(nodeId, nodes));
  const starts = parts.map((part) => (part.kind === 'claim' ? part.shard.startLayer : -1));
  expect(starts.toSorted((a, b) => a - b)).toEqual([0, 10, 20]);
});

test('[PL3] a node whose own record is not seen yet waits', () => {
  expect(decide('a', [])).toMatchObject({kind: 'wait'});
});

test('[PL4] a node with no room for a cell is a spare, and says what is missing', () => {
  const tiny = {capacityLayers: {plain: 4, first: 4, last: 4, both: 4}};
  expect(decide('a', [snapshotNode('a', tiny)])).toMatchObject({
    kind: 'spare',
    missing: [{startLayer: 0, endLayer: 30, why: 'no-node'}],
  });
});

test('[PL16] layers with one holder get a second before others get a third, however slow those are', () => {
  const half = {capacityLayers: {plain: 15, first: 15, last: 15, both: 15}};
  const slow = {decodeMsPerLayer: {fixedMs: 0, perSessionMs: 3}, ...half};
  const nodes = [
    snapshotNode('a', {...half, shards: [shard(0, 15, 30)]}),
    snapshotNode('b', {...slow, shards: [shard(15, 30, 30)]}),
    snapshotNode('c', {...slow, shards: [shard(15, 30, 30)]}),
    snapshotNode('d', half),
  ];
  expect(decide('d', nodes)).toMatchObject({kind: 'claim', shard: shard(0, 15, 30)});
});

test('[PL12] nodes that join together, one with room for the last, short cell only, cover the model', () => {
  const shortGrid = {layerCount: 6, cutEvery: 5};
  const nodes = [5, 1].map((layers) => {
    const capacityLayers = {plain: layers, first: layers, last: layers, both: layers};
    return snapshotNode(`n${layers}`, {capacityLayers});
  });
  const snapshot = snapshotOfNodes(nodes, 0);
  const claims = nodes.map(({nodeId: self}) =>
    decidePlacement({snapshot, model: shortGrid, self, target: LIVE_TARGET}),
  );
  expect(claims).toMatchObject([
    {kind: 'claim', shard: shard(0, 5, 6)},
    {kind: 'claim', shard: shard(5, 6, 6)},
  ]);
});

test('[PL5] of two fresh claims on one gap, one is withdrawn and one kept', () => {
  const serving = snapshotNode('s', {shards: [shard(0, 20, 30)]});
  const claim = {...shard(20, 30, 30), epoch: 1, claimedAtMs: 0};
  const nodes = [serving, snapshotNode('a', {claim}), snapshotNode('b', {claim})];
  const kinds = ['a', 'b'].map((id) => decide(id, nodes, 100).kind);
  expect(kinds.toSorted((a, b) => a.localeCompare(b))).toEqual(['keep', 'withdraw']);
});

test('[PL6] a settled claim is kept, whoever else came later', () => {
  const claim = {...shard(20, 30, 30), epoch: 1, claimedAtMs: 0};
  const later = {...claim, claimedAtMs: 4000};
  const nodes = [snapshotNode('a', {claim}), snapshotNode('b', {claim: later})];
  expect(decide('a', nodes, 5000)).toMatchObject({kind: 'keep'});
});

test('[PL7] tabs that join together take the places of one plan, in whatever order they claim', () => {
  const kinds = [
    {layers: 15, ms: 1},
    {layers: 15, ms: 1},
    {layers: 15, ms: 16},
    {layers: 10, ms: 2},
    {layers: 10, ms: 2},
  ];
  const joining = kinds.map(({layers, ms}, i) =>
    snapshotNode(`n${i}`, {
      capacityLayers: {plain: layers, first: layers, last: layers, both: layers},
      decodeMsPerLayer: {fixedMs: 0, perSessionMs: ms},
    }),
  );
  const together = joining.map((node) => placeOf(node, joining));
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4], {minLength: 5}), (order) => {
      const seen = [...joining];
      for (const i of order) {
        const node = seen[i];
        if (node === undefined) throw new Error('there are five');
        const place = placeOf(node, seen);
        expect(place).toEqual(together[i]);
        if (place !== null) seen[i] = {...node, claim: {...place, epoch: 1, claimedAtMs: 0}};
      }
    }),
    {numRuns: 30},
  );
});

test('[PL7] a claim by another plan is respected, and the others take what is left', () => {
  const claim = {...shard(10, 20, 30), epoch: 1, claimedAtMs: 0};
  const nodes = [snapshotNode('a', {claim}), snapshotNode('b'), snapshotNode('c', {claim})];
  expect(decide('b', nodes)).toMatchObject({kind: 'claim', shard: shard(0, 10, 30)});
});

/** `m` has loaded another part; what `m` serves, `r` serves too. */
function moving(relied: Partial<SnapshotNode>): readonly SnapshotNode[] {
  const claim = {...shard(10, 20, 30), epoch: 1, claimedAtMs: 95_000};
  const shards = [shard(0, 10, 30)];
  return [snapshotNode('m', {shards, claim}), snapshotNode('r', {shards, ...relied})];
}

const withdrawn = {kind: 'withdraw', why: 'what it would drop has no other replica'};

test('[PL8] a move relies on no node that has missed its refresh', () => {
  expect(decide('m', moving({publishedAtMs: 88_000}), 100_000)).toMatchObject({kind: 'keep'});
  expect(decide('m', moving({publishedAtMs: 87_000}), 100_000)).toEqual(withdrawn);
});

test('[PL8] nobody leaves its layers to a node that has missed its refresh', () => {
  const five = {capacityLayers: {plain: 5, first: 5, last: 5, both: 5}, shards: [shard(0, 5, 30)]};
  const kindWith = (publishedAtMs: number) =>
    decide('m', [snapshotNode('m', five), snapshotNode('r', {...five, publishedAtMs})], 100_000)
      .kind;
  expect([kindWith(88_000), kindWith(87_000)]).toEqual(['claim', 'keep']);
});

test('[PL8] once it has settled, a move relies on no node with a claim, however young', () => {
  for (let epoch = 0; epoch < 8; epoch += 1) {
    const claim = {...shard(20, 30, 30), epoch, claimedAtMs: 99_900};
    expect(decide('m', moving({claim}), 100_000)).toEqual(withdrawn);
  }
});

test('[PL7] whose place another of the same size took takes the place of the other', () => {
  const capacityLayers = {plain: 10, first: 10, last: 10, both: 10};
  const nodes = ['a', 'b', 'c'].map((id) => snapshotNode(id, {capacityLayers}));
  const places = new Map(nodes.map((node) => [node.nodeId, placeOf(node, nodes)]));
  const [a, b, c] = nodes;
  if (a === undefined || b === undefined || c === undefined) throw new Error('three nodes');
  const taken = places.get(b.nodeId);
  if (taken === undefined || taken === null) throw new Error('b has a place');
  const swarm = [{...a, claim: {...taken, epoch: 1, claimedAtMs: 0}}, b, c];
  expect(placeOf(b, swarm)).toEqual(places.get(a.nodeId));
  expect(placeOf(c, swarm)).toEqual(places.get(c.nodeId));
});

const TEN = {capacityLayers: {plain: 10, first: 10, last: 10, both: 10}};

/** Equal tabs that serve these parts, as many of each as it says. */
function swarmOf(...counts: readonly number[]): readonly SnapshotNode[] {
  return counts.flatMap((count, part) =>
    Array.from({length: count}, (_, i) =>
      snapshotNode(`s${part}-${i}`, {...TEN, shards: [shard(10 * part, 10 * part + 10, 30)]}),
    ),
  );
}

/** What the tabs of a swarm decide that want to serve something else, each seeing the others as they are. */
function wishesOf(nodes: readonly SnapshotNode[]) {
  return nodes.flatMap(({nodeId}) => {
    const decision = decide(nodeId, nodes);
    return decision.kind === 'even-out' ? [{nodeId, shard: decision.shard}] : [];
  });
}

test('[PL14] a few tabs at a time go from a crowded place to a scarce one, until the swarm is even', () => {
  let nodes = swarmOf(12, 4, 4);
  const moved: string[] = [];
  for (let wishes = wishesOf(nodes); wishes.length > 0; wishes = wishesOf(nodes)) {
    expect(wishes.length).toBeLessThanOrEqual(4);
    moved.push(...wishes.map(({nodeId}) => nodeId));
    nodes = nodes.map((node) => {
      const wish = wishes.find(({nodeId}) => nodeId === node.nodeId);
      return wish === undefined ? node : {...node, shards: [wish.shard]};
    });
  }
  expect(new Set(moved).size).toBe(moved.length);
  const starts = nodes.map(({shards}) => shards[0]?.startLayer);
  const counts = [0, 10, 20].map((start) => starts.filter((each) => each === start).length);
  expect(counts.toSorted((a, b) => a - b)).toEqual([6, 7, 7]);
});

test('[PL14] a swarm that is nearly even stays, and so does one that others are about to even out', () => {
  expect(wishesOf(swarmOf(8, 7, 6))).not.toEqual([]);
  expect(wishesOf(swarmOf(7, 7, 6))).toEqual([]);
  expect(wishesOf(swarmOf(21, 15, 15))).toEqual([]);
  const claim = {...shard(20, 30, 30), epoch: 1, claimedAtMs: 0};
  expect(wishesOf(swarmOf(3, 3, 1))).not.toEqual([]);
  expect(wishesOf([...swarmOf(3, 3, 1), snapshotNode('c', {...TEN, claim})])).toEqual([]);
  expect(wishesOf([...swarmOf(3, 3, 1), snapshotNode('w', TEN)])).toEqual([]);
});

test('[PL14] nobody leaves the last replica, nor one that has missed its refresh', () => {
  const stale = swarmOf(3, 3, 1).map((node, i) => ({
    ...node,
    publishedAtMs: i === 0 ? 100_000 : 80_000,
  }));
  const [fresh] = stale;
  if (fresh === undefined) throw new Error('there are seven');
  expect(decide(fresh.nodeId, stale, 100_000)).toMatchObject({kind: 'keep'});
});

/** Equal tabs that have claimed the parts that begin there. */
function claiming(...starts: readonly number[]): readonly SnapshotNode[] {
  return starts.map((start, i) => {
    const claim = {...shard(start, start + 10, 30), epoch: 1, claimedAtMs: 0};
    return snapshotNode(`c${i}`, {...TEN, claim});
  });
}

test('[PL13] a place in the plan of the rest that is crowded by now is not claimed', () => {
  const claimed = claiming(0, 0, 0, 0, 0, 0, 10, 10, 10, 20, 20, 20);
  const waiting = ['x', 'y', 'z'].map((id) => snapshotNode(id, TEN));
  const nodes = [...claimed, ...waiting];
  for (const node of waiting) expect(placeOf(node, nodes)?.startLayer).toBeGreaterThan(0);
});

test('[PL13] of fresh claims on a crowded place the last in rank are withdrawn, as many as too many', () => {
  const claimed = claiming(0, 0, 0, 0, 10, 20);
  const nodes = [...swarmOf(8, 8, 8), ...claimed];
  const kinds = claimed.map(({nodeId}) => decide(nodeId, nodes, 100).kind);
  expect(kinds.filter((kind) => kind === 'withdraw')).toHaveLength(2);
  expect(kinds.slice(4)).toEqual(['keep', 'keep']);
});
