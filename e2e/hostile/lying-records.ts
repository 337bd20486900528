import {generateKeyPair} from '@libp2p/crypto/keys';
import type {PrivateKey} from '@libp2p/interface';
import {peerIdFromPrivateKey} from '@libp2p/peer-id';
import {asPeerId, asSwarmId} from '#shared/ids.ts';
import {sealRecord, type SealedRecord} from '#shared/p2p/signed-record.ts';
import type {RecordRefusal} from '#shared/protocol/put-message.ts';
import {RECORD_MAX_BYTES, RECORD_TTL_MS, type NodeRecord} from '#shared/protocol/node-record.ts';
import {buildRecord} from '#shared/testing/record-builder.ts';
import type {HostileWorld} from './hostile-world.ts';

const FAR_AHEAD_MS = 120_000;
const SIGNATURE_BYTES = 64;

/** A record that is true in all but what `changes` say, and whose owner holds the key. */
export function recordOf(
  {manifestHash}: HostileWorld,
  privateKey: PrivateKey,
  changes: Partial<NodeRecord> = {},
): NodeRecord {
  const seq = changes.seq ?? Date.now();
  return buildRecord({
    peerId: asPeerId(peerIdFromPrivateKey(privateKey).toString()),
    seq,
    expiresAtMs: seq + RECORD_TTL_MS,
    swarmId: asSwarmId('public'),
    manifestHash,
    shards: [],
    ...changes,
  });
}

type Lie = (world: HostileWorld) => Promise<SealedRecord>;

/** Signed by a key that nobody has seen before. */
function sealed(changes: () => Partial<NodeRecord>): Lie {
  return async (world) => {
    const privateKey = await generateKeyPair('Ed25519');
    return await sealRecord(recordOf(world, privateKey, changes()), privateKey);
  };
}

/** A true record whose bytes or key are changed afterwards. */
function altered(change: (record: SealedRecord) => SealedRecord): Lie {
  return async (world) => change(await sealed(() => ({}))(world));
}

function withBody(body: string): Lie {
  return altered(({key, value}) => {
    const text = new TextEncoder().encode(body);
    const bytes = new Uint8Array(SIGNATURE_BYTES + text.byteLength);
    bytes.set(value.subarray(0, SIGNATURE_BYTES));
    bytes.set(text, SIGNATURE_BYTES);
    return {key, value: bytes};
  });
}

/** Records that no reader may use, by the code that says why. */
export const LYING_RECORDS: Readonly<
  Record<RecordRefusal, readonly (readonly [what: string, lie: Lie])[]>
> = {
  RECORD_TOO_LARGE: [
    ['more bytes than a record may have', withBody('x'.repeat(RECORD_MAX_BYTES))],
    ['a mebibyte', withBody('x'.repeat(1024 * 1024))],
  ],
  RECORD_MALFORMED: [
    ['no bytes', altered(({key}) => ({key, value: new Uint8Array(0)}))],
    ['no JSON', withBody('{')],
    ['another schema', withBody('{"peerId":1}')],
  ],
  RECORD_KEY_MISMATCH: [
    [
      'the record of one peer under the key of another',
      altered(({key, value}) => ({key: `${key}X`, value})),
    ],
    [
      'the record of one model under the key of another',
      altered(({key, value}) => ({key: key.replace(/[0-9a-f]{64}/u, 'cd'.repeat(32)), value})),
    ],
  ],
  RECORD_OWNER_NOT_ED25519: [
    [
      'an owner with an RSA key',
      async (world) => {
        const privateKey = await generateKeyPair('RSA', 2048);
        return await sealRecord(recordOf(world, privateKey), privateKey);
      },
    ],
  ],
  RECORD_SIGNATURE_INVALID: [
    [
      'a lending tab that leaves, says somebody else',
      async (world) => {
        const privateKey = await generateKeyPair('Ed25519');
        const seq = Date.now() + 1_000;
        const record = recordOf(world, privateKey, {
          peerId: world.head.peerId,
          seq,
          expiresAtMs: seq,
        });
        return await sealRecord(record, privateKey);
      },
    ],
    [
      'one figure changed after signing',
      altered(({key, value}) => {
        const text = new TextDecoder().decode(value.subarray(SIGNATURE_BYTES));
        const body = new TextEncoder().encode(text.replace('"maxSessions":4', '"maxSessions":9'));
        const bytes = value.slice();
        bytes.set(body, SIGNATURE_BYTES);
        return {key, value: bytes};
      }),
    ],
  ],
  RECORD_EXPIRED: [
    [
      'a record whose time is over',
      sealed(() => ({seq: Date.now() - FAR_AHEAD_MS, expiresAtMs: Date.now() - 1_000})),
    ],
  ],
  RECORD_EXPIRY_TOO_FAR: [
    ['a record that stays for ever', sealed(() => ({expiresAtMs: Date.now() + FAR_AHEAD_MS}))],
  ],
  RECORD_FROM_THE_FUTURE: [
    [
      'a seq that nobody could outrank',
      sealed(() => ({seq: Date.now() + FAR_AHEAD_MS, expiresAtMs: Date.now() + 1_000})),
    ],
  ],
};
