import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {TrustBook, type Conduct} from './trust-book.ts';

const NODE = asPeerId('node');
const FINISHED: Conduct = {kind: 'finished'};

type Fault = Exclude<Conduct, {readonly kind: 'finished'}>;
const fault = (kind: Fault['kind'], differences: Partial<Fault> = {}): Conduct => ({
  kind,
  code: 'NOT_SERVING',
  isCertain: true,
  ...differences,
});

/** How long the node is shunned after these, at one moment. */
function shunnedMs(...conducts: readonly Conduct[]): number {
  const book = new TrustBook();
  for (const conduct of conducts) book.report({peerId: NODE, conduct}, 0);
  let ms = 0;
  while (book.shunned(ms).has(NODE)) ms += 1_000;
  return ms;
}

test.each([
  [fault('left'), 30_000],
  [fault('silent'), 120_000],
  [fault('lied'), 600_000],
  [fault('refused'), 15_000],
  [fault('refused', {code: 'SESSIONS_FULL'}), 2_000],
  [FINISHED, 0],
])('[TB1] after %o a node is shunned for %i ms', (conduct, ms) => {
  expect(shunnedMs(conduct)).toBe(ms);
});

test('[TB1] each further failure doubles that, up to an hour; each finished answer halves the failures', () => {
  const left = fault('left');
  expect(shunnedMs(left, left)).toBe(60_000);
  expect(shunnedMs(left, left, left, left)).toBe(240_000);
  expect(shunnedMs(...Array.from({length: 9}, () => fault('lied')))).toBe(3_600_000);

  const book = new TrustBook();
  for (const conduct of [left, left, left, left, FINISHED, left]) {
    book.report({peerId: NODE, conduct}, 1_000_000);
  }
  // Two of the four count: 30 s twice doubled, and the 240 s of the fourth are longer.
  expect(book.shunned(1_239_999).has(NODE)).toBe(true);
  expect(book.shunned(1_240_000).has(NODE)).toBe(false);
});

test('[TB1] failures are forgotten with time, one every half hour', () => {
  const book = new TrustBook();
  book.report({peerId: NODE, conduct: fault('left')}, 0);
  book.report({peerId: NODE, conduct: fault('left')}, 1_800_000);
  expect(book.shunned(1_830_000).has(NODE)).toBe(false);
});

test('[TB2] a doubt shuns for 20 s, four times as long each time until the node helps to finish an answer, and counts as no failure', () => {
  const doubt = fault('lied', {isCertain: false});
  expect(shunnedMs(doubt)).toBe(20_000);
  expect(shunnedMs(doubt, doubt, doubt)).toBe(320_000);
  expect(shunnedMs(doubt, FINISHED, doubt)).toBe(20_000);
  expect(shunnedMs(doubt, FINISHED)).toBe(0);
  expect(shunnedMs(fault('left'), doubt, FINISHED)).toBe(30_000);
  expect(shunnedMs(doubt, fault('left'))).toBe(30_000);
});

test('[TB4] belief moves towards what answers show, and what lied or was silent begins from nothing', () => {
  const book = new TrustBook();
  book.confirm([NODE], 1, 0);
  expect(book.earned().get(NODE)).toBeCloseTo(0.7);
  expect(book.isProven(NODE)).toBe(true);
  book.confirm([NODE], 0, 0);
  expect(book.earned().get(NODE)).toBeCloseTo(0.21);
  expect(book.isProven(NODE)).toBe(false);
  book.confirm([NODE], 1, 0);
  book.report({peerId: NODE, conduct: fault('silent')}, 0);
  expect(book.earned().get(NODE)).toBe(0);
});
