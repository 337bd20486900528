import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {snapshotOfNodes} from '../../swarm-snapshot.ts';
import {ClientOverlay} from './client-overlay.ts';

const a = asPeerId('a');
const hops = [{nodeId: a, startLayer: 0, endLayer: 4}];
const nobody = new Map();

/** One node that holds all four layers, as its record of `publishedAtMs` shows it at `atMs`. */
function seen(atMs: number, publishedAtMs: number, openSessions = 0) {
  return snapshotOfNodes(
    [snapshotNode('a', {shards: [shard(0, 4, 4)], publishedAtMs, openSessions})],
    atMs,
  );
}

test('[CO1] a promised chain counts until the record of its node shows it', () => {
  const overlay = new ClientOverlay();
  overlay.promise(hops, 1000);
  expect(overlay.over(seen(1100, 900), nobody).promised.get(a)).toEqual({
    sessions: 1,
    workMsPerToken: 4,
  });
  expect(overlay.over(seen(2100, 2000, 1), nobody).promised.size).toBe(0);
});

test('[CO2] a chain whose answer has ended counts no more, also while records still show it', () => {
  const overlay = new ClientOverlay();
  const unseen = overlay.promise(hops, 1000);
  overlay.release(unseen, 1050);
  expect(overlay.over(seen(1100, 900), nobody).promised.size).toBe(0);

  const shown = overlay.promise(hops, 1200);
  expect(overlay.over(seen(2100, 2000, 1), nobody).promised.size).toBe(0);
  overlay.release(shown, 2200);
  expect(overlay.over(seen(2300, 2000, 1), nobody).promised.get(a)).toEqual({
    sessions: -1,
    workMsPerToken: -4,
  });
  expect(overlay.over(seen(3100, 3000), nobody).promised.size).toBe(0);
});

test('[CO3] the speed at which a hop ran replaces the word of its node, for a while', () => {
  const overlay = new ClientOverlay();
  overlay.observe(a, 2.5, 1000);
  overlay.observe(a, Number.NaN, 1000);
  expect(overlay.over(seen(2000, 900), nobody).observedMsPerLayer).toEqual(new Map([[a, 2.5]]));
  expect(overlay.over(seen(62_000, 900), nobody).observedMsPerLayer.size).toBe(0);
});

test('[CO4] what others opened lately is about what they have opened unseen; its own is not', () => {
  const overlay = new ClientOverlay();
  expect(overlay.over(seen(1000, 900, 3), nobody).unseenSessions).toBe(0);
  expect(overlay.over(seen(2000, 1900, 7), nobody).unseenSessions).toBe(4);
  overlay.promise(hops, 2050);
  expect(overlay.over(seen(2900, 2800, 8), nobody).unseenSessions).toBe(4);
  expect(overlay.over(seen(9000, 8900, 8), nobody).unseenSessions).toBe(0);
});

test('[CO4] a client that reads records before it asks knows how many sessions are opened; only the last two seconds count', () => {
  const record = {peerId: a, shards: [shard(0, 4, 4)]};
  const reader = new ClientOverlay();
  reader.see([{...record, openSessions: 3}], 1000);
  reader.see([{...record, openSessions: 5}], 1800);
  reader.see([{...record, openSessions: 4}], 2200);
  expect(reader.over(seen(2500, 2400, 5), nobody).unseenSessions).toBe(3);

  const other = new ClientOverlay();
  other.see([{...record, openSessions: 3}], 1000);
  expect(other.over(seen(9000, 8900, 11), nobody).unseenSessions).toBe(2);
});

test('[RR5] a node of a chain that is listed no more is added for its answer, with room for that, while it is not avoided', () => {
  const overlay = new ClientOverlay();
  overlay.over(seen(1000, 900, 9), nobody);
  overlay.promise(hops, 1000);
  const empty = snapshotOfNodes([], 2000);
  const ofAnswer = {warm: [{peerId: a}], ran: [{peerId: a}], avoid: nobody};
  expect(overlay.withUnlisted(empty, ofAnswer).nodes).toMatchObject([
    {nodeId: a, shards: [shard(0, 4, 4)], maxSessions: Infinity, kvTokensFree: Infinity},
  ]);
  expect(overlay.withUnlisted(empty, {...ofAnswer, avoid: new Map([[a, 'distrusted']])})).toBe(
    empty,
  );
  expect(overlay.withUnlisted(empty, {...ofAnswer, warm: [], ran: []})).toBe(empty);
  const stranger = [{peerId: asPeerId('stranger')}];
  expect(overlay.withUnlisted(empty, {warm: stranger, ran: stranger, avoid: nobody})).toBe(empty);
  const listed = seen(2000, 1900);
  expect(overlay.withUnlisted(listed, ofAnswer)).toBe(listed);
});
