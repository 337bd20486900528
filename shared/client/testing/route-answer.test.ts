import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import {EMPTY_OVERLAY} from '#shared/scheduling/routing/chain.ts';
import {snapshotOfNodes, type SnapshotNode} from '#shared/scheduling/swarm-snapshot.ts';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {routeAnswer, type ChainWish} from '../route-answer.ts';

const model = {layerCount: 4, cutEvery: 1};
const request = {
  promptTokenIds: [1, 2],
  maxNewTokens: 8,
  sampling: {temperature: 0, topK: 0, topP: 1, seed: 0, topLogprobs: 0},
};
const FAST = {fixedMs: 0, perSessionMs: 0.1};
const head = snapshotNode('head', {shards: [shard(0, 2, 4)], engineClass: 'wasm-f32'});
const gpu = snapshotNode('gpu', {
  shards: [shard(2, 4, 4)],
  engineClass: 'webgpu-x',
  decodeMsPerLayer: FAST,
});
const cpu = snapshotNode('cpu', {shards: [shard(2, 4, 4)], engineClass: 'wasm-f32'});

function choose(nodes: readonly SnapshotNode[], known: Partial<ChainWish> = {}) {
  const avoid = new Map([[asPeerId('lost'), 'silent' as const]]);
  const wish = {request, avoid, warm: [], ran: [], ...known};
  const snapshot = snapshotOfNodes(nodes, 0);
  const overlay = {...EMPTY_OVERLAY, avoided: wish.avoid};
  return routeAnswer({wish, snapshot, listed: snapshot, model, overlay, seed: 1});
}

function route(...asked: Parameters<typeof choose>) {
  const choice = choose(...asked);
  return choice.kind === 'chain' ? choice.hops : [];
}

function missingOf(...asked: Parameters<typeof choose>) {
  const choice = choose(...asked);
  return choice.kind === 'gap' ? choice.missing : [];
}

const names = (hops: readonly Hop[]) => hops.map(({peerId}) => peerId);

test('[RR4] an answer goes on where the engine is of the class that ran its lost layers, of which no record is left', () => {
  const lost = snapshotNode('lost', {shards: [shard(2, 4, 4)], engineClass: 'wasm-f32'});
  const ran = route([head, lost], {avoid: new Map()});
  expect(names(ran)).toEqual(['head', 'lost']);
  const warm = ran.slice(0, 1);
  expect(names(route([head, gpu, cpu]))).toEqual(['head', 'gpu']);
  expect(names(route([head, gpu, cpu], {warm, ran}))).toEqual(['head', 'cpu']);
  // No cache is left: the class still counts.
  expect(names(route([head, gpu, cpu], {ran}))).toEqual(['head', 'cpu']);
});

const room = (layers: number) => ({plain: layers, first: layers, last: layers, both: layers});

test('[PL18] of an answer that has begun, layers say whether another tab is to take them over', () => {
  const lost = snapshotNode('lost', {shards: [shard(2, 4, 4)]});
  const roomy = snapshotNode('head', {shards: head.shards, capacityLayers: room(4)});
  const full = snapshotNode('head', {shards: head.shards, capacityLayers: room(2)});
  const ran = route([full, lost], {avoid: new Map()});
  const gap = {startLayer: 2, endLayer: 4, why: 'silent'};
  expect(missingOf([full, lost], {ran})).toEqual([gap]);
  expect(missingOf([roomy, lost], {ran})).toEqual([{...gap, hasHeir: true}]);
  // Before the first token it waits for tabs as it always does.
  expect(missingOf([roomy, lost])).toEqual([gap]);
});
