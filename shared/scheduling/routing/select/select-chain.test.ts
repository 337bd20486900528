import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {MOST_CLAIM_MS} from '../../claim-limit.ts';
import {snapshotOfNodes, type SnapshotNode, type BatchMs} from '../../swarm-snapshot.ts';
import {EMPTY_OVERLAY, type RouteOverlay} from '../chain.ts';
import {selectChain} from './select-chain.ts';

const model = {layerCount: 4, cutEvery: 1};
const request = {promptTokens: 10, newTokens: 10, whenFull: 'refuse'} as const;

function near(id: string, others: readonly string[], rttMs: number): Partial<SnapshotNode> {
  return {
    rtts: others.filter((o) => o !== id).map((o) => ({peerId: asPeerId(o), rttMs})),
  };
}

function node(id: string, from: number, to: number, more: Partial<SnapshotNode> = {}) {
  const others = ['a', 'b', 'c', 'd'];
  return snapshotNode(id, {shards: [shard(from, to, 4)], ...near(id, others, 2), ...more});
}

function route(nodes: readonly SnapshotNode[], overlay: RouteOverlay = EMPTY_OVERLAY, seed = 1) {
  return selectChain({snapshot: snapshotOfNodes(nodes, 0), model, request, overlay, seed});
}

test('[RT1] prefers two fast hops to one slow one when the sum is smaller', () => {
  const slow = {decodeMsPerLayer: {fixedMs: 0, perSessionMs: 3}};
  const result = route([node('a', 0, 2), node('b', 2, 4), node('c', 0, 4, slow)]);
  expect(result).toMatchObject({
    kind: 'chain',
    stepMs: 6, // a, b: 2 + 1 + 2, and 1 from tail to head; c alone: 12, no link
    hops: [
      {nodeId: 'a', startLayer: 0, endLayer: 2},
      {nodeId: 'b', startLayer: 2, endLayer: 4},
    ],
  });
});

test('[RT2] a node that holds everything serves alone when that is faster', () => {
  const result = route([node('a', 0, 2), node('b', 2, 4), node('c', 0, 4)]);
  expect(result).toMatchObject({stepMs: 4, hops: [{nodeId: 'c', startLayer: 0, endLayer: 4}]});
});

test('[RT16] a slow uplink counts as much as the prompt is long, at every hop but the last', () => {
  const nodes = [
    node('a', 0, 2, {uplinkBytesPerSec: 1000}),
    node('b', 2, 4, {uplinkBytesPerSec: 1}),
    node('c', 0, 2, {hopOverheadMs: 50, uplinkBytesPerSec: 10_000}),
  ];
  const headOf = (promptTokens: number) => {
    const asked = {promptTokens, newTokens: 10, hiddenStateBytes: 100, whenFull: 'refuse'} as const;
    const overlay = EMPTY_OVERLAY;
    const snapshot = snapshotOfNodes(nodes, 0);
    const result = selectChain({snapshot, model, request: asked, overlay, seed: 1});
    return result.kind === 'chain' ? [result.hops[0]?.nodeId, result.loadedStepMs] : [];
  };
  // 100 bytes at 1000 a second, spread over 10 tokens: 10 ms more than the step of 6.
  expect(headOf(1)).toEqual(['a', 16]);
  // Ten times as long: 6 + 100 over the head that is near, 6 + 50 + 10 over the other.
  expect(headOf(10)).toEqual(['c', 66]);
});

test('[RT3] enters and leaves a node inside its range, where that is faster', () => {
  const slow = {decodeMsPerLayer: {fixedMs: 0, perSessionMs: 2}};
  const result = route([node('a', 0, 3, slow), node('b', 1, 4)]);
  expect(result).toMatchObject({
    stepMs: 7,
    hops: [
      {nodeId: 'a', startLayer: 0, endLayer: 1},
      {nodeId: 'b', startLayer: 1, endLayer: 4},
    ],
  });
});

test('[RT4] names the layers that nobody serves, and why', () => {
  const claim = {...shard(2, 3, 4), epoch: 1, claimedAtMs: 0};
  const full = {openSessions: 8};
  const result = route(
    [node('a', 0, 1), node('b', 1, 2, full), node('c', 3, 4), snapshotNode('d', {claim})],
    {...EMPTY_OVERLAY, avoided: new Map([[asPeerId('c'), 'distrusted' as const]])},
  );
  expect(result).toEqual({
    kind: 'gap',
    missing: [
      {startLayer: 1, endLayer: 2, why: 'full'},
      {startLayer: 2, endLayer: 3, why: 'loading'},
      {startLayer: 3, endLayer: 4, why: 'distrusted'},
    ],
  });
});

