import {generateKeyPair} from '@libp2p/crypto/keys';
import type {PrivateKey} from '@libp2p/interface';
import {peerIdFromPrivateKey} from '@libp2p/peer-id';
import {assert, asyncProperty, integer, nat} from 'fast-check';
import {expect, test} from 'vitest';
import {asPeerId} from '../../base/ids.ts';
import {RECORD_MAX_BYTES, type NodeRecord} from '../../protocol/node-record.ts';
import {PROTOCOL_MAJOR} from '../../protocol/version.ts';
import {holdSpeed} from '../../scheduling/steady-speed.ts';
import {buildRecord} from '../../testing/record-builder.ts';
import {createValidators, recordSelectors} from '../server/record-rules.ts';
import {openRecord, sealedByteLength, sealRecord, type SealedRecord} from './signed-record.ts';

const NOW_MS = 1_800_000_000_000;
const privateKey = await generateKeyPair('Ed25519');
const idOf = (key: PrivateKey) => asPeerId(peerIdFromPrivateKey(key).toString());
const record = buildRecord({peerId: idOf(privateKey), seq: NOW_MS});

async function seal(changes: Partial<NodeRecord> = {}): Promise<SealedRecord> {
  return await sealRecord({...record, ...changes}, privateKey);
}

const codeOf = async (sealed: SealedRecord) =>
  await openRecord(sealed, NOW_MS).then(
    () => 'accepted',
    (error: unknown) => (error instanceof Error && 'detail' in error ? error.detail : error),
  );

test('[SR1] opens what its owner sealed, without fields that the schema does not know', async () => {
  const extended = {...record, mood: 'fine'};
  expect(await openRecord(await sealRecord(extended, privateKey), NOW_MS)).toEqual(record);
  expect(sealedByteLength(record)).toBe((await seal()).value.byteLength);
});

test('[SR2] refuses a record above the size limit', async () => {
  const addresses = Array.from({length: 4}, () => `/dns4/${'x'.repeat(240)}`);
  const rtts = Array.from({length: 16}, () => ({peerId: record.peerId, rttMs: 1.5}));
  const sealed = await seal({addresses, rtts});
  expect(sealed.value.byteLength).toBeGreaterThan(RECORD_MAX_BYTES);
  expect(await codeOf(sealed)).toMatchObject({code: 'RECORD_TOO_LARGE'});
});

test('[SR3] refuses a record under a key that is not its own', async () => {
  const {key, value} = await seal();
  const others = [
    key.replace('/public/', '/private/'),
    key.replace(`/${PROTOCOL_MAJOR}/`, `/${PROTOCOL_MAJOR + 1}/`),
    key.replace(record.peerId, idOf(await generateKeyPair('Ed25519'))),
  ];
  for (const other of others) {
    expect(await codeOf({key: other, value})).toMatchObject({code: 'RECORD_KEY_MISMATCH'});
  }
});

test('[SR4] refuses a record that somebody else signed', async () => {
  const sealed = await sealRecord(record, await generateKeyPair('Ed25519'));
  expect(await codeOf(sealed)).toMatchObject({code: 'RECORD_SIGNATURE_INVALID'});
});

test('[SR5] refuses an owner whose key is not Ed25519', async () => {
  const other = await generateKeyPair('secp256k1');
  const sealed = await sealRecord({...record, peerId: idOf(other)}, other);
  expect(await codeOf(sealed)).toMatchObject({code: 'RECORD_OWNER_NOT_ED25519'});
});

test.each([
  ['over', {seq: NOW_MS - 40_000, expiresAtMs: NOW_MS}, 'RECORD_EXPIRED'],
  ['too far ahead', {expiresAtMs: NOW_MS + 60_001}, 'RECORD_EXPIRY_TOO_FAR'],
  ['of tomorrow', {seq: NOW_MS + 10_001, expiresAtMs: NOW_MS + 20_000}, 'RECORD_FROM_THE_FUTURE'],
  ['an old farewell', {seq: NOW_MS - 60_000, expiresAtMs: NOW_MS - 60_000}, 'RECORD_EXPIRED'],
])('[SR6] refuses times that are %s', async (_, times, code) => {
  expect(await codeOf(await seal(times))).toMatchObject({code});
});

test.each([
  ['just before its expiry', {seq: NOW_MS - 30_000, expiresAtMs: NOW_MS + 1}],
  [
    'of a clock that is ahead by the allowed skew',
    {seq: NOW_MS + 10_000, expiresAtMs: NOW_MS + 40_000},
  ],
  ['a farewell', {seq: NOW_MS - 59_999, expiresAtMs: NOW_MS - 59_999}],
])('[SR7] accepts times that are %s', async (_, times) => {
  expect(await codeOf(await seal(times))).toBe('accepted');
});

test('[SR8] any changed byte makes a record unusable', async () => {
  const {key, value} = await seal();
  await assert(
    asyncProperty(nat(value.byteLength - 1), integer({min: 1, max: 255}), async (index, flip) => {
      const changed = value.slice();
      changed[index] = (changed[index] ?? 0) ^ flip;
      await expect(openRecord({key, value: changed}, NOW_MS)).rejects.toMatchObject({
        name: 'RecordRefusedError',
      });
    }),
  );
});

test('[SR9] the DHT stores only what any reader would accept, and selects the highest seq', async () => {
  const validate = createValidators(() => NOW_MS)['weft'];
  const older = await seal({seq: NOW_MS - 5});
  const newer = await seal();
  const key = new TextEncoder().encode(newer.key);
  await expect(validate?.(key, newer.value)).resolves.toBeUndefined();
  await expect(validate?.(key, newer.value.slice(1))).rejects.toThrow('Cannot use record');
  const noise = new Uint8Array(100);
  expect(recordSelectors['weft']?.(key, [older.value, noise, newer.value])).toBe(2);
});

test('[SR10] what a record takes: 1,250 bytes with two neighbours, and 80 for each more', () => {
  const {peerId} = buildRecord();
  const relay = `/dns4/${'a'.repeat(24)}.example/tcp/443/tls/ws/p2p/${peerId}`;
  const recordWith = (neighbours: number) =>
    buildRecord({
      addresses: [`${relay}/p2p-circuit/webrtc/p2p/${peerId}`],
      engineClass: 'webgpu-shader-f16',
      decodeMsPerLayer: {fixedMs: 0, perSessionMs: 0.2222},
      prefillMsPerTokenLayer: 0.1109,
      hopOverheadMs: 0.4251,
      steady: holdSpeed(null, {decodeMsPerLayer: 0.2222, hopOverheadMs: 0.8251}, 0).speed,
      uplinkBytesPerSec: 5_128_515,
      coords: {at: [-100.6, 100.1, 100.2], heightMs: 11.2, errorMs: 18.3},
      rtts: Array.from({length: neighbours}, () => ({peerId, rttMs: 101.9})),
    });
  expect(sealedByteLength(recordWith(2))).toBeLessThanOrEqual(1250);
  expect(sealedByteLength(recordWith(3)) - sealedByteLength(recordWith(2))).toBeLessThanOrEqual(80);
});
