import {expect, test} from 'vitest';
import {buildRecord} from '../testing/record-builder.ts';
import {isFarewell, parseNodeRecord} from './node-record.ts';
import {TEST_SWARM} from './swarm-kind.ts';

const valid = buildRecord();

test('[NR1] keeps a valid record as it is, and ignores what it does not know', () => {
  expect(parseNodeRecord(valid)).toEqual(valid);
  const shard = {startLayer: 0, endLayer: 5, embedding: true, lmHead: false, tint: 'red'};
  expect(parseNodeRecord({...valid, admin: true, shards: [shard]})).toEqual(valid);
});

const shard = valid.shards[0];
const rtt = {peerId: valid.peerId, rttMs: 1};

test.each([
  ['an empty range', {...valid, shards: [{...shard, startLayer: 5}]}, 'shards.0'],
  ['a negative time', {...valid, hopOverheadMs: -1}, 'hopOverheadMs'],
  ['a time that is not a number', {...valid, hopOverheadMs: Number.NaN}, 'hopOverheadMs'],
  ['an endless time', {...valid, hopOverheadMs: Infinity}, 'hopOverheadMs'],
  ['half a session', {...valid, openSessions: 0.5}, 'openSessions'],
  ['a missing field', {...valid, claim: undefined}, 'claim'],
  ['too many round trips', {...valid, rtts: Array.from({length: 17}, () => rtt)}, 'rtts'],
  ['a place without axes', {...valid, coords: {at: [], heightMs: 1, errorMs: 1}}, 'coords.at'],
  ['a negative rate', {...valid, uplinkBytesPerSec: -1}, 'uplinkBytesPerSec'],
  ['a swarm id with a slash', {...valid, swarmId: 'a/b'}, 'swarmId'],
])('[NR1] refuses %s and names the path', (_, value, path) => {
  expect(() => parseNodeRecord(value)).toThrow(
    expect.objectContaining({detail: {code: 'MALFORMED_MESSAGE', kind: 'node-record', path}}),
  );
});

const hour = 3_600_000;
test.each([
  [
    'a time',
    {...valid, decodeMsPerLayer: {fixedMs: hour + 1, perSessionMs: 0}},
    'decodeMsPerLayer.fixedMs',
  ],
  ['an overhead', {...valid, hopOverheadMs: hour + 1}, 'hopOverheadMs'],
  [
    'a steady time',
    {...valid, steady: {decodeMsPerLayer: hour + 1, hopOverheadMs: 0}},
    'steady.decodeMsPerLayer',
  ],
  ['a round trip', {...valid, rtts: [{...rtt, rttMs: hour + 1}]}, 'rtts.0.rttMs'],
  ['layers held', {...valid, shards: [{...shard, endLayer: 10_001}]}, 'shards.0.endLayer'],
  [
    'room for layers',
    {...valid, capacityLayers: {...valid.capacityLayers, plain: 10_001}},
    'capacityLayers.plain',
  ],
  ['sessions', {...valid, maxSessions: 4_097}, 'maxSessions'],
  ['open sessions', {...valid, openSessions: 4_097}, 'openSessions'],
  ['a cache', {...valid, kvTokensFree: 2 ** 32 + 1}, 'kvTokensFree'],
  ['an uplink', {...valid, uplinkBytesPerSec: 1e13}, 'uplinkBytesPerSec'],
])('[NR7] refuses %s beyond what any node has', (_, value, path) => {
  expect(() => parseNodeRecord(value)).toThrow(
    expect.objectContaining({detail: {code: 'MALFORMED_MESSAGE', kind: 'node-record', path}}),
  );
});

test('[NR8] refuses a stand-in for an engine, but in a test swarm', () => {
  const standIn = {...valid, engineClass: 'stub'};
  expect(() => parseNodeRecord(standIn)).toThrow(
    expect.objectContaining({
      detail: {code: 'MALFORMED_MESSAGE', kind: 'node-record', path: 'engineClass'},
    }),
  );
  expect(parseNodeRecord({...standIn, swarmId: TEST_SWARM}).engineClass).toBe('stub');
});

test('[NR6] a record of an older minor is read: what it does not say is not known', () => {
  const {coords, steady, uplinkBytesPerSec, ...older} = buildRecord({
    coords: {at: [1, 2, 3], heightMs: 0.5, errorMs: 4},
    steady: {decodeMsPerLayer: 1, hopOverheadMs: 2},
    uplinkBytesPerSec: 1_000_000,
  });
  expect([coords, steady, uplinkBytesPerSec]).not.toContain(null);
  expect(parseNodeRecord(older)).toEqual(valid);
});

test('[NR5] a record that expires when it is written is a farewell', () => {
  expect(isFarewell(valid)).toBe(false);
  expect(isFarewell({...valid, expiresAtMs: valid.seq})).toBe(true);
});