test('[RT4] layers that a silent node holds are loading as soon as somebody loads them', () => {
  const claim = {...shard(2, 4, 4), epoch: 1, claimedAtMs: 0};
  const silent = {...EMPTY_OVERLAY, avoided: new Map([[asPeerId('b'), 'silent' as const]])};
  const nodes = [node('a', 0, 1), node('b', 1, 4)];
  expect(route(nodes, silent)).toMatchObject({
    missing: [{startLayer: 1, endLayer: 4, why: 'silent'}],
  });
  expect(route([...nodes, snapshotNode('c', {claim})], silent)).toMatchObject({
    missing: [
      {startLayer: 1, endLayer: 2, why: 'silent'},
      {startLayer: 2, endLayer: 4, why: 'loading'},
    ],
  });
});

test('[RT15] a request that fits no idle cache gets the most that fits, not that all are full', () => {
  const small = {kvTokensFree: 18};
  const smaller = {kvTokensFree: 15};
  // 10 + 10 tokens need 19 places.
  const [head, tail, other] = [
    node('a', 0, 2, small),
    node('b', 2, 4, smaller),
    node('c', 2, 4, small),
  ];
  expect(route([head, tail, other])).toEqual({
    kind: 'gap',
    missing: [{startLayer: 0, endLayer: 4, why: 'too-small', mostKvTokens: 18}],
  });
  const busy = {kvTokensFree: 3, openSessions: 1};
  for (const kvTokens of [null, 19]) {
    const later = node('d', 0, 4, {...busy, kvTokens});
    expect(route([head, tail, later])).toMatchObject({missing: [{why: 'full'}]});
  }
  const never = node('d', 0, 4, {...busy, kvTokens: 17});
  expect(route([never])).toMatchObject({missing: [{why: 'too-small', mostKvTokens: 17}]});
  const fits = node('e', 0, 4, {kvTokensFree: 19});
  expect(route([head, tail, fits])).toMatchObject({kind: 'chain', hops: [{nodeId: 'e'}]});
});

const routeToLoading = (claimedAtMs: number) =>
  route([snapshotNode('d', {claim: {...shard(0, 4, 4), epoch: 1, claimedAtMs}})]);

test('[RT4] whoever has loaded for longer than anybody may is nobody', () => {
  expect(routeToLoading(-MOST_CLAIM_MS)).toMatchObject({missing: [{why: 'loading'}]});
  expect(routeToLoading(-MOST_CLAIM_MS - 1)).toMatchObject({missing: [{why: 'no-node'}]});
});

test('[RT5] a head needs the embedding and a tail the LM head', () => {
  const bare = {shards: [{startLayer: 0, endLayer: 4, embedding: true, lmHead: false}]};
  expect(route([node('a', 0, 4, bare)])).toEqual({
    kind: 'gap',
    missing: [{startLayer: 3, endLayer: 4, why: 'no-node'}],
  });
});

test('[RT6] promised load sends the next session elsewhere', () => {
  const promised = new Map([[asPeerId('a'), {sessions: 1, workMsPerToken: 4}]]);
  const nodes = [node('a', 0, 4), node('b', 0, 4)];
  for (let seed = 0; seed < 20; seed += 1) {
    expect(route(nodes, {...EMPTY_OVERLAY, promised}, seed)).toMatchObject({
      hops: [{nodeId: 'b'}],
    });
  }
});

test('[RT7] equal chains share the load by the seed', () => {
  const nodes = [node('a', 0, 4), node('b', 0, 4)];
  const heads = Array.from({length: 40}, (_, seed) => {
    const result = route(nodes, EMPTY_OVERLAY, seed);
    return result.kind === 'chain' ? result.hops[0]?.nodeId : null;
  });
  expect(heads.filter((head) => head === 'a').length).toBeGreaterThan(8);
  expect(heads.filter((head) => head === 'b').length).toBeGreaterThan(8);
});

test('[RT8] nodes that cannot reach each other form no chain', () => {
  const nodes = [node('a', 0, 2, {unreachable: [asPeerId('b')]}), node('b', 2, 4)];
  expect(route(nodes)).toEqual({
    kind: 'gap',
    missing: [{startLayer: 0, endLayer: 4, why: 'unreachable'}],
  });
});

function apart(...ids: readonly string[]) {
  return {unreachable: ids.map((id) => asPeerId(id))};
}

/** What is named where no chain exists. */
function missing(nodes: Parameters<typeof route>[0]) {
  const result = route(nodes);
  return result.kind === 'gap' ? result.missing : null;
}

