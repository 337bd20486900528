import type {Connection, Libp2p} from '@libp2p/interface';
import {generateKeyPair} from '@libp2p/crypto/keys';
import {peerIdFromPrivateKey} from '@libp2p/peer-id';
import {multiaddr} from '@multiformats/multiaddr';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {closeDoubles} from './close-doubles.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const [first, second] = (
  await Promise.all([1, 2].map(async () => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))))
).toSorted((a, b) => (a.toString() < b.toString() ? -1 : 1));

type Double = {readonly openedMs: number; streams: number; status: string};

/** A node with some connections to one other, the last of them just opened. */
function open(doubles: readonly Double[], {isFirst = true} = {}) {
  const [self, other] = isFirst ? [first, second] : [second, first];
  const connections = doubles.map((double) => ({
    remotePeer: other,
    remoteAddr: multiaddr('/webrtc'),
    timeline: {open: double.openedMs},
    get status() {
      return double.status;
    },
    get streams() {
      return Array.from({length: double.streams});
    },
    async close() {
      double.status = 'closed';
    },
  }));
  const events = new EventTarget();
  const libp2p = Object.assign(events, {peerId: self, getConnections: () => connections});
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is looked at of libp2p's.
  closeDoubles(libp2p as unknown as Libp2p);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same.
  const detail = connections.at(-1) as unknown as Connection;
  events.dispatchEvent(new CustomEvent('connection:open', {detail}));
}

const opened = (openedMs: number, streams: number): Double => ({openedMs, streams, status: 'open'});

test.each([
  ['nothing goes over either', [0, 0], ['closed', 'open']],
  ['a link goes over the newer', [0, 1], ['closed', 'open']],
  ['a link goes over the older', [1, 0], ['open', 'closed']],
  ['links go over both', [1, 1], ['open', 'open']],
  ['there is one', [0], ['open']],
])('[GD11] of two connections to the same peer, where %s', async (_, streams, left) => {
  const doubles = streams.map((count, at) => opened(at, count));
  open(doubles);
  await vi.advanceTimersByTimeAsync(9_999);
  expect(doubles.every(({status}) => status === 'open')).toBe(true);
  await vi.advanceTimersByTimeAsync(1);
  expect(doubles.map(({status}) => status)).toEqual(left);
});

test('[GD11] two that are both in use are looked at again', async () => {
  const doubles = [opened(0, 1), opened(1, 1)];
  open(doubles);
  await vi.advanceTimersByTimeAsync(10_000);
  for (const double of doubles) double.streams = 0;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(doubles.map(({status}) => status)).toEqual(['closed', 'open']);
});

test('[GD11] the peer whose id comes second leaves it to the first', async () => {
  const doubles = [opened(0, 0), opened(1, 0)];
  open(doubles, {isFirst: false});
  await vi.advanceTimersByTimeAsync(60_000);
  expect(doubles.map(({status}) => status)).toEqual(['open', 'open']);
});
