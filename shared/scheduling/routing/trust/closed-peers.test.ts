import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {ClosedPeers} from './closed-peers.ts';

const [a, b] = [asPeerId('a'), asPeerId('b')];

test('[GN26] a peer that closed its link is back with a later record, not with the one that lives on, and with a link', () => {
  const published = new Map([
    [a, 100],
    [b, 100],
  ]);
  const closed = new ClosedPeers(
    (peerId) => published.get(peerId) ?? null,
    () => 150,
  );
  closed.add(a);
  closed.add(b);
  closed.add(asPeerId('of whom there is no record'));
  expect(closed.list()).toEqual([a, b]);
  // On its way when the link was closed.
  published.set(a, 650);
  expect(closed.list()).toEqual([a, b]);
  published.set(a, 651);
  expect(closed.list()).toEqual([b]);
  closed.remove(b);
  expect(closed.list()).toEqual([]);
});