test('[RT8] the layers are named at both ends of the links that a chain lacks, of as few links as can be', () => {
  const why = 'unreachable';
  const middles = [node('b', 1, 2), node('c', 2, 3)];
  expect(missing([node('a', 0, 1, apart('b')), ...middles, node('d', 3, 4)])).toEqual([
    {startLayer: 0, endLayer: 2, why},
  ]);
  // The tail sends its tokens to the head.
  expect(missing([node('a', 0, 1, apart('d')), ...middles, node('d', 3, 4)])).toEqual([
    {startLayer: 0, endLayer: 1, why},
    {startLayer: 3, endLayer: 4, why},
  ]);
  const spare = node('e', 0, 1, apart('b', 'c', 'd'));
  expect(missing([node('a', 0, 1), ...middles, node('d', 3, 4, apart('c')), spare])).toEqual([
    {startLayer: 2, endLayer: 4, why},
  ]);
});

test('[RT12] waiting is charged as the worked example says', () => {
  const slow = {decodeMsPerLayer: {fixedMs: 0, perSessionMs: 3}};
  const nodes = [node('a', 0, 2), node('b', 2, 4), node('c', 0, 4, slow)];
  const afterSessions = (sessions: number) => {
    const load = {sessions, workMsPerToken: 2 * sessions};
    const promised = new Map(['a', 'b'].map((id) => [asPeerId(id), load] as const));
    return route(nodes, {...EMPTY_OVERLAY, promised});
  };
  const loadedMs = (sessions: number) => {
    const result = afterSessions(sessions);
    return result.kind === 'chain' ? result.loadedStepMs : 0;
  };
  // Two make 4 ms of work at each node in 6 ms: no wait, but for what saturation counts.
  expect(loadedMs(1)).toBeCloseTo(6, 0);
  // σ = (4 / (2.5 × 6))⁴, B = 1.1 × (6³ + 6³) / (6² + 6²); (1 − σ) × (8 − 6) + σ B (8 / B)¹² = 2.326
  expect(afterSessions(3)).toMatchObject({stepMs: 6, hops: [{nodeId: 'a'}, {nodeId: 'b'}]});
  expect(loadedMs(3)).toBeCloseTo(6 + 2 * 2.326, 2);
});

test('[RT17] where sessions run as one, others join them before a slower node is asked', () => {
  const slow = {decodeMsPerLayer: {fixedMs: 0, perSessionMs: 3}};
  const headOf = (decodeMsPerLayer: BatchMs, sessions: number) => {
    const nodes = [
      node('a', 0, 2, {decodeMsPerLayer, openSessions: sessions}),
      node('b', 2, 4, {decodeMsPerLayer, openSessions: sessions}),
      node('c', 0, 4, slow),
    ];
    const result = route(nodes);
    return result.kind === 'chain' ? result.hops[0]?.nodeId : null;
  };
  // Alone both take 1 ms per layer: six sessions are 12 ms of work in turn, and 4.5 ms as one.
  expect(headOf({fixedMs: 0, perSessionMs: 1}, 6)).toBe('c');
  expect(headOf({fixedMs: 0.75, perSessionMs: 0.25}, 6)).toBe('a');
  expect(headOf({fixedMs: 0.75, perSessionMs: 0.25}, 40)).toBe('c');
});

function at(id: string, placeMs: number, more: Partial<SnapshotNode>) {
  return snapshotNode(id, {coords: {at: [placeMs], heightMs: 0, errorMs: 1}, ...more});
}

test.for([1e-10, 1e-30, 1e-60, 1e-100])(
  '[RT14] a node that says %d ms per layer changes nothing for a chain over the others',
  (perSessionMs) => {
    const slow = {decodeMsPerLayer: {fixedMs: 0, perSessionMs: 5}};
    const others = [
      at('a', 0, {...slow, shards: [shard(0, 2, 4)]}),
      at('b', 2, {...slow, shards: [shard(2, 4, 4)]}),
      // Less work, but far away.
      at('c', 300, {shards: [shard(2, 4, 4)]}),
    ];
    const lie = {decodeMsPerLayer: {fixedMs: 0, perSessionMs}, openSessions: 1};
    const middle = at('liar', 1000, {...lie, shards: [shard(1, 2, 4)]});
    const whole = at('liar', 1000, {...lie, shards: [shard(0, 4, 4)]});
    const idle = route(others);
    expect(idle).toMatchObject({hops: [{nodeId: 'a'}, {nodeId: 'b'}]});
    expect(route([...others, middle])).toMatchObject(idle);
    const avoided = new Map([[asPeerId('liar'), 'distrusted' as const]]);
    expect(route([...others, whole], {...EMPTY_OVERLAY, avoided})).toMatchObject(idle);
  },
);
