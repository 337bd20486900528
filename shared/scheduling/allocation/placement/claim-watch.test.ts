import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {shard} from '#shared/testing/snapshot-node.ts';
import type {PlacedShard, PlacementClaim} from '../../swarm-snapshot.ts';
import {claimedMsOf, NO_CLAIMS, rememberClaims} from './claim-watch.ts';

const stuck = asPeerId('s');
const claimAt = (claimedAtMs: number) => ({...shard(0, 10, 30), epoch: claimedAtMs, claimedAtMs});
type Published = {readonly claim?: PlacementClaim; readonly shards?: readonly PlacedShard[]};
const published = (id: string, {claim, shards = []}: Published) => ({
  nodeId: asPeerId(id),
  claim: claim ?? null,
  shards,
});
const served = [shard(0, 10, 30)];

/** What is remembered of one node that is looked at every 10 s. */
function watch(states: readonly Published[]): number {
  let claims = NO_CLAIMS;
  for (const [i, state] of states.entries()) {
    claims = rememberClaims(claims, [published('s', state)], i * 10_000);
  }
  return claimedMsOf(claims, stuck);
}

const again = (i: number) => (i % 3 === 2 ? {} : {claim: claimAt(i * 10_000)});

test('[PL11] whoever claims again and again is remembered by all claims together', () => {
  expect(watch(Array.from({length: 30}, (_, i) => again(i)))).toBe(100_000);
  const moving = Array.from({length: 30}, (_, i) => ({...again(i), shards: served}));
  expect(watch(moving)).toBe(100_000);
});

test('[PL11] a node that starts to serve, or claims nothing for ten minutes, starts from zero', () => {
  const loading = Array.from({length: 20}, () => ({claim: claimAt(0)}));
  expect(watch(loading)).toBe(190_000);
  expect(watch([...loading, {shards: served}])).toBe(0);
  expect(watch([...loading, ...Array.from({length: 59}, () => ({}))])).toBe(190_000);
  expect(watch([...loading, ...Array.from({length: 61}, () => ({}))])).toBe(0);
});

test('[PL11] a node that is away for a while is remembered, and no number of strangers fills the memory', () => {
  let claims = NO_CLAIMS;
  claims = rememberClaims(claims, [published('s', {claim: claimAt(0)})], 0);
  claims = rememberClaims(claims, [published('s', {claim: claimAt(0)})], 10_000);
  claims = rememberClaims(claims, [], 20_000);
  expect(claimedMsOf(claims, stuck)).toBe(10_000);
  const strangers = Array.from({length: 5_000}, (_, i) => published(`x${i}`, {claim: claimAt(0)}));
  claims = rememberClaims(claims, strangers, 30_000);
  claims = rememberClaims(claims, strangers.slice(0, 1), 40_000);
  expect(claimedMsOf(claims, stuck)).toBe(0);
});
