import {generateKeyPair} from '@libp2p/crypto/keys';
import {peerIdFromPrivateKey} from '@libp2p/peer-id';
import {multiaddr} from '@multiformats/multiaddr';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {RelayPlaces} from './relay-places.ts';

const MINUTE_MS = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
  // `AbortSignal.timeout` does not follow fake time by itself.
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    const late = new AbortController();
    setTimeout(() => late.abort(), ms);
    return late.signal;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'));
const address = multiaddr('/ip4/127.0.0.1/tcp/1/ws');

function create(): RelayPlaces {
  return new RelayPlaces({limit: {data: 1n << 15n, duration: MINUTE_MS}});
}

test.each([10, 7, 60])('[RL2] a place renewed every %i minutes never vanishes', (everyMinutes) => {
  const places = create();
  for (let minute = 0; minute < 180; minute += 1) {
    if (minute % everyMinutes === 0) places.reserve(peer, address);
    expect(places.get(peer)?.signal.aborted).toBe(false);
    vi.advanceTimersByTime(MINUTE_MS);
  }
});

test('[RL2] a place that is given back is gone, with what goes through it, and can be taken again', () => {
  const places = create();
  places.reserve(peer, address);
  places.reserve(peer, address);
  const signal = places.get(peer)?.signal;
  places.removeReservation(peer);
  expect(signal?.aborted).toBe(true);
  expect(places.get(peer)).toBeUndefined();
  places.reserve(peer, address);
  vi.advanceTimersByTime(100 * MINUTE_MS);
  expect(places.get(peer)?.signal.aborted).toBe(false);
});
