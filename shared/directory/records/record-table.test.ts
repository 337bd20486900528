import {expect, test} from 'vitest';
import {asPeerId, type PeerId} from '../../base/ids.ts';
import {RECORD_TTL_MS, type NodeRecord} from '../../protocol/node-record.ts';
import {buildRecord} from '../../testing/record-builder.ts';
import {RecordTable, type RecordSource} from './record-table.ts';
import {RECORD_MAX_LIFE_MS} from './signed-record.ts';

const SERVER: RecordSource = {name: 'server', kind: 'named'};
const OTHER: RecordSource = {name: 'other', kind: 'named'};
const STRANGER: RecordSource = {name: 'stranger', kind: 'hint'};
const OWN: RecordSource = {name: 'own', kind: 'own'};
const SEQ = buildRecord().seq;

const serving = (name: string, seq = SEQ): NodeRecord => buildRecord({peerId: asPeerId(name), seq});
const spare = (name: string): NodeRecord => buildRecord({peerId: asPeerId(name), shards: []});
const farewell = (name: string, seq: number): NodeRecord =>
  buildRecord({peerId: asPeerId(name), seq, expiresAtMs: seq});
const namesIn = (table: RecordTable, nowMs = SEQ): readonly PeerId[] =>
  table.live(nowMs).map(({peerId}) => peerId);

test('[KR1] a full table keeps those that it heard first, and says beforehand that there is no place', () => {
  const table = new RecordTable({maxRecords: 2});
  for (const name of ['b', 'c', 'a']) table.add(serving(name), SERVER);
  expect(namesIn(table)).toEqual(['b', 'c']);
  expect(table.hasPlaceFor(asPeerId('a'), SERVER)).toBe(false);
  expect(table.hasPlaceFor(asPeerId('b'), SERVER)).toBe(true);
  expect(table.add(serving('b', SEQ + 1), SERVER)).toBe(true);
});

test('[KR1] a serving node takes the place of a spare, and the latest spare leaves first', () => {
  const table = new RecordTable({maxRecords: 3});
  for (const record of [spare('a'), serving('b'), spare('c')]) table.add(record, SERVER);
  expect(table.add(spare('d'), SERVER)).toBe(false);
  expect(table.add(serving('e'), SERVER)).toBe(true);
  expect(namesIn(table)).toEqual(['a', 'b', 'e']);
  expect(table.add(serving('f'), SERVER)).toBe(true);
  expect(namesIn(table)).toEqual(['b', 'e', 'f']);
});

test('[KR2] neighbours and this node itself are listed whoever else is', () => {
  const table = new RecordTable({maxRecords: 1, isNeighbour: (peer) => peer === 'near'});
  table.add(serving('a'), SERVER);
  expect(table.add(serving('near'), SERVER)).toBe(true);
  expect(table.add(serving('me'), OWN)).toBe(true);
  expect(table.add(serving('z'), SERVER)).toBe(false);
  expect(namesIn(table)).toEqual(['a', 'me', 'near']);
});

test('[KR3] what only strangers list has few places, and gives way to what a named server lists', () => {
  const table = new RecordTable({maxRecords: 100});
  for (let k = 0; k < 200; k += 1) table.add(serving(`hint-${k}`), STRANGER);
  expect(namesIn(table)).toHaveLength(64);
  for (let k = 0; k < 100; k += 1) table.add(spare(`named-${k}`), SERVER);
  expect(namesIn(table).filter((name) => name.startsWith('named'))).toHaveLength(100);
});

test('[KR4] what was verified is not verified again, from whatever list it comes', () => {
  const table = new RecordTable();
  const owner = asPeerId('a');
  table.add(serving('a'), SERVER, 'as-listed');
  expect(table.isHeld(owner, 'as-listed', OTHER)).toBe(true);
  expect(table.isHeld(owner, 'otherwise', OTHER)).toBe(false);
  expect(table.isNews(owner, SEQ)).toBe(false);
  expect(table.isNews(owner, SEQ + 1)).toBe(true);
  // The second list counts: it takes both to end the record.
  expect(table.gone(owner, SERVER)).toBe(false);
  expect(table.gone(owner, OTHER)).toBe(true);
});

test('[KR5] after a farewell nothing older comes back, for as long as it could be valid', () => {
  const table = new RecordTable();
  table.add(serving('a'), SERVER);
  table.add(farewell('a', SEQ + 1), SERVER);
  table.gone(asPeerId('a'), SERVER);
  expect(table.add(serving('a'), OTHER)).toBe(false);
  table.live(SEQ + RECORD_MAX_LIFE_MS);
  expect(table.add(serving('a'), OTHER)).toBe(false);
  expect(table.add(serving('a', SEQ + 2), OTHER)).toBe(true);
});

test('[KR5] an owner that is gone comes back with the same record, but not with an older one', () => {
  const table = new RecordTable();
  table.add(serving('a'), SERVER);
  table.gone(asPeerId('a'), SERVER);
  expect(table.add(serving('a', SEQ - 1), OTHER)).toBe(false);
  expect(table.add(serving('a'), OTHER)).toBe(true);
});

test('[KR6] owners that come and go leave nothing behind, and push no farewell out', () => {
  const table = new RecordTable();
  table.add(serving('a'), SERVER);
  table.add(farewell('a', SEQ + 1), SERVER);
  for (let k = 0; k < 5_000; k += 1) table.add(farewell(`x${k}`, SEQ + 1), SERVER);
  expect(table.isNews(asPeerId('a'), SEQ)).toBe(false);
  expect(table.isNews(asPeerId('x4999'), SEQ)).toBe(true);
  expect(namesIn(table, SEQ + RECORD_TTL_MS)).toEqual([]);
  table.live(SEQ + 2 + RECORD_MAX_LIFE_MS);
  expect(table.isNews(asPeerId('a'), SEQ)).toBe(true);
});
