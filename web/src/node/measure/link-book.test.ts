import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {LinkBook} from './link-book.ts';

const A = asPeerId('a');
const B = asPeerId('b');
const NOWHERE = {remote: null, seed: 1};

function bookOf(...samplesMs: readonly number[]): LinkBook {
  const book = new LinkBook();
  for (const ms of samplesMs) book.addRoundTrip(A, ms, NOWHERE);
  return book;
}

test('[CP1] a round trip is the least of the last ones, published from the second on', () => {
  expect(bookOf(9).facts(0).rtts).toEqual([]);
  expect(bookOf(9, 4, 30).facts(0).rtts).toEqual([{peerId: A, rttMs: 4}]);
});

test('[CP1] a published round trip changes after a minute, and by more than a step', () => {
  const book = bookOf(4, 4);
  expect(book.facts(0).rtts[0]?.rttMs).toBe(4);
  for (let k = 0; k < 8; k += 1) book.addRoundTrip(A, 12, NOWHERE);
  expect(book.facts(59_000).rtts[0]?.rttMs).toBe(4);
  expect(book.facts(60_000).rtts[0]?.rttMs).toBe(12);
  for (let k = 0; k < 8; k += 1) book.addRoundTrip(A, 13, NOWHERE);
  expect(book.facts(120_000).rtts[0]?.rttMs).toBe(12);
});

test('[CP2] at most 16 round trips are published, the nearest', () => {
  const book = new LinkBook();
  for (let k = 0; k < 20; k += 1) {
    for (let sample = 0; sample < 2; sample += 1) {
      book.addRoundTrip(asPeerId(`p${k}`), 20 - k, NOWHERE);
    }
  }
  const {rtts} = book.facts(0);
  expect(rtts).toHaveLength(16);
  expect(rtts.map(({rttMs}) => rttMs)).toEqual(Array.from({length: 16}, (_, k) => k + 1));
});

test('[CP11] a round trip by way of TURN says so, as long as it is', () => {
  const book = bookOf(4, 4);
  book.setPath(A, {isViaTurn: true});
  book.setPath(B, {isViaTurn: true});
  expect(book.facts(0).rtts).toEqual([{peerId: A, rttMs: 4, viaTurn: true}]);
  book.setPath(A, {isViaTurn: false});
  expect(book.facts(0).rtts).toEqual([{peerId: A, rttMs: 4}]);
});

test('[CP3] coordinates are known from the first round trip, and published again when they moved', () => {
  const book = new LinkBook();
  expect(book.facts(0).coords).toBeNull();
  const remote = {at: [50, 0, 0], heightMs: 1, errorMs: 1};
  book.addRoundTrip(A, 40, {remote, seed: 1});
  const first = book.facts(0).coords;
  expect(first).not.toBeNull();
  for (let k = 0; k < 20; k += 1) book.addRoundTrip(A, 40, {remote, seed: 1});
  expect(book.facts(9_000).coords).toBe(first);
  const later = book.facts(10_000).coords;
  expect(later?.errorMs).toBeLessThan((first?.errorMs ?? 0) / 3);
  expect(book.facts(30_000).coords).toBe(later);
});

test('[CP4] a peer is unreachable from its second failure on, until it is reached or gone', () => {
  const book = new LinkBook();
  book.addFailure(A);
  book.addFailure(B);
  expect(book.facts(0).unreachable).toEqual([]);
  book.addFailure(A);
  book.addFailure(B);
  expect(book.facts(0).unreachable).toEqual([A, B]);
  book.addReached(A);
  expect(book.facts(0).unreachable).toEqual([B]);
  book.keepOnly(new Set([A]));
  expect(book.facts(0).unreachable).toEqual([]);
});

test('[CP4] at most 8 unreachable peers are published, the newest', () => {
  const book = new LinkBook();
  for (let k = 0; k < 20; k += 1) book.addFailure(asPeerId(`p${k % 10}`));
  expect(book.facts(0).unreachable).toEqual(Array.from({length: 8}, (_, k) => `p${k + 2}`));
});

test('[CP5] the uplink is the middle one of the last measurements', () => {
  const book = new LinkBook();
  expect(book.facts(0).uplinkBytesPerSec).toBeNull();
  for (const rate of [1e6, 1e5, 2e6]) book.addUplink(rate);
  expect(book.facts(0).uplinkBytesPerSec).toBe(1e6);
});
